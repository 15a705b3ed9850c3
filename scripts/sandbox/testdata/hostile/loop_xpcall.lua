local function f() while true do end end xpcall(f, f) while true do xpcall(f, f) end
