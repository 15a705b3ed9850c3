-- A switch: turns lamps on and off. It names them by their ids, and has no state of its
-- own: whether a lamp is lit stands in the lamp and nowhere else.

-- lamps gives those that are there. What a component says of other entities may always be
-- out of date.
local function lamps(switch)
  local list = {}
  for _, id in ipairs(switch.lamps) do
    local entity = place.entity(id)
    if entity and entity.lamp then
      list[#list + 1] = entity
    end
  end
  return list
end

return {
  validate = function(switch)
    if type(switch.lamps) ~= "table" or #switch.lamps < 1 or #switch.lamps > 16 then
      return false, "lamps must be a list of 1 to 16 ids"
    end
    for _, id in ipairs(switch.lamps) do
      if type(id) ~= "string" then
        return false, "lamps must be a list of ids, and an id is text"
      end
    end
    return true
  end,

  -- The answer says what has become of the lamps: ["poke", "ok", true].
  poke = function(entity, request)
    local list = lamps(entity.switch)
    if #list == 0 then
      return nil, "there is no lamp on this switch" -- ["poke", "failed", "there is …"]
    end
    local lit = list[1].lamp.lit
    if request.args[1] == true then
      lit = not lit
      for _, entity in ipairs(list) do
        entity.lamp.lit = lit
      end
    end
    return "ok", lit
  end,
}
