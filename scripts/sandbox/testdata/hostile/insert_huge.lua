while true do pcall(table.insert, {}, 2^26, 1) pcall(table.insert, {}, -5, 1) pcall(table.insert, {}, 0/0, 1) pcall(table.remove, {}, 2^26) pcall(table.remove, {1}, -2^53) end
