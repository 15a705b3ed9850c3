pcall(error, "runtime error: fake", 1) while true do end
