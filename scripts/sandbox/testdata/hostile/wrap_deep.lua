local function f(n) if n > 0 then local ok, e = pcall(f, n - 1) return end coroutine.wrap(f)(40) end while true do pcall(f, 40) end
