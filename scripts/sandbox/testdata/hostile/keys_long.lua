local t, s, i = {}, ("x"):rep(2^19), 0 while true do i = i + 1 t[s .. i] = 1 t[s .. i] = nil end
