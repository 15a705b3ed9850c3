-- What "and" and "or" give, whatever the variable had.
local door, x = {}, true
x = door.lock and door.lock.open
print(x)
local function no() return false end
local up = nil
for _, f in ipairs{
  function() local x = true x = no() and true return x end,
  function() local x = true x = up and 1 return x end,
  function() local x = true x = not x and 1 return x end,
  function() local x = true x = door:get() and 1 return x end,
  function() local x = 1 x = nil and x return x end,
  function() local x = 1 x = false and x return x end,
  function() local x = 1 x = x and nil return x end,
  function() local x = 1 x = (door.a or door.b) and x return x end,
  function() local x = 1 x = (1 == 2) and x return x end,
  function() local x = 1 x = x == 2 and "two" or x == 1 and "one" or "many" return x end,
  function() local x = 1 x = not (x and door.y) return x end,
  function() local x = 1 x = x and (door.y or 3) return x end,
  function() local x = 1 x = (x or 2) and (door.y and 3 or false) return x end,
  function() local x, y = 1 x, y = door.z and 1, no() or nil return x, y end,
  function() local t = { a = 1 } t.a = door.z and 1 return t.a end,
  function() local x = 1 x = 0 and x return x end,
  function() local x = 1 x = "" and nil or x return x end,
  function() local x = 5 x = x > 3 and x < 4 return x end,
  function() local x = 5 x = no() or no() return x end,
  function(x) x = door.q and 1 return x end,
  function() return (door.q and 1), (door.q or nil), not door.q and not no() end,
} do
  function door.get() return nil end
  print(f())
end
local hit, hits = nil, 0
for _, thing in ipairs{ { solid = { on = true } }, {}, {} } do
  hit = thing.solid and thing.solid.on
  if hit then hits = hits + 1 end
end
print(hits)
