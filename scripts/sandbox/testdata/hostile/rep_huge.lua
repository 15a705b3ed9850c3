local ok, e = pcall(string.rep, "x", 1e9) assert(not ok) pcall(string.rep, "xx", 2^62) pcall(string.rep, "", 2^62) while true do local s = ("x"):rep(2^20) end
