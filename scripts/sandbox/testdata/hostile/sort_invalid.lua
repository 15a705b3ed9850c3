local t = {} for i = 1, 1000 do t[i] = i end while true do pcall(table.sort, t, function() return true end) pcall(table.sort, {1, "a", {}}) end
