local n = 65535 while true do local t = {} t[n] = 1 t[2 * n] = 1 t[-n] = 1 t[n + 0.5] = 1 end
