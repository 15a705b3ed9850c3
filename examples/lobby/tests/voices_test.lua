-- Who hears which speaker goes by where the heads are; ["where"] tells the same as place.hears.

local t = require "loci.test"

local function where(agent) return agent:request("place", { "where" })[3] end

t.describe("the quiet room", function()
  t.it("is where the walls are", function(place)
    local ann = place:join{ display_name = "ann" }
    t.equal("hall", where(ann))
    for _, spot in ipairs{
      { 3, -4, "quiet room" }, { 1.2, -4, "hall" }, { 1.8, -5.5, "quiet room" }, { 3, -6.5, "hall" }, { 4.7, -2.9, "quiet room" },
    } do
      ann.avatar:move(spot[1], 0, spot[2])
      place:advance(0.5)
      t.equal(spot[3], where(ann), spot[1] .. ", " .. spot[2])
    end
  end)

  t.it("begins and ends a bit past its wall, so that voices do not flicker", function(place)
    local ann = place:join{ display_name = "ann" }
    for _, step in ipairs{
      { -2.4, "hall" }, { -2.6, "hall" }, { -2.75, "quiet room" },
      { -2.6, "quiet room" }, { -2.4, "quiet room" }, { -2.2, "hall" },
    } do
      ann.avatar:move(3.2, 0, step[1])
      place:advance(0.5)
      t.equal(step[2], where(ann), "at z = " .. step[1])
    end
  end)

  t.it("goes by the head", function(place)
    local ann = place:join({ display_name = "ann" }, { avatar = {
      children = { { transform = { at = { 0, 1.7, -0.5 } }, intent = { actuate_pose = "head" } } },
    } })
    ann.avatar:move(3.2, 0, -2.4) -- leans in
    place:advance(0.5)
    t.equal("quiet room", where(ann))
  end)

  t.it("does not mind who has thrown its avatar away", function(place)
    local ann, bob = place:join{ display_name = "ann" }, place:join{ display_name = "bob" }
    ann:request("place", { "remove_entity", ann.avatar.id })
    bob.avatar:move(3, 0, -4)
    place:advance(0.5)
    t.equal("quiet room", where(bob))
  end)

  t.it("keeps up with a crowd", function(place)
    local crowd = {}
    for i = 1, 60 do
      crowd[i] = place:join{ display_name = "guest " .. i }
    end
    place:advance(0.5)
    crowd[1]:leave()
    crowd[60].avatar:move(3, 0, -4)
    place:advance(0.5)
    t.equal("quiet room", where(crowd[60]))
    t.equal("hall", where(crowd[59]))
  end)
end)
