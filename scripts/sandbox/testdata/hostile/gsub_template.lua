local s = ("x"):rep(2^19) while true do pcall(string.gsub, s, ".*", ("%0"):rep(1000)) end
