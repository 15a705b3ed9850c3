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
    transform = { at = { 0, -0.06, -2 } },
    geometry = shapes.round(4.5, 0.12),
    material = shapes.paint(0.87, 0.8, 0.69),
    children = {
      rug = { transform = { at = { 0, 0.06, 0.5 } }, geometry = shapes.round(1.5, 0.02), material = shapes.paint(0.76, 0.4, 0.3) },
    },
  },

  door = {
    transform = { at = { -0.5, 0, -4.5 } },
    geometry = shapes.box(1, 2.1, 0.06, 0.5, 1.05), -- beside its hinge, above the floor
    collider = shapes.collider(1, 2.1, 0.06, 0.5, 1.05), -- without one it cannot be poked
    material = shapes.paint(0.2, 0.5, 0.5),
    door = {}, -- components/door.lua
  },
  frame = {
    transform = { at = { 0, 0, -4.5 } },
    children = {
      left = { geometry = shapes.box(0.1, 2.2, 0.14, -0.56, 1.1), material = shapes.paint(0.42, 0.3, 0.22) },
      right = { geometry = shapes.box(0.1, 2.2, 0.14, 0.56, 1.1), material = shapes.paint(0.42, 0.3, 0.22) },
      top = { geometry = shapes.box(1.36, 0.1, 0.18, 0, 2.25), material = shapes.paint(0.42, 0.3, 0.22) },
    },
  },

  lamp = {
    transform = { at = { 2.2, 1.75, -3.6 } },
    geometry = shapes.ball(0.22),
    collider = shapes.collider(0.44, 0.44, 0.44),
    lamp = {}, -- components/lamp.lua
  },
  post = {
    transform = { at = { 2.2, 0.78, -3.6 } },
    geometry = shapes.round(0.035, 1.56),
    material = shapes.paint(0.2, 0.22, 0.26),
  },

  table = {
    transform = { at = { 1.9, 0.72, -1.6 } },
    geometry = shapes.round(0.55, 0.05),
    material = shapes.paint(0.55, 0.4, 0.28),
    children = {
      leg = { transform = { at = { 0, -0.36, 0 } }, geometry = shapes.round(0.06, 0.68), material = shapes.paint(0.42, 0.3, 0.22) },
    },
  },
  -- What is grabbable goes where it is carried.
  ball = {
    transform = { at = { 1.75, 0.865, -1.4 } },
    geometry = shapes.ball(0.12),
    collider = shapes.collider(0.24, 0.24, 0.24),
    material = shapes.paint(0.95, 0.45, 0.33),
    grabbable = {},
  },
  cube = {
    transform = { at = { 2.1, 0.855, -1.65 }, turn = { 0, 0.5, 0 } },
    geometry = shapes.box(0.22, 0.22, 0.22),
    collider = shapes.collider(0.22, 0.22, 0.22),
    material = shapes.paint(0.95, 0.73, 0.25),
    grabbable = {},
  },

  board = {
    transform = { at = { -2.3, 1.45, -4.1 }, turn = { 0, 0.5, 0 } },
    geometry = shapes.box(1.9, 1.1, 0.05),
    material = shapes.paint(0.16, 0.2, 0.26),
    children = {
      words = {
        transform = { at = { 0, 0, 0.02 } },
        text = {
          string = "Poke the door and the lamp,\ngrab the ball and the cube.\n\nThen open components/door.lua\nin an editor, change it, and save:\nthe door changes while you watch.",
          height = 0.135, width = 1.7, halign = "center",
        },
        material = shapes.paint(0.97, 0.95, 0.9),
      },
      leg = { geometry = shapes.box(0.08, 1, 0.05, 0, -0.95), material = shapes.paint(0.16, 0.2, 0.26) },
    },
  },
  sign = {
    transform = { at = { 0, 2.55, -4.5 } },
    text = { string = "Welcome!", height = 0.24, width = 4, halign = "center" },
    material = shapes.paint(0.16, 0.2, 0.26),
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
