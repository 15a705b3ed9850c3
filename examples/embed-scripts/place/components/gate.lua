-- A bar across the way that swings up, and comes down again after a while.

local shapes = require "shapes"

local UP, STAYS = 1.5, 3 -- radians; seconds

local timers = {} -- by the gate's id

local function turn(entity, from, to)
  entity:animate{ path = "transform.matrix.rotation.z", from = from, to = to, duration = 0.5, easing = "sineInOut" }
end

local function come_down_later(entity)
  timers[entity.id] = place.after(STAYS, function() entity.gate.open = false end)
end

return {
  defaults = { open = false },

  validate = function(gate)
    return type(gate.open) == "boolean", "open must be true or false"
  end,

  added = function(entity, gate)
    entity.geometry = shapes.box({ 1.4, 0.1, 0.05 }, { 0.7, 1, 0 })
    entity.material = { color = { 0.8, 0.1, 0.1, 1 } }
    if gate.open then -- it was, when the scripts were reloaded
      come_down_later(entity)
    end
  end,

  changed = function(entity, gate, old)
    if gate.open == old.open then
      return
    end
    if gate.open then
      turn(entity, 0, UP)
      come_down_later(entity)
    else
      turn(entity, UP, 0)
    end
  end,

  removed = function(entity)
    if timers[entity.id] then
      timers[entity.id]:cancel()
    end
  end,
}
