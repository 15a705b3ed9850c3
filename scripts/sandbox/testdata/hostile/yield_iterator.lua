local c = coroutine.create(function() for x in coroutine.yield do end end) for i = 1, 10 do coroutine.resume(c, 1) end while true do end
