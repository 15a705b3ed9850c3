-- A lamp: lit or not, in a colour. What people see of it is its material.

-- The protocol has no light that shines on other things; a lamp that is lit is bright, and
-- one that is not is grey.
local function paint(entity, lamp)
  local c = lamp.lit and lamp.color or { 0.25, 0.25, 0.25 }
  entity.material = { color = { c[1], c[2], c[3], 1 }, roughness = 1, metalness = 0 }
end

local function is_color(c)
  if type(c) ~= "table" or #c ~= 3 then
    return false
  end
  for _, v in ipairs(c) do
    if type(v) ~= "number" or not (v >= 0 and v <= 1) then
      return false
    end
  end
  return true
end

return {
  defaults = { lit = true, color = { 1, 0.9, 0.6 } },

  validate = function(lamp)
    if type(lamp.lit) ~= "boolean" then
      return false, "lit must be true or false"
    elseif not is_color(lamp.color) then
      return false, "color must be three numbers from 0 to 1"
    end
    return true
  end,

  added = paint,
  changed = paint,
}
