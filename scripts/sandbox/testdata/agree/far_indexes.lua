-- Indexes far beyond a list's end, with and without metatables.
local t = {}
t[70000] = "far"
print(t[70000], t[69999], t[70001])
t[70001] = "next" t[1] = "first" t[69999] = "before"
print(t[1], t[2], t[69999], t[70000], t[70001])
t[70000] = nil
print(t[70000], t[70001])
local n = 0
for k, v in pairs(t) do n = n + k end
print(n)

local kept = {}
local p = setmetatable({}, {__newindex = function(_, k, v) kept[#kept + 1] = k .. "=" .. tostring(v) end})
p[70000] = 1 p[1] = 2 p[0] = 3 p[-1] = 4 p[0.5] = 5
print(table.concat(kept, " "), rawget(p, 70000), next(p))

local behind = {}
local q = setmetatable({}, {__newindex = behind})
q[70000] = 1 q[1] = 2
print(next(q), behind[70000], behind[1])

local r = setmetatable({1, 2, 3}, {__newindex = function(t, k, v) rawset(t, k, v * 10) end})
r[2] = 20 r[4] = 4 r[200] = 5
print(r[2], r[4], r[200])
r[2] = nil
r[2] = 6
print(r[2], r[3])

local u = {1, 2, 3}
u[2] = nil u[2] = "back" u[4] = 4
print(#u, u[2], unpack(u))
u[0] = "zero" u[1.5] = "half" u[2^53] = "large" u[-1] = "minus"
print(u[0], u[1.5], u[2^53], u[-1], #u)
print(pcall(function() u[nil] = 1 end))
print(pcall(function() u[0/0] = 1 end))
print(select("#", unpack({}, 1, 300)), select("#", unpack({n = 1}, -3, 2)))
print(select("#", ("x"):rep(500):byte(1, -1)), ("abc"):byte(2, 1), ("abc"):byte(-2, -1))
local co = coroutine.wrap(function(...) while true do coroutine.yield(...) end end)
print(select("#", co(unpack({}, 1, 200))), select("#", co()))
