local m = {} for _, k in pairs({"index", "newindex", "len", "tostring", "eq", "lt", "le", "concat", "call", "unm", "add"}) do m["__" .. k] = error end
local values = {0, -1, 2^31, 2^53, 2^63, 0/0, 1/0, -1/0, 1.5, "", "x", ("x"):rep(1000), "%", "(", {}, {1, 2, 3}, true, false, print, function() end, coroutine.create(function() end), setmetatable({}, m)}
local try, random, n, all = pcall, math.random, #values, {}
for _, library in pairs({_G, string, table, math, coroutine, os}) do for name, f in pairs(library) do if type(f) == "function" and name ~= "print" then all[#all + 1] = f end end end
while true do for _, f in pairs(all) do try(f) try(f, values[random(n)]) try(f, values[random(n)], values[random(n)]) try(f, values[random(n)], values[random(n)], values[random(n)]) try(f, nil, values[random(n)]) end end
