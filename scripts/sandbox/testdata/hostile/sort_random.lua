local t = {} for i = 1, 500 do t[i] = i end while true do pcall(table.sort, t, function() return math.random() < 0.5 end) pcall(table.sort, t, function(a, b) return a <= b end) end
