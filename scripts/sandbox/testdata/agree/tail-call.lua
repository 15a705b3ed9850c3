-- The last argument of a tail call arrives, and a missing one is nil, also where the function that
-- is called needs no register but for its parameters.
local function last(a, b) return b end
local function default(a, b) b = b or 1 return b end
local function both(a, b) a = a or 0 b = b or 1 return b end
local function third(a, b, c) return c end
local function rest(a, ...) return ... end
local function one(a) return a end
local function nothing() end
print((function() return last(1, 2) end)())
print((function() return last(1) end)())
print((function() return default(1) end)())
print((function() return default(1, false) end)())
print((function() return both(nil) end)())
print((function() return third(1, 2, 3) end)())
print((function() return third(1, 2, 3, 4) end)())
print((function() return rest(1, 2, 3) end)())
print((function() return one(7) end)())
print((function() return nothing(1, 2) end)())
print(pcall(function() return default(undefined) end))
local object = setmetatable({}, { __call = function(self, a) return a end })
print((function() return object(5) end)())
local t = { v = 3 }
function t:get(a) return a end
print((function() return t:get("method") end)())
local function down(n, last) if n == 0 then return last end return down(n - 1, last) end
print((function() return down(100, "end") end)())
local co = coroutine.wrap(function(a, b) return last(a, b) end)
print(co("x", "y"))
