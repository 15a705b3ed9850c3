-- A door, which opens and shuts when it is poked.

return {
  -- What a door has that is declared as door = {}.
  defaults = { open = false, angle = 1.6, seconds = 0.6 },

  -- Asked before anybody changes one, scripts and agents alike.
  validate = function(door)
    return type(door.open) == "boolean", "open must be true or false"
  end,

  -- Visors turn what is animated by themselves, smoothly. Try another easing, and save:
  -- "linear", "elasticOut", "bounceOut", …
  changed = function(entity, door, old)
    if door.open ~= old.open then
      entity:animate{
        path = "transform.matrix.rotation.y",
        from = old.open and door.angle or 0,
        to = door.open and door.angle or 0,
        duration = door.seconds,
        easing = "quadInOut",
      }
    end
  end,

  -- Any other name is a verb. Visors send ["poke", true] when something is clicked, and
  -- ["poke", false] when the finger goes up again.
  poke = function(entity, request)
    if request.args[1] then
      entity.door.open = not entity.door.open
    end
    return "ok"
  end,
}
