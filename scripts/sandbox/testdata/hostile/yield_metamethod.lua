local m = {} for _, e in pairs({"__index", "__newindex", "__add", "__concat", "__eq", "__lt", "__le", "__len", "__unm", "__call", "__tostring"}) do m[e] = coroutine.yield end
local a, b = setmetatable({}, m), setmetatable({}, m)
for _, f in pairs({function() return a.x end, function() a.x = 1 end, function() return a + b end, function() return a .. b end, function() return a == b end, function() return a < b end, function() return a <= b end, function() return #a end, function() return -a end, function() return a() end, function() return tostring(a) end, function() for x in a do end end}) do
  local c = coroutine.create(f) for i = 1, 5 do coroutine.resume(c) end
end
while true do end
