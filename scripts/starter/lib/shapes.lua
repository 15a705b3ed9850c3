-- Shapes to look at and to poke. Their middle is where the entity stands, or at x, y from it.

local shapes = {}

-- All that is said of a shape is sent to everybody: tenths of millimetres will do.
local function short(v)
  return math.floor(v * 10000 + 0.5) / 10000
end

-- A box by its width, height and depth.
function shapes.box(width, height, depth, x, y)
  x, y = x or 0, y or 0
  local vertices, triangles = {}, {}
  for i = 0, 7 do
    vertices[i + 1] = {
      x + (i % 2 - 0.5) * width,
      y + (math.floor(i / 2) % 2 - 0.5) * height,
      (math.floor(i / 4) - 0.5) * depth,
    }
  end
  -- Vertices count from 0 in a triangle, counter-clockwise as seen from outside.
  for _, face in ipairs{
    { 4, 5, 7, 6 }, { 1, 0, 2, 3 }, { 5, 1, 3, 7 }, { 0, 4, 6, 2 }, { 6, 7, 3, 2 }, { 0, 1, 5, 4 },
  } do
    triangles[#triangles + 1] = { face[1], face[2], face[3] }
    triangles[#triangles + 1] = { face[1], face[3], face[4] }
  end
  return { type = "inline", vertices = vertices, triangles = triangles }
end

-- What a turning outline leaves behind: rings of { radius, height }, from below.
function shapes.turned(rings, sides)
  local vertices, triangles = {}, {}
  for _, ring in ipairs(rings) do
    for i = 0, sides - 1 do
      local a = 2 * math.pi * i / sides
      vertices[#vertices + 1] = { short(ring[1] * math.cos(a)), short(ring[2]), short(-ring[1] * math.sin(a)) }
    end
  end
  for r = 0, #rings - 2 do
    for i = 0, sides - 1 do
      local a, b = r * sides + i, r * sides + (i + 1) % sides
      triangles[#triangles + 1] = { a, b, b + sides }
      triangles[#triangles + 1] = { a, b + sides, a + sides }
    end
  end
  return { type = "inline", vertices = vertices, triangles = triangles }
end

-- A round plate or post.
function shapes.round(radius, height)
  return shapes.turned({ { 0, -height / 2 }, { radius, -height / 2 }, { radius, height / 2 }, { 0, height / 2 } }, 36)
end

function shapes.ball(radius)
  local rings = {}
  for i = -5, 5 do
    local a = i * math.pi / 10
    rings[#rings + 1] = { radius * math.cos(a), radius * math.sin(a) }
  end
  local ball = shapes.turned(rings, 16)
  ball.normals = {} -- with these it looks smooth
  for i, v in ipairs(ball.vertices) do
    ball.normals[i] = { short(v[1] / radius), short(v[2] / radius), short(v[3] / radius) }
  end
  return ball
end

function shapes.collider(width, height, depth, x, y)
  return { type = "box", width = width, height = height, depth = depth, x = x or 0, y = y or 0, z = 0 }
end

function shapes.paint(red, green, blue)
  return { color = { red, green, blue, 1 }, roughness = 0.8, metalness = 0 }
end

return shapes
