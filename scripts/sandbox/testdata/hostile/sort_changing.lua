local t = {} for i = 1, 100 do t[i] = i end while true do pcall(table.sort, t, function(a, b) t[#t + 1] = 1 t[1] = nil return a < b end) end
