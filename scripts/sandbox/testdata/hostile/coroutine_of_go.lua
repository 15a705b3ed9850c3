while true do pcall(coroutine.wrap, print) pcall(coroutine.create, coroutine.yield) end
