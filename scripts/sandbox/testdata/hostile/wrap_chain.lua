local c = {} for i = 1, 40 do c[i] = coroutine.wrap(function() while true do if c[i + 1] then pcall(c[i + 1]) end coroutine.yield() end end) end while true do pcall(c[1]) end
