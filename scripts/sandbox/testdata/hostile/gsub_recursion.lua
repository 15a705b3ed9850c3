local function f(c) return (("ab"):gsub(".", f)) end while true do pcall(string.gsub, "ab", ".", f) end
