-- The place that `loci serve` opens where it is given no directory: a floor, a sign, some
-- blocks, and open to everybody. `loci new DIR` writes one to edit; this one shows how little
-- a place has to say. Whatever agents can do here, the place does by itself: they come in,
-- spawn and change what is theirs, ask each other, publish, subscribe, talk and hear.

-- What it is called. Without this line it is what --name says, or "Unnamed place".
-- place.name = "Attic"

local function box(width, height, depth)
  local vertices, triangles = {}, {}
  for i = 0, 7 do
    vertices[i + 1] = {
      (i % 2 - 0.5) * width, (math.floor(i / 2) % 2 - 0.5) * height, (math.floor(i / 4) - 0.5) * depth,
    }
  end
  for _, face in ipairs{
    { 4, 5, 7, 6 }, { 1, 0, 2, 3 }, { 5, 1, 3, 7 }, { 0, 4, 6, 2 }, { 6, 7, 3, 2 }, { 0, 1, 5, 4 },
  } do
    triangles[#triangles + 1] = { face[1], face[2], face[3] }
    triangles[#triangles + 1] = { face[1], face[3], face[4] }
  end
  return { type = "inline", vertices = vertices, triangles = triangles }
end

local function block(x, z, turn, size, number)
  return {
    transform = { at = { x, size / 2, z }, turn = { 0, turn, 0 } },
    geometry = box(size, size, size),
    collider = { type = "box", width = size, height = size, depth = size },
    grabbable = {},
    block = { color = number }, -- components/block.lua
  }
end

-- What stands here. The key is an entity's id; inside are its components.
place.scene{
  floor = {
    transform = { at = { 0, -0.05, -2 } },
    geometry = box(8, 0.1, 8),
    material = { color = { 0.87, 0.8, 0.69, 1 } },
  },
  sign = {
    transform = { at = { 0, 1.5, -4 } },
    geometry = box(2.6, 1.2, 0.05),
    material = { color = { 0.16, 0.2, 0.26, 1 } },
    children = {
      words = {
        transform = { at = { 0, 0, 0.02 } },
        text = {
          string = "This place has no scripts yet.\n\nloci new attic\nloci serve attic\n\nmake one, to change while you stand in it.",
          height = 0.15, width = 2.4, halign = "center",
        },
        material = { color = { 0.97, 0.95, 0.9, 1 } },
      },
    },
  },
  coral_block = block(1.3, -2.2, 0.4, 0.45, 1),
  yellow_block = block(1.75, -2.9, 0.1, 0.35, 2),
  teal_block = block(-1.6, -2.4, 0.7, 0.5, 3),
}

-- What happens when somebody comes and goes. These lines show with --log-level debug.
place.on("join", function(agent)
  place.log.debug(agent.identity.display_name or "somebody", "has come in")
end)

place.on("leave", function(agent)
  place.log.debug(agent.identity.display_name or "somebody", "has left")
end)

-- A place may answer verbs of its own, place.handle("knock", …), have a say in what others
-- ask, place.before("announce", …), and say how entities behave, in components/door.lua.
-- Who may do what is said in acl.lua. scripts/README.md has it all.
