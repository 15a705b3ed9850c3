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
    material = shapes.paint(0.94, 0.91, 0.85),
  }
end

function building.walls()
  local quiet = building.quiet
  return {
    floor = {
      transform = { at = { 0, -0.05, -1.5 } },
      geometry = shapes.box{ 10, 0.1, 9 },
      collider = shapes.collider{ 10, 0.1, 9 },
      material = shapes.paint(0.72, 0.56, 0.4),
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

-- plant is a pot with leaves, which stands somewhere on the floor.
local function plant(x, z)
  local function leaf(turn, lean)
    return {
      transform = { at = { 0, 0.35, 0 }, turn = { lean, turn, 0 } },
      geometry = shapes.box({ 0.14, 0.8, 0.02 }, { 0, 0.4, 0 }),
      material = shapes.paint(0.25, 0.52, 0.3),
    }
  end
  return {
    transform = { at = { x, 0, z } },
    geometry = shapes.box({ 0.4, 0.4, 0.4 }, { 0, 0.2, 0 }),
    material = shapes.paint(0.8, 0.45, 0.32),
    children = { a = leaf(0, 0.25), b = leaf(1.6, 0.35), c = leaf(3.1, 0.3), d = leaf(4.6, 0.2), e = leaf(0.8, 0.05) },
  }
end

-- bench is a seat along the left wall.
local function bench(z)
  return {
    transform = { at = { -4.6, 0.42, z } },
    geometry = shapes.box{ 0.5, 0.08, 2 },
    material = shapes.paint(0.5, 0.34, 0.22),
    children = {
      far = { geometry = shapes.box({ 0.4, 0.38, 0.1 }, { 0, -0.23, -0.8 }), material = shapes.paint(0.3, 0.22, 0.16) },
      near = { geometry = shapes.box({ 0.4, 0.38, 0.1 }, { 0, -0.23, 0.8 }), material = shapes.paint(0.3, 0.22, 0.16) },
    },
  }
end

function building.furniture()
  return {
    rug = {
      transform = { at = { -1.4, 0.005, -2 } },
      geometry = shapes.box{ 3.6, 0.01, 2.6 },
      material = shapes.paint(0.76, 0.36, 0.3),
    },
    bench = bench(0.8),
    plant_left = plant(-4.4, -5.4),
    plant_right = plant(4.4, 2.4),
    -- Something to hand to each other.
    parcel = {
      transform = { at = { -1.4, 0.16, -2 } },
      geometry = shapes.box{ 0.3, 0.3, 0.3 },
      collider = shapes.collider{ 0.3, 0.3, 0.3 },
      material = shapes.paint(0.95, 0.73, 0.25),
      grabbable = {},
    },
  }
end

-- door stands at its hinge, on the left: what turns an entity turns it about that.
function building.door(o)
  local middle = { DOOR[1] / 2, DOOR[2] / 2, 0 }
  return {
    transform = { at = o.at },
    geometry = shapes.box(DOOR, middle),
    collider = shapes.collider(DOOR, middle),
    material = shapes.paint(0.16, 0.45, 0.47),
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
