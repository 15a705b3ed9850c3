local c = coroutine.create(function() table.sort({1, 2, 3}, coroutine.yield) end) for i = 1, 10 do coroutine.resume(c, 1) end while true do end
