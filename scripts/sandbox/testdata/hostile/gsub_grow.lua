local s = ("x"):rep(2^20) while true do pcall(string.gsub, s, "x", ("y"):rep(1000)) end
