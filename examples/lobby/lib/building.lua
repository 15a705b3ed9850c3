-- What the lobby is built of. These functions give descriptions of entities for
-- place.scene; the same tables would do for place.spawn.

local shapes = require "shapes"

local building = {}

local HEIGHT, THICK = 2.8, 0.1 -- of the walls
local DOOR = { 0.9, 2.1, 0.05 }

-- The quiet room is the far right corner of the hall, between these walls.
building.quiet = { left = 1.5, right = 5, far = -6, near = -2.5 }

-- wall runs along x or along z, from one point on the floor to another; above is how far
-- off the floor it begins.
local function wall(x1, z1, x2, z2, above)
  above = above or 0
  local size = { math.abs(x2 - x1) + THICK, HEIGHT - above, math.abs(z2 - z1) + THICK }
  return {
    transform = { at = { (x1 + x2) / 2, above + size[2] / 2, (z1 + z2) / 2 } },
    geometry = shapes.box(size),
    collider = shapes.collider(size),
    material = shapes.paint(0.85, 0.83, 0.78),
  }
end

function building.walls()
  local quiet = building.quiet
  return {
    floor = {
      transform = { at = { 0, -0.05, -1.5 } },
      geometry = shapes.box{ 10, 0.1, 9 },
      collider = shapes.collider{ 10, 0.1, 9 },
      material = shapes.paint(0.45, 0.38, 0.3),
    },
    wall_left = wall(-5, -6, -5, 3),
    wall_right = wall(5, -6, 5, 3),
    -- The far wall has the front door in it, the near wall of the quiet room the quiet one.
    wall_far_left = wall(-5, -6, -0.6, -6),
    wall_far_right = wall(0.5, -6, 5, -6),
    wall_far_above = wall(-0.5, -6, 0.4, -6, 2.15),
    quiet_left = wall(quiet.left, quiet.far, quiet.left, quiet.near),
    quiet_near_left = wall(quiet.left, quiet.near, 2.65, quiet.near),
    quiet_near_right = wall(3.75, quiet.near, quiet.right, quiet.near),
    quiet_near_above = wall(2.75, quiet.near, 3.65, quiet.near, 2.15),
  }
end

-- door stands at its hinge, on the left: what turns an entity turns it about that.
function building.door(o)
  local middle = { DOOR[1] / 2, DOOR[2] / 2, 0 }
  return {
    transform = { at = o.at },
    geometry = shapes.box(DOOR, middle),
    collider = shapes.collider(DOOR, middle),
    material = shapes.paint(0.35, 0.5, 0.4),
    door = { stays = o.stays }, -- nil means the component's default
  }
end

-- lamp hangs from a cord. The cord is an entity of its own, below the lamp's, as an
-- entity has one geometry.
function building.lamp(o)
  return {
    transform = { at = o.at },
    geometry = shapes.box{ 0.4, 0.2, 0.4 },
    lamp = { color = o.color }, -- the component paints the material
    children = {
      cord = {
        transform = { at = { 0, 0.2, 0 } },
        geometry = shapes.box{ 0.02, 0.2, 0.02 },
        material = shapes.paint(0.1, 0.1, 0.1),
      },
    },
  }
end

function building.switch(o)
  local size = { 0.12, 0.18, 0.04 }
  return {
    transform = { at = o.at },
    geometry = shapes.box(size),
    collider = shapes.collider(size),
    material = shapes.paint(0.95, 0.95, 0.95),
    switch = { lamps = o.lamps },
  }
end

return building
