-- Other forms of what differed once, in the order of the kinds.
-- swap-locals
do local a, b, c = 1, 2, 3 a, b, c = c, a, b print(a, b, c) end
do local t = {1, 2} local i = 1 i, t[i] = 2, "x" print(i, t[1], t[2]) end
do local function f(a, b) a, b = b, a return a, b end print(f(1, 2)) end
do local a, b = 1, 2 local function g() a, b = b, a return a, b end print(g()) print(g()) end
do local a, b = {}, 1 a.x, a = b, 5 print(a) end
do local a, b, c = 0, 1 a, b = b, a + b c = a print(a, b, c) end
do local a, b = 1, 2 for i = 1, 3 do a, b = b, a end print(a, b) end
do local a = {1, 2} a[1], a[2] = a[2], a[1] print(a[1], a[2]) end
do local a, b = 1 a, b = b, a print(a, b) end
do local x, y = 1, 2 x, y = (function() return y, x end)() print(x, y) end
do local p, q = "p", "q" p, q = q .. p, p .. q print(p, q) end
do local a, b = 1, 2 while true do a, b = b, a break end print(a, b) end
do local a, b = 1, 2 repeat a, b = b, a until a == 2 print(a, b) end
do local a, b, n = 48, 18, 0 while b ~= 0 do a, b, n = b, a % b, n + 1 end print(a, n) end
do local a, b = true, false a, b = not a, a and b print(a, b) end
-- and-keeps-old
do local x = "old" local o = {} x = o.admin and "yes" print(x) end
do local x = "old" local o = {admin = false} x = o.admin and "yes" print(x) x = o.admin and o.b or nil print(x) end
do local x = "old" local function f() end x = f() and 1 print(x) end
do local x = "old" local o = {m = function() return false end} x = o:m() and 1 print(x) end
do local x = "old" local y = 5 x = not y and 1 print(x) end
do local x = "old" x = undefined and undefined.y print(x) end
do local x = "old" local a, b = nil, 1 x = a and b print(x) x = "o" x = a or b print(x) x = (a and b) or (b and a) print(x) end
do local x = 7 local t = {} x = t[1] and t[1].x or x print(x) x = x and t[1] print(x) end
do local x = 1 local function f() local y = x y = y and nil return y end print(f()) end
do local up = false local function f() local x = "old" x = up and "in" return x end print(f()) end
do local t = {x = "old"} t.x = t.no and 1 print(t.x) end
do local x = "old" x = ("a"):find("b") and 1 print(x) end
do local x = "old" x = (1 > 2) and 1 print(x) x = "old" x = 1 > 2 and 1 or 1 < 2 and "two" print(x) end
do local function f(...) local x = "old" x = ... and 1 return x end print(f(nil), f(false), f(2)) end
do local x = "old" x = #"" == 1 and 1 print(x) x = "old" x = -0 == 1 and 1 print(x) end
do local a = "old" a = a and nil print(a) local b = "old" b = false or b print(b) end
do local x, y = "ox", "oy" x, y = undefined and 1, undefined and 2 print(x, y) end
-- pcall-locals
do local n = 0 local function inc() n = n + 1 end pcall(error, "x") inc() print(n) pcall(function() n = 10 error("y") end) inc() print(n) end
do local n = 0 local f = function() n = n + 1 return n end for i = 1, 3 do pcall(function() f() error{} end) end print(n, f()) end
do local n = 0 local co = coroutine.wrap(function() local m = 0 local g = function() m = m + 1 end pcall(error) g() coroutine.yield(m) pcall(error) g() coroutine.yield(m) end) print(co(), co()) end
do local function outer() local v = 1 local function get() return v end local function set(x) v = x end xpcall(function() set(2) error("e") end, function() set(get() + 10) end) v = v + 1 return get(), v end print(outer()) end
do local t = setmetatable({}, {__index = function(t, k) error("no " .. k, 0) end}) local c = 0 local function add() c = c + 1 end print(pcall(function() return t.foo end)) add() add() print(c) end
do local s = 0 for i = 1, 3 do local j = i local f = function() j = j + 1 return j end pcall(error, "z") f() s = s + j end print(s) end
-- for-next
do local t = {10, 20, x = 30} local n = 0 for k, v in next, t do n = n + v end print(n) for k, v in next, t, nil do n = n + v end print(n) for k in next, {} do print(k) end end
do local nx = next for k, v in nx, {5} do print(k, v) end local g = {next = next} for k, v in g.next, {6} do print(k, v) end for k, v in (next), ({7}) do print(k, v) end end
do local it = setmetatable({}, {__call = function(self, s, i) if i < 2 then return i + 1 end end}) for i in it, nil, 0 do print(i) end end
do local function iter() local i = 0 return function() i = i + 1 if i < 3 then return i end end end for i in iter() do print(i) end end
do for k, v in ipairs{1, 2, nil, 4} do print(k, v) end for _ in pairs{} do end end
do local function f(...) for i, v in ipairs{...} do print(i, v) end end f(4, 5) end
do for w, x in ("k=v, a=b"):gmatch("(%w+)=(%w+)") do print(w, x) end end
do print(pcall(function() for x in 5 do end end)) print(pcall(function() for x in nil do end end)) print(pcall(function() for k in pairs(nil) do end end)) print(pcall(function() for k in pairs() do end end)) print(pcall(function() for k in {} do end end)) end
-- if-false-loop
do for k in pairs{1} do if false then print("no") end if nil then print("no") else print("yes") end if true then print("t") end if not true then print("no") elseif 1 then print("one") end while false do end repeat until true if 1 == 2 then print("no") end end end
do for i = 1, 2 do if false then elseif nil then else print(i) end end for k in next, {1} do if false and k then print("no") end if k or false then print("k") end if nil == false then print("no") end if "" then print("s") end if 0 then print("0") end end end
do for k in pairs{1} do local x = false and 1 or 2 print(x) local y = nil or k print(y) while nil do print("no") end while true do if k then break end end end end
-- list-with-name
do local function f() return 1, 2, 3 end print(#{"a", "b", name = f()}, #{"a", f()}, #{f(), "a"}, #{f(), n = f()}, #{n = f(), f()}, #{"a", ["x"] = f()}, #{(f())}, select("#", unpack{"a", n = f()})) end
do local function g(...) return #{..., n = ...}, #{n = ..., ...}, #{...}, #{1, ...}, #{..., 1} end print(g(7, 8, 9)) end
do local t = {f = function() return 1, 2 end} print(#{t.f(), x = t:f()}, #{x = 1, t:f()}, #{t:f(), t:f()}, #{t:f(), nil}) local u = {1, 2, 3; n = 3} print(#u, u.n) local w = {[1] = "a", "b"} print(w[1]) end
-- (5).x, escapes
print(pcall(function() local a = 5 a.x = 1 end)) print(pcall(function() (5).x = 1 end)) print(pcall(function() return (5).x end)) print(pcall(function() ("s").x = 1 end)) print(pcall(function() return (nil).x end)) print(pcall(function() return (true):x() end)) print(pcall(function() return (function() end).x end)) print(pcall(function() return ("x").y.z end)) print(pcall(function() (5)() end)) print(pcall(function() return #5 end)) print(pcall(function() return -{} end)) print(pcall(function() return {} < {} end)) print(pcall(function() return 1 < "2" end)) print(pcall(function() return {} .. "x" end))
print("\65\066\0067\9" == "ABC7\t" or "\65\066\0067\9", #"\0\00\000", "\255" == string.char(255))
