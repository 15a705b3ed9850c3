local e = {} local function f(...) return arg, f(unpack(e, 1, 8000)) end while true do pcall(f) end
