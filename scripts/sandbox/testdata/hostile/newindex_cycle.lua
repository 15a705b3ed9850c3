local a = {} setmetatable(a, {__newindex = a}) while true do pcall(function() a.x = 1 end) end
