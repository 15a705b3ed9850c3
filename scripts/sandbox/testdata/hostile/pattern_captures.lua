while true do pcall(string.find, "x", ("("):rep(2^20)) pcall(string.find, "x", ("()"):rep(2^19)) end
