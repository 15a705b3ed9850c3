local s = ("x"):rep(2^20) while true do pcall(string.byte, s, 1, -1) pcall(string.char, unpack({}, 1, 8000)) end
