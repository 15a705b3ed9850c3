-- Boxes to look at and to poke, by their width, height and depth. x and y are where the
-- middle is; without them it is where the entity stands.

local shapes = {}

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

function shapes.collider(width, height, depth, x, y)
  return { type = "box", width = width, height = height, depth = depth, x = x or 0, y = y or 0, z = 0 }
end

return shapes
