-- What is written in the guest book. It is kept in place.store, which outlives a reload,
-- and a restart too where the place keeps its data on disk.

local guests = {
  KEPT = 50,    -- entries: older ones are forgotten
  LONGEST = 80, -- bytes of an entry
  PAUSE = 10,   -- seconds before the same agent may sign again
}

local KEY = "guests" -- in the store; the oldest entry first

-- signed tells when each agent that is here signed last. Unlike a local it survives a
-- reload, and unlike the store it does not survive a restart, which is just right for it:
-- it goes by the clock and the ids of this run of the place.
local function signed()
  place.state.signed = place.state.signed or {}
  return place.state.signed
end

place.on("leave", function(agent)
  signed()[agent.id] = nil
end)

-- newest returns the last entries, at most n, the newest first.
function guests.newest(n)
  local all, newest = place.store.get(KEY) or {}, {}
  for i = #all, math.max(1, #all - n + 1), -1 do
    newest[#newest + 1] = all[i]
  end
  return newest
end

-- sign adds an entry and gives it, or nil and why not.
function guests.sign(agent, words)
  if type(words) ~= "string" or not words:find("%S") then
    return nil, "please write something"
  end
  if #words > guests.LONGEST then
    -- Cutting it would be rude, and could cut a letter in half: # counts bytes.
    return nil, "please be brief: at most " .. guests.LONGEST .. " bytes"
  end
  local last = signed()[agent.id]
  if last and place.time() - last < guests.PAUSE then
    return nil, "you have just signed"
  end
  signed()[agent.id] = place.time()

  local entry = {
    name = agent.identity.display_name or "somebody",
    words = words:gsub("%s+", " "), -- one line each, please
    at = os.time(),
  }
  local all = place.store.get(KEY) or {}
  all[#all + 1] = entry
  while #all > guests.KEPT do
    table.remove(all, 1)
  end
  place.store.set(KEY, all)
  return entry
end

return guests
