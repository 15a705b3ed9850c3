local t = {} for i = 1, 100000 do t[i] = i end for i = 100000, 2, -1 do t[i] = nil end while true do local n = #t end
