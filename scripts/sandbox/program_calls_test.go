package sandbox

import (
	"fmt"
	"strings"
)

// callees is what calls in a program call, by how they take what is passed to them.
const callees = `local function last(a, b) return b end
local function default(a, b) b = b or 1 return b, a end
local function rest(a, ...) return ... end
local function counted(...) return select("#", ...), ... end
local function old(...) return arg.n, arg[1], arg[2] end
local function four(a, b, c, d) local e = d return e, c, b, a end
local function through(f, ...) return f(...) end
local function twice(f, ...) local function g(...) return f(...) end return g(f(...)) end
local callable = setmetatable({}, { __call = function(self, ...) return select("#", ...), ... end })
local fixed = setmetatable({}, { __call = function(self, a, b) return b, a end })
local uncallable = setmetatable({}, { __call = callable })
local holder = { v = 7, get = function(self, ...) return self.v, ... end, at = { fixed = function(self, a) return a end } }
setmetatable(holder, { __index = function(t, k) return function(self, ...) return k, ... end end })
`

// callee is a function, or what can be called, as an expression.
func (p *programs) callee() string {
	if f, ok := p.variable(aFunc); ok && p.chance(20) {
		return f
	}
	return pick(p, "last", "default", "rest", "counted", "old", "four", "many", "pair", "none", "callable", "fixed",
		"holder.get", "holder.other", "made(3)", "math.max", "tostring", "type", "unpack", "(last)", "uncallable", "undefined")
}

// arguments are those of a call, which may end in a call.
func (p *programs) arguments(deep int) string {
	var list []string
	for range p.IntN(4) {
		list = append(list, pick(p, p.number(1), p.text(1), p.any(1), "nil", fmt.Sprint(p.IntN(4))))
	}
	switch p.IntN(6) {
	case 0, 1:
		if p.vararg {
			list = append(list, pick(p, "...", "...", "(...)"))
		}
	case 2:
		if deep > 0 {
			list = append(list, p.call(deep-1))
		}
	case 3:
		if deep > 0 {
			list = append(list, "("+p.call(deep-1)+")")
		}
	case 4:
		list = append(list, pick(p, "unpack({ 1, 2, 3 })", "unpack({}, 1, 2)", "none()"))
	}
	return strings.Join(list, ", ")
}

// call is a call in one of the ways there are to write it.
func (p *programs) call(deep int) string {
	switch p.IntN(12) {
	case 0:
		return fmt.Sprintf("holder:%s(%s)", pick(p, "get", "other"), p.arguments(deep))
	case 1:
		return fmt.Sprintf("holder.at:fixed(%s)", p.arguments(deep))
	case 2:
		return fmt.Sprintf("through(%s, %s)", p.callee(), p.passed(deep))
	case 3:
		return fmt.Sprintf("twice(counted, %s)", p.passed(deep))
	case 4:
		return pick(p, `last"text"`, "counted[[long]]", "default{ 1, 2 }", `holder:get"text"`, "callable{}", `counted{ counted(1, 2) }`)
	case 5:
		return fmt.Sprintf("(%s or none)(%s)", p.callee(), p.arguments(deep))
	case 6:
		return fmt.Sprintf("pcall(%s, %s)", p.callee(), p.passed(deep))
	case 7:
		return fmt.Sprintf("(function(a, ...) return %s end)(%s)", pick(p, "last(a, ...)", "counted(...)", "..., a", "a", "rest(...)", "callable(a, ...)"), p.arguments(deep))
	case 8:
		return fmt.Sprintf("coroutine.wrap(function(...) return %s(...) end)(%s)", pick(p, "last", "default", "counted", "coroutine.yield", "callable"), p.arguments(deep))
	}
	return fmt.Sprintf("%s(%s)", p.callee(), p.arguments(deep))
}

// passed are arguments, one at least.
func (p *programs) passed(deep int) string {
	if list := p.arguments(deep); list != "" {
		return list
	}
	return "nil"
}

// returned is what a function ends with: mostly a tail call.
func (p *programs) returned() string {
	call := p.call(2)
	return pick(p, call, call, call, call, "("+call+")", call+", 1", "1, "+call, "not "+call, call+" or "+p.call(1))
}

