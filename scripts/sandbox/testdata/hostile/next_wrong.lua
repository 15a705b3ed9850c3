while true do pcall(next, {}, "nothing") pcall(next, {1}, 5) pcall(next, {}, 0) pcall(next, {x = 1}, 2^53) for k in pairs({1, 2, x = 3}) do end end
