while true do pcall(math.random, 0) pcall(math.random, 2, 1) pcall(math.random, -2^53, 2^53) pcall(math.random, 1/0) pcall(math.random, 0/0) pcall(math.ldexp, 1, 2^53) pcall(math.fmod, 1, 0) end
