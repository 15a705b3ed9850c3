while true do assert(not pcall(rawset, {}, 2^26 - 1, 1)) end
