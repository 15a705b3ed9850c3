local a, b a = coroutine.create(function() coroutine.resume(b) end) b = coroutine.create(function() print(coroutine.resume(a)) while true do coroutine.resume(a) end end) coroutine.resume(a)
