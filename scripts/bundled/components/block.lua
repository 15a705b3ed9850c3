-- A block to play with: it changes its colour when it is poked, and can be carried.

local colors = { { 0.95, 0.45, 0.33, 1 }, { 0.95, 0.73, 0.25, 1 }, { 0.18, 0.65, 0.6, 1 }, { 0.42, 0.42, 0.85, 1 } }

local function paint(entity, block)
  entity.material = { color = colors[block.color], roughness = 0.8, metalness = 0 }
end

return {
  defaults = { color = 1 },
  validate = function(block)
    return colors[block.color] ~= nil, "color must be 1, 2, 3 or 4"
  end,
  added = paint,
  changed = paint,
  poke = function(entity, request)
    if request.args[1] then
      entity.block.color = entity.block.color % #colors + 1
    end
    return "ok"
  end,
}
