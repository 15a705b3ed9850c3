local e = {} local function f(...) for i = 1, select("#", ...) do local x = select(i, ...) end return ... end while true do f(unpack(e, 1, 8000)) end
