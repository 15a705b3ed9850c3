pairs, ipairs, next, type, tostring, setmetatable, string, table, math = nil place.on("tick", function() place.spawn{ a = {} } end)
