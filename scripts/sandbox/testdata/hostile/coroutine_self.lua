local c c = coroutine.wrap(function() while true do pcall(c) end end) c()
