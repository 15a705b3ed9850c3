package sandbox

import (
	"fmt"
	"strings"
)

// flat is an expression whose operators bind as they do without parentheses.
func (p *programs) flat(n int) string {
	operand := func() string {
		unary := ""
		for p.chance(25) {
			unary += pick(p, "- ", "not ", "#") // a space, or two are a comment
		}
		return unary + pick(p, "2", p.or(aNumber, 100, func() string { return "7" }), p.or(aNumber, 100, func() string { return "1e3" }), "2", "3", "0.5", `"10"`, p.text(0), p.bool(0), "nil", "made(2)", "object.x", "{}", "holder.v")
	}
	out := operand()
	for range 1 + p.IntN(n) {
		out += " " + pick(p, "+", "-", "*", "/", "%", "^", "..", "..", "<", ">", "<=", ">=", "==", "~=", "and", "or", "and", "or") + p.brk() + operand()
	}
	return out
}

// order shows in which order the parts of a statement are evaluated and assigned.
func (p *programs) order() {
	p.line("local log, i, t = {}, 1, { 1, 2, 3 }")
	p.line("local function at(n, v) log[#log + 1] = n return v end")
	target := func() string {
		return pick(p, "t[i]", "i", "t[at(1, 2)]", "at(2, t)[3]", "t[at(3, i)]", "at(4, t).x", "t[#t + 1]", "t")
	}
	value := func() string {
		return pick(p, "i + 1", "at(5, 20)", "t[i]", "at(6, t[1])", "pair(at(7, 8), 9)", "#t", "i", "(at(8, 2))", "{ at(9, 1), at(10, 2) }", "t")
	}
	var targets, values []string
	for range 1 + p.IntN(3) {
		targets = append(targets, target())
	}
	for range 1 + p.IntN(4) {
		values = append(values, value())
	}
	p.line("out(pcall(function() %s = %s end))", strings.Join(targets, ", "), strings.Join(values, ", "))
	p.line("out(i, t, log)")
}

// classes inherit, by tables and by functions.
func (p *programs) classes() {
	p.line("local base = { n = %s, name = %s }", p.number(1), p.text(1))
	p.line("base.__index = %s", pick(p, "base", "function(t, k) return rawget(base, k) or k end"))
	p.line("base.__newindex = %s", pick(p, "nil", "function(t, k, v) rawset(t, k, type(v)) end", "object"))
	p.line("function base.new(o) return setmetatable(o or {}, base) end")
	p.line("function base:set(n) self.n = n return self end")
	p.line("function base:get(...) return self.n, ... end")
	p.line("base.%s = function(a, b) return %s end", pick(p, "__eq", "__lt", "__le", "__concat", "__add", "__sub", "__mul", "__div", "__mod", "__pow"), pick(p, "1", "nil", `"x"`, "false", "rawequal(a, b)", "type(a) .. type(b)"))
	p.line("base.%s = function(a) return %s end", pick(p, "__unm", "__tostring", "__len", "__metatable"), pick(p, "1", "nil", `"x"`, "a.n"))
	p.line("local derived = setmetatable({ own = 1 }, base) derived.__index = derived")
	p.line("local a, b = base.new(), %s", pick(p, "base.new({ n = 2 })", "setmetatable({}, derived)", "setmetatable({ n = 3 }, derived)"))
	for range 2 + p.IntN(3) {
		operator := pick(p, "+", "-", "*", "/", "%", "^", "..", "<", "<=", ">", ">=", "==", "~=")
		p.line("out(pcall(function() return %s %s %s end))", pick(p, "a", "b", "1", `"x"`), operator, pick(p, "a", "b", "2", `"y"`, "nil"))
	}
	p.line("out(pcall(function() return a:set(%s):get(1, 2) end))", p.any(1))
	p.line("out(pcall(function() b.n = %s b.other = 1 return rawget(b, 'n'), b.n, b.other, b.own, b.missing end))", p.any(1))
	p.line("out(pcall(function() return -a, #a, (tostring(a):gsub(':.*', '')) end))")
	p.line("out(rawequal(a, b), type(getmetatable(a)))")
}

// library calls library functions with what they take and what they do not.
func (p *programs) library() {
	argument := func() string {
		return pick(p, "0.5", "65", "-3.25", p.text(1), p.bool(1), "nil", "{}", "{ 1, 2, 3 }", "1", "2", "-1", `"1"`, "0", "3", "none", "true", `"a,b,c"`)
	}
	name := pick(p, "string.byte", "string.char", "string.find", "string.gsub", "string.len", "string.lower", "string.match", "string.rep",
		"string.reverse", "string.sub", "string.upper", "table.concat", "table.insert", "table.remove", "table.maxn", "table.getn",
		"math.abs", "math.ceil", "math.cos", "math.deg", "math.exp", "math.floor", "math.fmod", "math.frexp", "math.ldexp", "math.log", "math.log10",
		"math.max", "math.min", "math.modf", "math.pow", "math.sqrt", "tonumber", "tostring", "type", "unpack", "rawget", "rawset", "rawequal",
		"next", "ipairs", "pairs", "setmetatable", "error", "string.gmatch", "coroutine.status", "coroutine.resume", "math.mod", "string.gfind")
	var list []string
	for range p.IntN(4) {
		list = append(list, argument())
	}
	if name == "string.rep" { // no text that takes long
		list = append(list[:min(len(list), 1)], pick(p, "2", "0", "-1", `"3"`, "2.7", "nil", "{}"))
	}
	p.line("out(pcall(function() return %s(%s) end))", name, strings.Join(list, ", "))
}

