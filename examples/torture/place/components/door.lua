return {
  defaults = { open = false, angle = 0 },
  validate = function(door) return type(door.open) == "boolean", "open must be true or false" end,
  tick = function(entity, door, dt)
    local goal = door.open and 1.5 or 0
    if door.angle ~= goal then door.angle = goal end
  end,
  changed = function(entity, door) place.state.doors = (place.state.doors or 0) + 1 end,
  poke = function(entity, request)
    entity.door.open = not entity.door.open
    return "ok"
  end,
}
