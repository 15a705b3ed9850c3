setmetatable(string, {__index = function(t, k) return t[k] end}) while true do local ok = pcall(function() return ("x").nothing end) end