// tails makes a function of tail calls, and calls it.
func (p *programs) tails() {
	name := fmt.Sprintf("tail%d", p.IntN(5))
	parameters := pick(p, "", "a", "a, b", "a, b, c", "...", "a, ...", "a, b, ...")
	inner := programs{Rand: p.Rand, names: p.names, depth: p.depth + 1, indent: p.indent + 1}
	inner.scopes = append(append([]scope{}, p.scopes...), scope{})
	inner.vararg = strings.HasSuffix(parameters, "...")
	for parameter := range strings.SplitSeq(parameters, ", ") {
		if parameter != "" && parameter != "..." {
			inner.show(any_, parameter)
		}
	}
	p.line("local function %s(%s)", name, parameters)
	if p.depth < 4 && p.chance(30) {
		inner.statement()
	}
	switch p.IntN(10) {
	case 0:
		inner.line("if %s then return %s end", inner.condition(), inner.returned())
	case 1:
		inner.line("for i = 1, 3 do local j = i object.f = function() j = j + 1 return j end if %s then return %s end end", pick(p, "i == 2", inner.condition()), inner.returned())
	case 2:
		inner.line("while tick() do local j = 1 object.f = function() return j end if %s then return %s end break end", inner.condition(), inner.returned())
	case 3:
		inner.line("repeat local j = %s if %s then return %s end until %s", inner.number(1), inner.condition(), inner.returned(), pick(p, "j", "true"))
	case 4:
		inner.line("for k, v in %s do if %s then return %s end end", pick(p, "ipairs({ 1, 2, 3 })", "next, { 5 }", "pairs({ x = 1 })"), pick(p, "k == 2", inner.condition()), inner.returned())
	case 5:
		inner.line("local up = %s", inner.number(1))
		inner.line("local function g(...) up = up + 1 return up, ... end")
		inner.line("object.f = g")
		inner.line("if %s then return g(%s) end", inner.condition(), inner.arguments(1))
	case 6:
		inner.line("out(pcall(function(...) return %s end))", inner.returned())
	case 7:
		inner.line("do local x, y, z = %s out(x, y, z) return %s end", inner.call(1), inner.returned())
		inner.line("local unreachable")
	}
	inner.line("return %s", inner.returned())
	p.out.WriteString(inner.out.String())
	p.names = inner.names
	p.line("end")
	switch p.IntN(6) {
	case 0:
		p.line("local x, y, z = %s(%s) out(x, y, z)", name, p.arguments(1))
	case 1:
		p.line("out(coroutine.resume(coroutine.create(%s), %s))", name, p.passed(1))
	case 2:
		p.line("out((%s(%s)))", name, p.arguments(1))
	case 3:
		p.line("out({ %s(%s) })", name, p.arguments(1))
	case 4:
		p.line("out(through(%s, %s), (object.f or none)())", name, p.passed(1))
	default:
		p.line("out(pcall(%s, %s))", name, p.passed(1))
	}
}

// deepTails call one another more often than calls may nest.
func (p *programs) deepTails() {
	n := pick(p, "3", "300", "1000")
	p.line("local even, odd")
	p.line("function even(n, %s) if n == 0 then return %s end return odd(n - 1, %s) end", pick(p, "a", "a, b", "..."), pick(p, `"even"`, p.call(0)), pick(p, "n", "1, 2", p.number(1)))
	p.line("odd = function(n, a, ...) if n == 0 then return %s end return even(n - 1, %s) end", pick(p, `"odd"`, "a, ...", "last(a, ...)"), pick(p, "a", "...", "a, ..."))
	p.line("out(pcall(even, %s, 1, 2))", n)
}

// varargs are passed on, counted, and put in tables.
func (p *programs) varargs() {
	list := pick(p, "...", "(...)", "..., 1", "1, ...", "..., ...", "none(), ...", "(...), ...")
	p.line("local function va(%s)", pick(p, "...", "a, ...", "a, b, ..."))
	p.line("  local x, y = %s", list)
	p.line("  local t = { %s }", list)
	if p.chance(40) {
		p.line("  x, y = %s", pick(p, "...", "y, ...", "..., x"))
	}
	if p.chance(30) {
		p.line("  local function inner(...) return select('#', ...), ... end")
		p.line("  out(inner(%s), inner(...))", list)
	}
	p.line("  return x, y, t[1], t[2], select('#', %s), %s", list, pick(p, "...", "(...)", "unpack(t, 1, 3)", "arg"))
	p.line("end")
	p.line("out(va(%s))", p.arguments(1))
	p.line("out(pcall(va, %s))", p.passed(1))
}
