-- A door: opens and shuts when poked, and shuts by itself after a while.
--
-- Everybody may read the component, and its owner may set it: a program that changes
-- front_door.door.open opens the door like a poke does.

local SECONDS = 0.6 -- that it takes to swing

-- What is kept in a local belongs to this load of the scripts and is gone with it, like the
-- timers and the ids in here: after a reload, added runs again for all doors.
local closing = {}  -- the timer that will shut a door, by the door's id
local swinging = {} -- the animation that turns it

-- angle is how far a door is turned at the moment, from the matrix of its transform
-- (16 numbers, column by column).
local function angle(entity)
  local matrix = entity.transform.matrix
  return math.atan2(matrix[9], matrix[1])
end

-- swing turns a door to where it belongs, from wherever it is: somebody may have poked it
-- on its way.
local function swing(entity, door)
  if not (entity.transform and entity.transform.matrix) then
    return -- somebody has made a door that stands nowhere
  end
  local from, to = angle(entity), door.open and door.swing or 0
  if math.abs(to - from) < 0.01 then
    return -- is there; so it is after most reloads
  end
  if swinging[entity.id] then
    entity:stop(swinging[entity.id])
  end
  -- Visors animate by themselves what they are told of so, between the states that the
  -- place sends.
  swinging[entity.id] = entity:animate{
    path = "transform.matrix.rotation.y", from = from, to = to, duration = SECONDS, easing = "quadInOut",
  }
end

local function forget(entity)
  if closing[entity.id] then
    closing[entity.id]:cancel()
    closing[entity.id] = nil
  end
end

local function shut_later(entity, door)
  forget(entity)
  if door.open and door.stays > 0 then
    closing[entity.id] = place.after(door.stays, function()
      closing[entity.id] = nil
      entity.door.open = false
    end)
  end
end

local function follow(entity, door)
  swing(entity, door)
  shut_later(entity, door)
end

local function is_number(v, least, most)
  return type(v) == "number" and v >= least and v <= most
end

return {
  defaults = {
    open = false,
    swing = 1.6, -- how far it opens, in radians
    stays = 5,   -- seconds until it shuts by itself; 0 is never
  },

  -- Asked before anybody's change is made, an agent's or a script's.
  validate = function(door)
    if type(door.open) ~= "boolean" then
      return false, "open must be true or false"
    elseif not is_number(door.swing, -3, 3) then
      return false, "swing must be an angle from -3 to 3"
    elseif not is_number(door.stays, 0, 3600) then
      return false, "stays must be seconds, from 0 to 3600"
    end
    return true
  end,

  added = follow,
  changed = follow,

  removed = function(entity)
    forget(entity)
    swinging[entity.id] = nil
  end,

  -- Any other name is a verb that the entity answers. Visors send ["poke", true] when a
  -- finger or a ray comes down on something, and ["poke", false] when it goes up again.
  poke = function(entity, request)
    if request.args[1] == true then
      entity.door.open = not entity.door.open
    end
    return "ok"
  end,
}
