-- Components for those who look: boxes, their colliders, and paint. What a module returns
-- is what require gives; it is loaded once for each load of the place.

local shapes = {}

-- The six faces of a box: which way each looks, and which ways its texture runs. Seen from
-- outside, u goes right and v up, so that its corners come counter-clockwise: that is how
-- visors tell a face's front from its back.
local faces = {
  { n = { 1, 0, 0 },  u = { 0, 0, -1 }, v = { 0, 1, 0 } },
  { n = { -1, 0, 0 }, u = { 0, 0, 1 },  v = { 0, 1, 0 } },
  { n = { 0, 1, 0 },  u = { 1, 0, 0 },  v = { 0, 0, -1 } },
  { n = { 0, -1, 0 }, u = { 1, 0, 0 },  v = { 0, 0, 1 } },
  { n = { 0, 0, 1 },  u = { 1, 0, 0 },  v = { 0, 1, 0 } },
  { n = { 0, 0, -1 }, u = { -1, 0, 0 }, v = { 0, 1, 0 } },
}

local corners = { { -1, -1 }, { 1, -1 }, { -1, 1 }, { 1, 1 } }

-- box returns the geometry of a box of a size, { width, height, depth }, around a middle,
-- which is the entity's own unless said otherwise. The vertices stand in the component
-- itself, "inline"; larger models are better off as an asset. Every face has corners of
-- its own, or its edges would be shaded round.
function shapes.box(size, middle)
  middle = middle or { 0, 0, 0 }
  local vertices, normals, uvs, triangles = {}, {}, {}, {}
  for _, face in ipairs(faces) do
    local first = #vertices -- triangles count vertices from 0
    for _, corner in ipairs(corners) do
      local vertex = {}
      for i = 1, 3 do
        local side = face.n[i] + corner[1] * face.u[i] + corner[2] * face.v[i]
        vertex[i] = middle[i] + side * size[i] / 2
      end
      vertices[#vertices + 1] = vertex
      normals[#normals + 1] = face.n
      uvs[#uvs + 1] = { (corner[1] + 1) / 2, (corner[2] + 1) / 2 }
    end
    triangles[#triangles + 1] = { first, first + 1, first + 3 }
    triangles[#triangles + 1] = { first, first + 3, first + 2 }
  end
  return { type = "inline", vertices = vertices, normals = normals, uvs = uvs, triangles = triangles }
end

-- collider is where a ray from somebody's hand meets the entity: without one it can be
-- seen, but not poked.
function shapes.collider(size, middle)
  middle = middle or { 0, 0, 0 }
  return {
    type = "box", width = size[1], height = size[2], depth = size[3],
    x = middle[1], y = middle[2], z = middle[3],
  }
end

function shapes.paint(red, green, blue)
  return { color = { red, green, blue, 1 }, roughness = 1, metalness = 0 }
end

return shapes
