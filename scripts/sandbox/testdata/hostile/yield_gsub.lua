local c = coroutine.create(function() return ("abc"):gsub(".", coroutine.yield) end) for i = 1, 10 do coroutine.resume(c, "x") end while true do end
