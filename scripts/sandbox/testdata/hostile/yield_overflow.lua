local e = {} local function inner() coroutine.yield(unpack(e, 1, 8000)) end local function deep(n, ...) if n > 0 then return (deep(n - 1, ...)) end pcall(coroutine.wrap(inner)) end
depth, size = depth or 7, size or 7000 while true do size = size + 125 if size > 8000 then size = 7000 end pcall(deep, depth, unpack(e, 1, size)) end
