-- What this place is called, what stands in it, and what happens when somebody comes.
--
-- Serve it with `loci serve`, and save this file: the place behaves differently at once, and
-- everybody stays. The reference is scripts/README.md in loci's repository.

local shapes = require "shapes" -- lib/shapes.lua

place.name = "My place"

-- What stands here. The key is the entity's id; inside are its components. Metres: x is
-- right, y is up, and -z is ahead of those who come in.
place.scene{
  floor = {
    transform = { at = { 0, -0.05, -2 } },
    geometry = shapes.box(6, 0.1, 6),
    material = { color = { 0.4, 0.4, 0.45, 1 } },
  },
  door = {
    transform = { at = { -0.5, 0, -4 } },
    geometry = shapes.box(1, 2.1, 0.06, 0.5, 1.05), -- beside its hinge, above the floor
    collider = shapes.collider(1, 2.1, 0.06, 0.5, 1.05), -- without one it cannot be poked
    material = { color = { 0.55, 0.35, 0.2, 1 } },
    door = {}, -- components/door.lua
  },
  lamp = {
    transform = { at = { 1.5, 2, -3 } },
    geometry = shapes.box(0.3, 0.3, 0.3),
    collider = shapes.collider(0.3, 0.3, 0.3),
    lamp = {}, -- components/lamp.lua
  },
  sign = {
    transform = { at = { 0, 2.4, -4 } },
    text = { string = "Poke the door and the lamp", height = 0.15, width = 4, halign = "center" },
  },
}

-- Greets everybody who comes in, and lights the lamp.
place.on("join", function(agent)
  local name = agent.identity.display_name or "somebody"
  place.log.info(name, "has come in")
  place.entity("lamp").lamp.lit = true

  -- What takes time is a task: it may wait while the place goes on.
  place.task(function()
    place.wait(1)
    if agent:here() then
      place.entity("sign").text.string = "Welcome, " .. name .. "!"
      place.entity("sign"):send(agent, { "greeting", "Welcome, " .. name .. "!" })
    end
  end)
end)

-- The last one turns off the light.
place.on("leave", function()
  if #place.agents() == 0 then
    place.entity("lamp").lamp.lit = false
  end
end)

-- A verb of this place's own: agents that ask it ["visitors"] are told
-- ["visitors", "ok", 3].
place.handle("visitors", function()
  return "ok", #place.agents()
end)
