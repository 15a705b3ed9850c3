-- The quiet room: what is said in it is heard in it alone, and what is said in the hall is
-- not heard in there.
--
-- place.hears is asked twice a second for every pair of agents that could hear each other:
-- with a hundred of them that is 20,000 times a second. So it must be quick, and looks up
-- only what has been found out beside it.

local quiet = require("building").quiet

local MARGIN = 0.2 -- metres
local AT_ONCE = 50 -- agents to look at in one heartbeat

local inside = {} -- agent id → whether it is in the quiet room

-- head is where an agent's voice comes from: its head, or else its avatar; nil if it has
-- removed that, as it may.
local function head(agent)
  local avatar = agent.avatar
  return avatar:exists() and (agent:part("head") or avatar) or nil
end

local function within(x, z, grown)
  return x > quiet.left - grown and x < quiet.right + grown and z > quiet.far - grown and z < quiet.near + grown
end

-- locate finds out where an agent is. Who is in must come out a bit farther than the wall
-- to be out, and the other way round: else a voice would flicker while its head sways in
-- the doorway.
local function locate(agent)
  local from = head(agent)
  if not from then
    inside[agent.id] = inside[agent.id] or false
    return
  end
  local world = from:world() -- 16 numbers, column by column; the last column is where it is
  local grown = 0
  if inside[agent.id] ~= nil then
    grown = inside[agent.id] and MARGIN or -MARGIN
  end
  inside[agent.id] = within(world[13], world[15], grown)
end

-- A few agents each heartbeat, round and round. All at once would do for a few hundred of
-- them; but a handler that runs more than 250,000 instructions is cut off, and rests.
local round, at = {}, 0

place.on("tick", function()
  for _ = 1, AT_ONCE do
    at = at + 1
    if at > #round then
      round, at = place.agents(), 0
      return
    end
    if round[at]:here() then -- it may have left since the round began
      locate(round[at])
    end
  end
end)

place.on("leave", function(agent)
  inside[agent.id] = nil
end)

local function is_inside(agent)
  if inside[agent.id] == nil then -- has just come, or we have just been reloaded
    locate(agent)
  end
  return inside[agent.id]
end

place.hears = function(listener, speaker)
  return is_inside(listener) == is_inside(speaker)
end

-- ["where"] → ["where", "ok", "hall"] or "quiet room": for those who do not see walls.
place.handle("where", function(request)
  return "ok", is_inside(request.agent) and "quiet room" or "hall"
end)
