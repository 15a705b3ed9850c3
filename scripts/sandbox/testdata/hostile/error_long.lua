local s = ("x\n"):rep(2^19) while true do pcall(error, s) pcall(error, s, 2) pcall(assert, false, s) end
