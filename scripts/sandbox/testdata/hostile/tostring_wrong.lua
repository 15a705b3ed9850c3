local t = setmetatable({}, {__tostring = function() return {} end}) while true do pcall(tostring, t) pcall(print, t) pcall(string.format, "%s", t) pcall(error, t) end
