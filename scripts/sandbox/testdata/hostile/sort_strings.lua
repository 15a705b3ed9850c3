local t = {} for i = 1, 20 do t[i] = ("x"):rep(2^20 - i) end while true do table.sort(t) end
