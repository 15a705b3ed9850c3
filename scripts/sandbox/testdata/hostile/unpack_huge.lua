while true do pcall(unpack, {}, 1, 2^53) pcall(unpack, {}, -2^53, 2^53) pcall(unpack, {}, 1, 1/0) pcall(unpack, {}, 0/0, 0/0) end
