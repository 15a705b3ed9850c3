-- Local functions, varargs, methods and tail calls.
function f() return "global" end
local f = function() return f and f() or "none" end
print(f())
local function g(n) return n == 0 and "done" or g(n - 1) end
print(g(5))
local function loop(n) if n == 0 then return "far" end return loop(n - 1) end
print(loop(10000))
local function va(a, ...)
  local x, y, z = 1, 2, 3
  x = (...)
  y = ...
  local p, q = ...
  return a, x, y, z, p, q, select("#", ...)
end
print(va())
print(va(1))
print(va(1, 2, 3))
print((va(1, 2)))
local function old(...) return arg == nil, ... end
print(old(1))
local function older(...) return arg.n, arg[1] end
print(older(5, 6))
local obj = { n = 1 }
function obj:add(k, ...) self.n = self.n + k return self, ... end
function obj.static(k) return k end
print(obj:add(2):add(3).n, obj.static(7), select("#", obj:add(1, nil, nil)))
obj.deep = { er = {} }
function obj.deep.er:m() return self == obj.deep.er end
print(obj.deep.er:m())
print((function(...) return select("#", ...) end)(nil, nil))
print(pcall(function(...) return ... end, 1, nil, 3))
local goto_ = 0
local t = {} t["goto"] = 1
print(t["goto"])
print(#"\65\066\0z", "\z" == "z", 'a\
b', [[
first]], [==[a]]b]==])
