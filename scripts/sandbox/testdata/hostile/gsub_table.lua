local t = {} for i = 1, 99 do t = setmetatable({}, {__index = t}) end local s = ("ab"):rep(2^19) while true do s:gsub(".", t) end
