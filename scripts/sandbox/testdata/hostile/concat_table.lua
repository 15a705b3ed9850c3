local t, s = {}, ("x"):rep(2^19) for i = 1, 5000 do t[i] = s end while true do pcall(table.concat, t, s) end
