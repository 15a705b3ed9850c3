local s = ("a"):rep(2^20) while true do s:find(("a"):rep(2^19) .. "b", 1, true) end
