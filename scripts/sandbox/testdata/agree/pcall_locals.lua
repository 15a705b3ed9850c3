-- Closures and functions that go on share locals after an error that was caught.
local greeting = "hello"
local function greet() return greeting end
print(pcall(error, "x"))
greeting = "welcome"
print(greet())
local n = 0
local function bump() n = n + 1 return n end
print(xpcall(function() error("x", 0) end, function(m) return m .. "!" end))
print(bump(), n)
for i = 1, 3 do
  local mine = i
  local function get() mine = mine + 10 return mine end
  print(pcall(function() local inner = i error({}) end))
  print(get(), mine, i)
end
local made
print(pcall(function()
  local inside = 1
  made = function() inside = inside + 1 return inside end
  made()
  local t = nil
  t.x = inside
end))
print(made(), made())
local co = coroutine.create(function()
  local c = 1
  local function up() c = c + 1 return c end
  pcall(error)
  up()
  coroutine.yield(c)
  pcall(function() local z = c error(z) end)
  made = up
  up()
  error(c, 0)
end)
print(coroutine.resume(co))
print(coroutine.resume(co))
print(made(), made())
local function deep(k)
  local l = k
  local function f() l = l + 1 return l end
  if k > 0 then print(pcall(deep, k - 1)) else error("bottom", 0) end
  f()
  return l, f()
end
print(deep(3))
local ok, e = pcall(function() return pcall(function() n = n + 5 error("in", 0) end) end)
print(ok, e, n, bump())
