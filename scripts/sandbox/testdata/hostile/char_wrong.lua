while true do for _, c in pairs({-1, 256, 2^53, 0/0, 1/0, 1.5, "x", "300"}) do pcall(string.char, c) pcall(string.format, "%c", c) end end
