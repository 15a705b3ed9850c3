while true do pcall(table.concat, {}, "", 1, 2^53) pcall(table.concat, {}, "", -2^53, 2^53) end
