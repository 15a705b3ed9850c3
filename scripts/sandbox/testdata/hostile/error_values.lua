for _, x in pairs({false, true, 0/0, print, coroutine.create(function() end), {}, ""}) do assert(not pcall(error, x)) assert(not pcall(coroutine.wrap(function() error(x) end))) end while true do end
