while true do pcall(tonumber, "10", 99) pcall(tonumber, "10", -1) pcall(tonumber, "10", 1) pcall(tonumber, "0x") pcall(tonumber, ("9"):rep(2^20)) end
