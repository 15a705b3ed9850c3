local t = {} while true do for i = 1, 1000 do t[i] = function() return i end end end
