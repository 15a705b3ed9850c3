-- Constructors of all forms.
local function pair() return 7, 8 end
local function none() end
for _, t in ipairs{
  { "a", "b", name = tostring(5) }, { pair(), x = pair() }, { pair(), pair() }, { (pair()) }, { pair(), nil },
  { none() }, { none(), 1 }, { [1] = "x", "y" }, { x = 1, "y", [2] = "w" }, { none(), x = none() }, { pair(); },
  { 1, 2, x = 3, pair() }, { pair(), [10] = pair() }, { name = pair(), "z" },
} do
  local keys = {}
  for k, v in pairs(t) do keys[#keys + 1] = tostring(k) .. "=" .. tostring(v) end
  table.sort(keys)
  print(#keys, table.concat(keys, " "))
end
local function count(...) return select("#", ...), #{ ... }, (...) end
print(count(), count(nil), count(1, 2, 3))
local many = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
  31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, pair(), pair() }
print(#many, many[50], many[51], many[52], many[53])
local keys = { [1927583650] = "ann", [1e15] = "large", [0] = "zero", [-1] = "minus", [1.5] = "half", [67108863] = "far" }
print(keys[1927583650], keys[1e15], keys[0], keys[-1], keys[1.5], keys[67108863], #keys)
keys[5000000] = "later"
print(keys[5000000], rawget(keys, 5000000), #keys)
rawset(keys, 99999999, 1)
print(keys[99999999])
local t = setmetatable({ 1, 2 }, { __len = function() return 42 end })
print(#t)
print(pcall(function() (5).x = 1 end))
print(pcall(function() ("s").x = 1 end))
print(("s").x, ("x").rep("y", 2))
