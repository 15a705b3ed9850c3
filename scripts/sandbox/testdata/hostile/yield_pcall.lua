for i = 1, 1000 do local c = coroutine.create(function() pcall(coroutine.yield) pcall(function() coroutine.yield() end) end) while coroutine.resume(c) do end end while true do end
