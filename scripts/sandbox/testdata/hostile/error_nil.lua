pcall(error) pcall(error, nil) pcall(error, nil, 2^53) pcall(error, "x", 2^53) pcall(error, "x", -2^53) while true do end
