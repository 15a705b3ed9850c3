local t = setmetatable({}, {__tostring = function() while true do end end}) pcall(error, t) while true do pcall(error, t) pcall(print, t) end
