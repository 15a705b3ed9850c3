local s = ("x"):rep(2^16) while true do pcall(print, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s) pcall(print, unpack({}, 1, 8000)) end
