while true do pcall(select, -2^53, 1) pcall(select, 2^53, 1) pcall(select, 0/0, 1) pcall(select, 1/0) pcall(select, -1/0, 1) end
