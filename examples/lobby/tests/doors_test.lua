-- Each test gets a lobby of its own, and its clock moves only when told: by advance, or
-- while a request waits for its answer. The place here is the test's; what it can do
-- beside what scripts know is join, advance, reload and expect_error.

local t = require "loci.test"

-- turned is how far an entity is turned about Y.
local function turned(entity)
  local matrix = entity.transform.matrix
  return math.atan2(matrix[9], matrix[1])
end

t.describe("a door", function()
  local ann, door

  t.before_each(function(place)
    ann = place:join{ display_name = "ann" }
    door = place:entity("front_door")
  end)

  t.it("opens when poked", function(place)
    t.same({ "poke", "ok" }, ann:request(door, { "poke", true }))
    t.same({ "poke", "ok" }, ann:request(door, { "poke", false })) -- the finger goes up again
    t.equal(true, door.door.open)
    place:advance(1)
    t.near(1.6, turned(door))
  end)

  t.it("shuts by itself", function(place)
    ann:request(door, { "poke", true })
    place:advance(4.5)
    t.equal(true, door.door.open)
    place:advance(2)
    t.equal(false, door.door.open)
    t.near(0, turned(door))
  end)

  t.it("shuts when poked again, from wherever it is", function(place)
    ann:request(door, { "poke", true })
    place:advance(0.3)
    local half = turned(door)
    ann:request(door, { "poke", true })
    place:advance(0.05)
    t.near(half, turned(door), 0.1)
    place:advance(1)
    t.near(0, turned(door))
  end)

  t.it("counts from the last time it was opened", function(place)
    for _ = 1, 3 do
      ann:request(door, { "poke", true })
      place:advance(1)
    end -- open, shut, open
    place:advance(3.5)
    t.equal(true, door.door.open)
    place:advance(1)
    t.equal(false, door.door.open)
  end)

  t.it("may stay open for good", function(place)
    local hatch = place:spawn{ transform = {}, door = { stays = 0 } }
    ann:request(hatch, { "poke", true })
    place:advance(60)
    t.equal(true, hatch.door.open)
  end)

  t.it("stays open across a reload, and shuts after it", function(place)
    ann:request(door, { "poke", true })
    place:advance(2)
    t.ok(place:reload())
    t.near(1.6, turned(door))
    place:advance(6)
    t.near(0, turned(door))
  end)

  t.it("is no door if it makes no sense", function(place)
    for _, nonsense in ipairs{ { open = 1 }, { swing = "wide" }, { swing = 7 }, { stays = -1 } } do
      local entity, why = ann:spawn{ door = nonsense }
      t.equal(nil, entity)
      t.contains("door: ", why)
      t.error(function() door.door = nonsense end, "must be")
    end
  end)

  t.it("can be made by anybody, and be gone while it is open", function(place)
    local own = ann:spawn{ door = { open = true, stays = 1 } } -- stands nowhere, so it turns nowhere
    local other = ann:spawn{ transform = {}, door = { open = true } }
    place:advance(2)
    t.equal(false, own.door.open)
    ann:leave()
    place:advance(10)
    t.equal(false, other:exists())
  end)
end)
