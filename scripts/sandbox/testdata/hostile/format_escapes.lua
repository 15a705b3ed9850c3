local s = ("%%"):rep(2^19) local q = ("\n"):rep(2^20) while true do pcall(string.format, s) pcall(string.format, "%q", q) pcall(string.format, "%", 1) pcall(string.format, "%5", 1) end
