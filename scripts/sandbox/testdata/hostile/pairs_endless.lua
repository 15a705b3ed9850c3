local t = {} for i = 1, 10 do t[i] = i end for k in pairs(t) do t[#t + 1] = k end while true do end
