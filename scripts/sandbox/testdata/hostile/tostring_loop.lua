local t = {} setmetatable(t, {__tostring = function(t) return tostring(t) end}) while true do pcall(tostring, t) pcall(print, t) end
