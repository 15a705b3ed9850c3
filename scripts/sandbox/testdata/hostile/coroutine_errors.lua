local c = coroutine.wrap(function() error("x") end) while true do pcall(c) end
