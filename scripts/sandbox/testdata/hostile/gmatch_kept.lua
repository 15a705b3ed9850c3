local f = ("a"):rep(2^20):gmatch("()") while true do pcall(f) pcall(f, {}, 1) end
