-- A generic for with fewer than three values, and literals in conditions.
local t, n = { a = 1, b = 2 }, 0
for i = 1, 3 do for k in next, t do n = n + 1 end end
print(n)
for i, v in next, { 1, 2, 3, 4, 5 } do n = n + v end
print(n)
for i, v in next, { 5, 6 }, nil do print(i, v) end
local function two() return next, { 7 } end
for i, v in two() do print(i, v) end
for i, v in (two()), { 8 } do print(i, v) end
for _, v in ipairs{ 1, 2, 3 } do if false then n = n + 100 end n = n + v end
print(n)
for _, v in ipairs{ 1, 2 } do if nil then print("no") elseif true then print("yes", v) else print("no") end end
for k in pairs{ x = 1 } do if 1 then print(k) end if not nil then print(k) end end
for _, v in ipairs{ 1, 2 } do while false do print("never") end repeat until true print(v) end
for _, v in ipairs{ 1 } do if false or nil then print("no") end if false and v then print("no") end if true and v then print("yes") end end
for _, v in ipairs{ 1, 2, 3 } do if true then break end print("no") end
for i = 1, 3 do if false then elseif i == 2 then break end print(i) end
for i = 3, 1, -1 do local j = i if not false then print(i, j) end end
for i = "1", "3", "2" do print(i) end
for i = 1, 0 do print("never") end
for i = 1, 2, 0.5 do print(i) end
local fs = {}
for i = 1, 3 do fs[i] = function() i = i + 1 return i end end
print(fs[1](), fs[1](), fs[2](), fs[3]())
local i = 1
repeat local j = i fs[i] = function() return j end i = i + 1 until j == 3
print(fs[1](), fs[2](), fs[3]())
while true do local k = i if k > 5 then break end fs[1] = function() return k end i = i + 1 end
print(fs[1]())
print(pcall(function() for i = 1, nil do end end))
print(pcall(function() for i = {}, 1 do end end))
print(pcall(function() for i = 1, 2, "x" do end end))
print(pcall(function() for i in nil do end end))