// literals are written in all the ways there are.
func (p *programs) literals() {
	number := pick(p, "0x10", "0XfF", "1e2", "1E-2", ".5", "5.", "3.e1", "0.1e+1", "1e308", "1e309", "00012", "0xffffffff", "9007199254740993", "1e-320", "123456789012345678901234567890")
	text := pick(p, `"\97\98c"`, `'\''`, `"\"\\"`, `"a\
b"`, `'\0x'`, `"\200\255"`, "[[\nfirst]]", "[==[ ]] ]=] ]==]", "[[a\n\nb]]", `"\x"`, `"\a\b\f\n\r\t\v"`, `"\1234"`, `''`, `"--[[x]]"`)
	p.line("out(%s, %s, -%s, #%s) %s", number, text, number, text, pick(p, "", ";", "-- comment", "--[[ long ]]", "--[==[ a ]] b\n]==]", "--[ short", "; --"))
}

// large functions have more constants, fields and locals than an operand counts.
func (p *programs) large() {
	n := pick(p, 10, 49, 50, 51, 100, 101, 260, 300)
	var fields []string
	for i := range n {
		fields = append(fields, pick(p, fmt.Sprint(i), fmt.Sprintf(`"k%d"`, i), fmt.Sprint(i), fmt.Sprintf("%d.5", i), fmt.Sprintf("k%d = %d", i, i), fmt.Sprintf("[%d] = %d", 1000+i, i)))
	}
	p.line("do")
	p.line("local t = { %s, %s }", strings.Join(fields, ", "), pick(p, "1", "many(1, 2, 3)", "(many(1, 2))", "none()", "nil"))
	p.line("out(t, #t > 0, t.k%d, t[%d])", p.IntN(n), 1+p.IntN(n))
	locals := 5 + p.IntN(80)
	for i := range locals {
		p.line("local v%d = %s", i, pick(p, fmt.Sprint(i), fmt.Sprintf("%d.25", i), fmt.Sprintf(`"t%d"`, i), "t", "nil"))
	}
	a, b := p.IntN(locals), p.IntN(locals)
	p.line("local function reads() v%d = (tonumber(v%d) or 0) + 777%d return v%d, v%d, v%d end", a, b, p.IntN(100), a, b, p.IntN(locals))
	p.line("out(reads()) out(v%d, v%d == v%d)", a, a, b)
	p.line("out(pcall(function() return v%d.k1, v%d + 1, v%d .. 'x' end))", p.IntN(locals), p.IntN(locals), p.IntN(locals))
	p.line("end")
}

// nested has blocks in which a break, a return and closures leave others at once.
func (p *programs) nested() {
	p.line("local function leave(n)")
	p.line("  local kept = {}")
	p.line("  for i = 1, 3 do")
	p.line("    local a = i * 10")
	p.line("    %s do", pick(p, "for j = 1, 3", "for j in next, { 1, 2, 3 }", "local j = 0 while j < 3 and tick()", "for _, j in ipairs({ 1, 2, 3 })"))
	p.line("      %s", pick(p, "", "j = j + 1"))
	p.line("      local b = a + j")
	p.line("      kept[#kept + 1] = function(d) b = b + (d or 1) a = a + 1 return a, b end")
	p.line("      if b %% 7 == n %% 7 then break elseif b == n then return kept end")
	if p.chance(50) {
		p.line("      if j > 5 then break end")
	}
	p.line("      %s", pick(p, "", "do local c = b if c > 25 then break end end", "repeat local c = b until c or true", "if n == 3 then return kept, b end"))
	p.line("    end")
	p.line("    %s", pick(p, "", "if a > n * 5 then break end", "a = a + 100"))
	p.line("  end")
	p.line("  return kept")
	p.line("end")
	p.line("local ok, kept = pcall(leave, %d)", p.IntN(32))
	p.line("if ok then for i = 1, #kept do out(kept[i](), kept[i](2)) end else out(kept) end")
}

// traversal changes a table while it goes through it.
func (p *programs) traversal() {
	p.line("local t, n = { 1, 2, 3, x = 4, y = 5 }, 0")
	p.line("for k, v in %s do n = n + v t[k] = %s end", pick(p, "pairs(t)", "next, t", "next, t, nil"), pick(p, "nil", "v", "v + 1"))
	p.line("out(n, t, next(t) == nil)")
	p.line("for i, v in ipairs(t) do t[i] = nil out(i, v) end")
	p.line("out(#t == 0 or t[#t])")
}
