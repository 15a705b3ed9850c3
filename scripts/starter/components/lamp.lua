-- A lamp, which is lit or not. What people see of that is its material.

local function paint(entity, lamp)
  entity.material = { color = lamp.lit and lamp.color or { 0.45, 0.45, 0.48, 1 } }
end

return {
  defaults = { lit = false, color = { 1, 0.9, 0.6, 1 } },
  added = paint, -- also after a reload, for the lamps that are there already
  changed = paint,

  poke = function(entity, request)
    if request.args[1] then
      entity.lamp.lit = not entity.lamp.lit
    end
    return "ok"
  end,
}
