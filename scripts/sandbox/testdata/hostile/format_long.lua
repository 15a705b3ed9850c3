local s = ("x"):rep(2^19) while true do pcall(string.format, ("%s"):rep(1000), unpack({s, s, s, s, s}, 1, 1000)) end
