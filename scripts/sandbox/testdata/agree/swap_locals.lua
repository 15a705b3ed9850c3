-- Values are evaluated before anything is assigned.
local a, b, c = 1, 2, 3
a, b = b, a
print(a, b)
a, b, c = b, c, a
print(a, b, c)
a, b = b
print(a, b)
a, b = 5, a, print("extra")
print(a, b)
local t, i = { 10, 20, 30 }, 1
i, t[i] = i + 1, "first"
print(i, t[1], t[2])
t[i], i = "second", 3
print(i, t[2], t[3])
t[1], t[2], t[3] = t[3], t[1], t[2]
print(t[1], t[2], t[3])
local function swap(x, y) x, y = y, x return x, y end
print(swap(1, 2))
local up = 7
local function both() a, up = up, a return a, up end
print(both(), a, up)
global, a = a, global
print(global, a)
local u = { n = 1 }
u.n, u = 2, { n = 3 }
print(u.n)
local p, q, r = (function() return 1, 2 end)()
p, q, r = r, p, q
print(p, q, r)
p, q = q, (function() return p, q end)()
print(p, q)
for k, v in pairs({ x = 1 }) do k, v = v, k print(k, v) end
for n = 1, 2 do local m = 3 n, m = m, n print(n, m) end
local function gcd(x, y) while y ~= 0 do x, y = y, x % y end return x end
print(gcd(48, 18))
a, a = 1, 2
print(a)
