local m = {} local t = setmetatable({}, m)
m.__add = function(a, b) return a .. b end m.__concat = function(a, b) return a < b end m.__lt = function(a, b) return a[b] end
m.__index = function(a, b) a[b] = 1 end m.__newindex = function(a, b, c) return a(b) end m.__call = function(a, b) return -a end
m.__unm = function(a) return #a end m.__len = function(a) return a + a end
while true do pcall(function() return t + t end) end
