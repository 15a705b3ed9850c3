-- The library of strings.
print(("hello"):find("l"), ("hello"):find("xyz"), ("hello"):find("l", -2), ("hello"):find("", 10), ("a.b"):find(".", 1, true))
print(("key = value"):match("^(%w+)%s*=%s*(%w+)$"), ("abc"):match("()b()"), ("[x]"):match("%[(.-)%]"), ("THE (quick) fox"):find("%((%a+)%)"))
print(("hello world"):gsub("o", "0"), ("abc"):gsub("%w", "%0%0"), ("abc"):gsub("", "-"), ("hello"):gsub("l+", string.upper), ("$name"):gsub("%$(%w+)", { name = "x" }))
print(("abc"):gsub("b", false and 1 or "%%"), ("aaa"):gsub("a", "b", 2), ("^a"):gsub("^%^", "x"), ("THE"):gsub("%f[%a]%a+", "w"))
for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do print(k, v) end
for w in ("^x ^y"):gmatch("^%a") do print(w) end
print(("abc"):byte(1, -1), ("abc"):byte(10), ("abc"):byte(0), ("abc"):byte(-10), string.char(72, 105), string.char())
print(("abc"):sub(2), ("abc"):sub(-2, -2), ("abc"):sub(0), ("abc"):sub(5), ("abc"):sub(2, 1), ("abc"):sub(-100, 100), ("abc"):sub("2"))
print(("x"):rep(0), ("x"):rep(-1), ("ab"):rep(3), ("abc"):reverse(), ("AbC"):lower(), ("%a"):len())
print(pcall(function() string.find("a", "[a") end), pcall(function() string.find("a", "%") end), pcall(function() string.find("a", "(") end))
print(pcall(function() string.rep("x", 1, 2) end), pcall(function() string.format("%d", "x") end), pcall(function() string.format("%y", 1) end), pcall(function() string.char(256) end))
local t = { 3, 1, 2 }
table.sort(t, function(a, b) return a > b end)
print(table.concat(t, ","), table.concat({}, ","), table.concat({ 1, 2, 3 }, "-", 2, 3), table.concat({ 1, "x", 2.5 }))
table.insert(t, "end") table.insert(t, 1, "begin")
print(table.concat(t, ",", 1, 5), table.remove(t), #t, table.remove({}), select("#", table.remove({})))
print(table.remove({ 1, 2, 3 }, 1), table.remove({ 1, 2, 3 }, 5), table.getn({ 1, 2 }), table.maxn({ 1, [5] = 2 }))
table.foreach({ "x" }, print) table.foreachi({ "y", "z" }, print)
print(unpack({ 1, 2, 3 }), unpack({ 1, 2, 3 }, 2), unpack({ 1, 2 }, 1, 3), (unpack({ 1, 2 })))
print(select(-1, 1, 2, 3), select(2, "a", "b", "c"), select("#"), pcall(function() select(-5, 1) end))
local records = {}
for i = 1, 12 do records[i] = { k = i % 3, i = i } end
table.sort(records, function(a, b) return a.k < b.k end)
for i = 1, 12 do records[i] = records[i].k .. ":" .. records[i].i end
print(table.concat(records, " "))
