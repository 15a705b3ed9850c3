-- A bar across the way that swings up, and comes down again after a while.

local shapes = require "shapes"

local UP = 1.5 -- radians

local function turn(entity, from, to)
  entity:animate{ path = "transform.matrix.rotation.z", from = from, to = to, duration = 0.5, easing = "sineInOut" }
end

return {
  defaults = { open = false, shut_at = 0 }, -- on the place's clock, in seconds

  validate = function(gate)
    if type(gate.open) ~= "boolean" or type(gate.shut_at) ~= "number" then
      return false, "open must be true or false, and shut_at a time"
    end
    return true
  end,

  added = function(entity)
    entity.geometry = shapes.box({ 1.4, 0.1, 0.05 }, { 0.7, 1, 0 })
    entity.material = { color = { 0.8, 0.1, 0.1, 1 } }
  end,

  changed = function(entity, gate, old)
    if gate.open and not old.open then
      turn(entity, 0, UP)
    elseif old.open and not gate.open then
      turn(entity, UP, 0)
    end
  end,

  -- Every heartbeat, so it does no more than look. What a timer would have to be told, and
  -- be told again after a reload, stands in the component.
  tick = function(entity, gate)
    if gate.open and place.time() >= gate.shut_at then
      gate.open = false
    end
  end,
}
