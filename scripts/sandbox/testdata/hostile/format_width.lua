while true do pcall(string.format, "%999999999d", 1) pcall(string.format, "%.999999999f", 1) pcall(string.format, "%*d", 1, 2) pcall(string.format, "%[1]*d", 1) end
