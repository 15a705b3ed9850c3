local t = {} for i = 1, 1000 do t = setmetatable({}, {__call = t}) end while true do pcall(t) pcall(pcall, t) pcall(coroutine.wrap, t) end
