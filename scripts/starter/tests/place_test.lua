-- Run by `loci test`. Each test gets a fresh place with these scripts, and a clock that
-- moves only when told.

local t = require "loci.test"

t.describe("the door", function()
  t.it("opens and shuts when poked", function(place)
    local ann = place:join{ display_name = "ann" }
    local door = place:entity("door")

    t.same({ "poke", "ok" }, ann:request(door, { "poke", true }))
    t.same({ "poke", "ok" }, ann:request(door, { "poke", false }))
    t.equal(true, door.door.open)

    place:advance(1) -- until it has swung
    t.near(math.cos(1.6), door.transform.matrix[1], 0.01)

    ann:request(door, { "poke", true })
    t.equal(false, door.door.open)
  end)

  t.it("is nothing but open or shut", function(place)
    t.error(function() place:entity("door").door.open = "ajar" end, "open must be true or false")
  end)
end)

t.describe("the lamp", function()
  t.it("is lit as long as somebody is here", function(place)
    local lamp = place:entity("lamp")
    t.equal(false, lamp.lamp.lit)
    local ann = place:join{ display_name = "ann" }
    t.equal(true, lamp.lamp.lit)
    t.same(lamp.lamp.color, lamp.material.color)
    ann:leave()
    t.equal(false, lamp.lamp.lit)
  end)
end)

t.describe("the place", function()
  t.it("greets who comes in, after a moment", function(place)
    local ann = place:join{ display_name = "ann" }
    place:advance(2)
    t.same({ "greeting", "Welcome, ann!" }, ann:heard("greeting")[1].body)
    t.equal("Welcome, ann!", place:entity("sign").text.string)
  end)

  t.it("counts visitors", function(place)
    place:join{ display_name = "ann" }
    local bob = place:join{ display_name = "bob" }
    t.same({ "visitors", "ok", 2 }, bob:request("place", { "visitors" }))
  end)

  t.it("does not let harry in", function(place)
    t.equal(nil, (place:join{ display_name = "harry" }))
  end)
end)
