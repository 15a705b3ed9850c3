package sandbox

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// programs writes random Lua programs that end, and print the same wherever they
// run: no addresses, no order of keys, no lengths of tables with holes. Most
// expressions have values that fit what is done with them; wild ones do not, and
// what they fail with is printed.
type programs struct {
	*rand.Rand
	out    strings.Builder
	indent int
	scopes []scope // of the present function and those around it
	names  int
	vararg bool
	loops  int
	depth  int // of statements
}

// scope has the variables of a block by what they hold.
type scope map[kindOfValue][]string

type kindOfValue string

const (
	aNumber kindOfValue = "n"
	aText   kindOfValue = "s"
	aBool   kindOfValue = "b"
	aList   kindOfValue = "l" // numbers and texts from 1 on, without a hole
	aRecord kindOfValue = "r" // has the fields x, a number, s, a text, f, a function
	aFunc   kindOfValue = "f" // of two numbers, gives a number, and perhaps more
	any_    kindOfValue = "a"
)

// prelude is what every program can use. tick ends what does not.
const prelude = values + callees

const values = `local ticks, object, zero = 0, {}, 0
local function tick() ticks = ticks + 1 if ticks > 300 then error("out of ticks", 0) end return true end
local function show(v, deep)
  local t = type(v)
  if t == "string" then return (string.format("%q", v):gsub("\\\n", "\\n")) end
  if t ~= "table" then return (t == "function" or t == "thread") and t or tostring(v) end
  if (deep or 0) > 3 then return "..." end
  local keys = {}
  for k in pairs(v) do keys[#keys + 1] = show(k, 4) .. "=" .. show(rawget(v, k), (deep or 0) + 1) end
  table.sort(keys)
  return "{" .. table.concat(keys, ",") .. "}"
end
local function out(...)
  local words = {}
  for i = 1, select("#", ...) do words[i] = show((select(i, ...))) end
  print(table.concat(words, " "))
end
local function pair(a, b) return b, a end
local function none() end
local function many(...) return ... end
local meta = {}
meta.__index = function(t, k) return k == "x" and 1 or k end
meta.__add = function(a, b) return (type(a) == "table" and a.v or a) + (type(b) == "table" and b.v or b) end
meta.__concat = function(a, b) return (type(a) == "table" and a.v or a) .. "~" .. (type(b) == "table" and b.v or b) end
meta.__eq = function(a, b) return a.v == b.v end
meta.__lt = function(a, b) return a.v < b.v end
meta.__call = function(self, ...) return self.v, ... end
meta.__unm = function(a) return -a.v end
meta.__len = function(a) return 42 end
meta.__tostring = function(a) return "object " .. a.v end
local function made(v) return setmetatable({ v = v }, meta) end
`

func newProgram(seed uint64) string {
	p := &programs{Rand: rand.New(rand.NewPCG(seed, 0x10ca1))}
	p.out.WriteString(prelude)
	p.push()
	p.vararg = true
	for range 4 + p.IntN(8) {
		p.statement()
	}
	p.line("out(%s)", p.everything())
	return p.out.String()
}

func (p *programs) push() { p.scopes = append(p.scopes, scope{}) }
func (p *programs) pop()  { p.scopes = p.scopes[:len(p.scopes)-1] }

func (p *programs) line(format string, args ...any) {
	p.out.WriteString(strings.Repeat("  ", p.indent))
	fmt.Fprintf(&p.out, format, args...)
	p.out.WriteByte('\n')
}

func (p *programs) chance(percent int) bool { return p.IntN(100) < percent }

func pick[T any](p *programs, of ...T) T { return of[p.IntN(len(of))] }

// declare makes a variable visible and returns its name, which may hide another.
func (p *programs) declare(kind kindOfValue) string {
	name := p.fresh(kind)
	p.show(kind, name)
	return name
}

func (p *programs) show(kind kindOfValue, name string) {
	for _, s := range p.scopes { // a name has one kind
		for k := range s {
			if k != kind {
				s[k] = without(s[k], name)
			}
		}
	}
	s := p.scopes[len(p.scopes)-1]
	s[kind] = append(s[kind], name)
}

func without(names []string, name string) []string {
	var left []string
	for _, n := range names {
		if n != name {
			left = append(left, n)
		}
	}
	return left
}

func (p *programs) fresh(kind kindOfValue) string {
	p.names++
	return fmt.Sprintf("%s%d", kind, 1+p.IntN(p.names))
}

func (p *programs) variables(kind kindOfValue) []string {
	var names []string
	for _, s := range p.scopes {
		names = append(names, s[kind]...)
	}
	return names
}

// variable is one of a kind, if there is any.
func (p *programs) variable(kind kindOfValue) (string, bool) {
	names := p.variables(kind)
	if len(names) == 0 {
		return "", false
	}
	return names[p.IntN(len(names))], true
}

func (p *programs) everything() string {
	all := []string{"0"}
	for _, kind := range []kindOfValue{aNumber, aText, aBool, aList, any_} {
		all = append(all, p.variables(kind)...)
	}
	return strings.Join(all[max(0, len(all)-40):], ", ")
}

// expr is an expression of a kind.
func (p *programs) expr(kind kindOfValue, deep int) string {
	switch kind {
	case aNumber:
		return p.number(deep)
	case aText:
		return p.text(deep)
	case aBool:
		return p.bool(deep)
	case aList:
		return p.list(deep)
	case aRecord:
		return p.record(deep)
	case aFunc:
		return p.function(deep)
	}
	return p.any(deep)
}

// or is a variable of a kind, or else what make returns.
func (p *programs) or(kind kindOfValue, percent int, make func() string) string {
	if name, ok := p.variable(kind); ok && p.chance(percent) {
		return name
	}
	return make()
}

func (p *programs) brk() string {
	if p.chance(4) {
		return "\n"
	}
	return " "
}

func (p *programs) number(deep int) string {
	if deep <= 0 || p.chance(35) {
		return p.or(aNumber, 70, func() string {
			return pick(p, "zero", "1", "2", "3", "-1", "10", "255", "0.5", "1e3", "1e-3", "0x1F", "100000", "1e15", "123456789012", "3.14159", "2^53", "math.huge", "-0.25")
		})
	}
	n := func() string { return p.number(deep - 1) }
	switch p.IntN(24) {
	case 0, 1, 2, 3:
		return fmt.Sprintf("(%s %s%s%s)", n(), pick(p, "+", "-", "*"), p.brk(), n())
	case 4:
		return fmt.Sprintf("(%s / %s)", n(), n())
	case 5:
		return fmt.Sprintf("(%s %% %s)", n(), pick(p, "3", "7", "2.5", "-4", n()))
	case 6:
		return fmt.Sprintf("(%s ^ %s)", pick(p, "2", "3", "10", "0.5", "4"), pick(p, "2", "3", "0.5", "0", "-1"))
	case 7:
		return fmt.Sprintf("-%s", p.or(aNumber, 80, func() string { return "(" + n() + ")" }))
	case 8:
		return "#" + p.or(aText, 60, func() string { return "(" + p.text(deep-1) + ")" })
	case 9:
		return "#" + p.or(aList, 80, func() string { return p.list(deep - 1) })
	case 10:
		return fmt.Sprintf("(%s and %s or %s)", p.bool(deep-1), n(), n())
	case 11:
		return fmt.Sprintf("(%s or %s)", pick(p, "nil", "false", n()), n())
	case 12:
		return fmt.Sprintf("(tonumber(%s) or %s)", pick(p, `"10"`, `" 0x1f "`, `"1e2"`, `"-7.25"`, `"nope"`, `"1e"`, `"0x"`, `""`, `"5 5"`, p.text(deep-1)), n())
	case 13:
		return fmt.Sprintf("(%s + %s)", pick(p, `"10"`, `"0x10"`, `" 3 "`, `"1e1"`), n())
	case 14:
		return fmt.Sprintf("%s(%s)", pick(p, "math.floor", "math.ceil", "math.abs", "tick and math.sqrt"[:10]+"floor"), n())
	case 15:
		return fmt.Sprintf("%s(%s, %s)", pick(p, "math.max", "math.min", "math.fmod"), n(), pick(p, "3", "-2.5", n()))
	case 16:
		if p.vararg {
			return `select("#", ...)`
		}
		return n()
	case 17, 18:
		if f, ok := p.variable(aFunc); ok {
			return fmt.Sprintf("(%s(%s,%s%s))", f, n(), p.brk(), n())
		}
		return fmt.Sprintf("(pair(%s, %s))", n(), n())
	case 19:
		if r, ok := p.variable(aRecord); ok {
			return pick(p, r+".x", r+`["x"]`, fmt.Sprintf("%s:f(%s)", r, n()), fmt.Sprintf("%s.f(%s, %s)", r, r, n()))
		}
		return n()
	case 20:
		if l, ok := p.variable(aList); ok {
			return fmt.Sprintf("(tonumber(%s[%s]) or %s)", l, pick(p, "1", "2", "#"+l, n()), n())
		}
		return n()
	case 21:
		return fmt.Sprintf("(%s:byte(%s) or 0)", p.or(aText, 70, func() string { return "(" + p.text(deep-1) + ")" }), pick(p, "1", "-1", "2"))
	case 22:
		return fmt.Sprintf("(made(%s) + %s)", n(), pick(p, n(), "made("+n()+")"))
	}
	return fmt.Sprintf("(select(%s, %s, %s))", pick(p, "1", "2", "-1", "-2"), n(), n())
}

func (p *programs) text(deep int) string {
	if deep <= 0 || p.chance(35) {
		return p.or(aText, 60, func() string {
			return pick(p, `""`, `"a"`, `"abc"`, `'x"y'`, `"10"`, `"\65\066z"`, `"tab\tnew\nline"`, "[[long]]", "[==[a]]b]==]", `"hello world"`, `"%d"`, `"0.1"`, `"\\"`, `"key=value"`)
		})
	}
	s := func() string { return p.text(deep - 1) }
	ps := func() string { return p.or(aText, 60, func() string { return "(" + p.text(deep-1) + ")" }) }
	n := func() string { return p.number(deep - 1) }
	small := func() string { return pick(p, "0", "1", "2", "3", "-1", "-2", "5", "1.5") }
	switch p.IntN(16) {
	case 0, 1, 2:
		return fmt.Sprintf("(%s ..%s%s)", s(), p.brk(), pick(p, s(), n()))
	case 3:
		return fmt.Sprintf("(%s .. %s .. %s)", n(), s(), s())
	case 4:
		return fmt.Sprintf("tostring(%s)", pick(p, n(), s(), p.bool(deep-1), "nil", "made("+n()+")"))
	case 5:
		return fmt.Sprintf("%s:rep(%s)", ps(), pick(p, "0", "1", "2", "3", "-1"))
	case 6:
		return fmt.Sprintf("%s:sub(%s, %s)", ps(), small(), small())
	case 7:
		return fmt.Sprintf("%s:%s()", ps(), pick(p, "upper", "lower", "reverse"))
	case 8:
		format := pick(p, "%d", "%5d", "%-5d|", "%05d", "%+d", "%x", "%X", "%o", "%c", "%5.1f", "%.3f", "%g", "%10.4g", "%e", "%i", "%.14g", "%%%d", "%#x", "% d")
		value := n()
		if strings.ContainsAny(format, "dxXoci") {
			value = fmt.Sprintf("(%s)", pick(p, "7", "65", "-3", "1000", "97"))
			if strings.ContainsAny(format, "xXoc") {
				value = pick(p, "7", "65", "97", "90")
			}
		}
		return fmt.Sprintf("string.format(%q, %s)", format, value)
	case 9:
		return fmt.Sprintf("string.format(%q, %s)", pick(p, "%s", "%5s", "%-5s|", "%.2s", "%q", "[%s]"), s())
	case 10:
		return fmt.Sprintf("table.concat(%s, %s)", p.or(aList, 80, func() string { return p.list(deep - 1) }), pick(p, `","`, `""`, s()))
	case 11:
		return fmt.Sprintf("(%s and %s or %s)", p.bool(deep-1), s(), s())
	case 12:
		return fmt.Sprintf("(%s:gsub(%s, %s))", ps(), p.pattern(), pick(p, `"<%0>"`, `"%%"`, `""`, `function(c) return c and c .. "!" end`, `{ a = "A", b = true, x = 1 }`, `string.upper`))
	case 13:
		return fmt.Sprintf("(%s:match(%s) or %s)", ps(), p.pattern(), s())
	case 14:
		return fmt.Sprintf("type(%s)", p.any(deep-1))
	}
	return fmt.Sprintf("(made(%s) .. %s)", s(), s())
}

func (p *programs) pattern() string {
	return pick(p, `"a"`, `"%a+"`, `"%d"`, `"."`, `"[a-c]"`, `"[^a-c]+"`, `"^%w"`, `".-"`, `"l*"`, `"x?y"`, `"%s"`, `"%p"`, `"%u"`, `"(%w)"`, `"%w$"`, `"b*$"`, `"o"`, `"%%"`)
}

func (p *programs) bool(deep int) string {
	if deep <= 0 || p.chance(25) {
		return p.or(aBool, 50, func() string { return pick(p, "true", "false", "true", "false", "not nil", "not 1") })
	}
	b := func() string { return p.bool(deep - 1) }
	switch p.IntN(10) {
	case 0, 1, 2:
		return fmt.Sprintf("(%s %s%s%s)", p.number(deep-1), pick(p, "<", ">", "<=", ">=", "==", "~="), p.brk(), p.number(deep-1))
	case 3:
		return fmt.Sprintf("(%s %s %s)", p.text(deep-1), pick(p, "<", ">", "<=", ">=", "==", "~="), p.text(deep-1))
	case 4:
		return "not " + p.or(aBool, 50, func() string { return "(" + p.any(deep-1) + ")" })
	case 5, 6:
		return fmt.Sprintf("(%s %s%s%s)", b(), pick(p, "and", "or"), p.brk(), b())
	case 7:
		return fmt.Sprintf("(%s %s %s)", p.any(deep-1), pick(p, "==", "~="), pick(p, "nil", "true", "false", "1", p.any(deep-1)))
	case 8:
		return fmt.Sprintf("(made(%s) %s made(%s))", p.number(0), pick(p, "==", "~=", "<", ">", "<=", ">="), p.number(0))
	}
	return fmt.Sprintf("(%s and %s or %s)", b(), b(), b())
}

// list is a table without holes.
func (p *programs) list(deep int) string {
	if deep <= 0 {
		return p.or(aList, 50, func() string { return pick(p, "{}", "{ 1, 2, 3 }", `{ "a", "b" }`, "{ 3, 1, 2; }") })
	}
	var fields []string
	for range p.IntN(5) {
		fields = append(fields, pick(p, p.number(deep-1), p.text(deep-1)))
	}
	if p.chance(15) {
		fields = append(fields, pick(p, "pair(1, 2)", "none()", "many(1, 2, 3)", "(pair(1, 2))"))
	}
	if len(fields) > 0 && p.chance(15) {
		at := p.IntN(len(fields))
		fields[at] += ", " + pick(p, "name = pair(1, 2)", "[10.5] = 1", "x = none()", `["k"] = many(1)`)
	}
	return "{ " + strings.Join(fields, pick(p, ", ", ",\n", "; ")) + " }"
}

func (p *programs) record(deep int) string {
	fields := []string{
		pick(p, "x = ", `["x"] = `) + p.number(deep-1),
		"s = " + p.text(deep-1),
		fmt.Sprintf("f = function(self, n) self.x = self.x %s n return self.x end", pick(p, "+", "-")),
	}
	if p.chance(30) {
		fields = append([]string{p.any(deep - 1)}, fields...)
	}
	p.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	return "{ " + strings.Join(fields, ", ") + " }"
}

// any may be anything, but no table or function of which an address shows.
func (p *programs) any(deep int) string {
	if deep <= 0 || p.chance(30) {
		return p.or(any_, 50, func() string { return pick(p, "nil", "true", "false", "1", `"x"`, "0", "undefined") })
	}
	a := func() string { return p.any(deep - 1) }
	switch p.IntN(12) {
	case 0, 1, 2:
		return fmt.Sprintf("(%s and %s)", a(), a())
	case 3, 4, 5:
		return fmt.Sprintf("(%s or %s)", a(), a())
	case 6:
		return p.number(deep - 1)
	case 7:
		return p.text(deep - 1)
	case 8:
		return p.bool(deep - 1)
	case 9:
		if p.vararg {
			return pick(p, "(...)", "(select(2, 1, ...))")
		}
	case 10:
		if r, ok := p.variable(aRecord); ok {
			return pick(p, r+".x", r+".s", r+".missing", fmt.Sprintf("(%s.missing and %s.missing.x)", r, r))
		}
	case 11:
		if l, ok := p.variable(aList); ok {
			return fmt.Sprintf("%s[%s]", l, p.number(deep-1))
		}
	}
	return fmt.Sprintf("(pair(%s, %s))", a(), a())
}

// function is one of two numbers that gives a number first.
func (p *programs) function(deep int) string {
	var inner programs
	inner.Rand, inner.names = p.Rand, p.names
	inner.scopes = append(append([]scope{}, p.scopes...), scope{})
	inner.depth, inner.indent = p.depth+1, p.indent+1
	inner.vararg = p.chance(30)
	a, b := inner.declare(aNumber), inner.declare(aNumber)
	parameters := a + ", " + b
	if a == b {
		parameters = a
	}
	if inner.vararg {
		parameters += ", ..."
	}
	inner.out.WriteString("function(" + parameters + ")\n")
	inner.line("%s = %s or 0", a, a)
	if a != b {
		inner.line("%s = %s or 1", b, b)
	}
	if p.depth < 4 {
		for range p.IntN(3) {
			inner.statement()
		}
	}
	switch p.IntN(4) {
	case 0:
		inner.line("return %s, %s", inner.number(deep), inner.any(1))
	case 1:
		inner.line("if %s then return %s end", inner.bool(1), inner.number(1))
		inner.line("return %s", inner.number(deep))
	case 2:
		inner.line("return (many(%s, %s))", inner.number(deep), inner.number(1))
	default:
		inner.line("return %s", inner.number(deep))
	}
	p.names = inner.names
	return inner.out.String() + strings.Repeat("  ", p.indent) + "end"
}

// wild is an expression that may well fail.
func (p *programs) wild(deep int) string {
	if deep <= 0 {
		if p.chance(50) {
			return pick(p, "nil", "true", "1", `"x"`, `"5"`, "{}", "undefined", "made(1)", "object", "math.floor", "print")
		}
		kind := pick(p, aNumber, aText, aBool, aList, aRecord, aFunc, any_)
		return p.or(kind, 100, func() string { return "undefined" })
	}
	w := func() string { return p.wild(deep - 1) }
	switch p.IntN(12) {
	case 0, 1:
		return fmt.Sprintf("(%s %s%s%s)", w(), pick(p, "+", "-", "*", "/", "%", "^"), p.brk(), w())
	case 2:
		return fmt.Sprintf("(%s .. %s)", w(), w())
	case 3:
		return fmt.Sprintf("(%s %s %s)", w(), pick(p, "<", "<=", ">", ">=", "==", "~="), w())
	case 4:
		return fmt.Sprintf("(%s).x", w())
	case 5:
		return fmt.Sprintf("(%s)[%s]", w(), w())
	case 6:
		return fmt.Sprintf("(%s)(%s)", w(), w())
	case 7:
		return fmt.Sprintf("(%s):%s(%s)", w(), pick(p, "x", "f", "len", "nope"), w())
	case 8:
		return pick(p, "-", "#", "not ") + "(" + w() + ")"
	case 9:
		return fmt.Sprintf("(%s %s %s)", w(), pick(p, "and", "or"), w())
	case 10:
		return fmt.Sprintf("%s.%s.%s", pick(p, "undefined", "object", "string", "meta"), pick(p, "a", "rep", "x"), pick(p, "b", "x"))
	}
	return fmt.Sprintf("tostring(%s)", p.any(deep-1))
}

func (p *programs) block(n int) {
	p.push()
	p.indent++
	p.depth++
	for range n {
		p.statement()
	}
	p.depth--
	p.indent--
	p.pop()
}

func (p *programs) statement() {
	if p.depth > 4 {
		p.simple()
		return
	}
	switch p.IntN(52) {
	case 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10:
		p.simple()
	case 11, 12:
		p.line("if %s then", p.condition())
		p.block(1 + p.IntN(2))
		for p.chance(30) {
			p.line("elseif %s then", p.condition())
			p.block(1)
		}
		if p.chance(50) {
			p.line("else")
			p.block(1)
		}
		p.line("end")
	case 13:
		p.line("while tick() and %s do", p.condition())
		p.loop()
		p.line("end")
	case 14:
		p.line("repeat")
		p.push()
		p.indent++
		p.line("tick()")
		first := p.number(1)
		n := p.declare(aNumber)
		p.line("local %s = %s", n, first)
		if p.chance(40) {
			p.line("%s = function() return %s end", pick(p, "f", "object.f"), n)
		}
		if p.chance(30) {
			p.line("if %s then break end", p.bool(1))
		}
		p.simple()
		p.indent--
		p.line("until %s", p.bool(2))
		p.pop()
	case 15, 16:
		bounds := pick(p, "1, 3", "3, 1, -1", "1, 0", "1, 2, 0.5", "0, 1, 0.25", `"1", 2`, "5, 1", "-1, -3, -1", "1, 5, 2", p.smallNumber()+", "+p.smallNumber())
		p.push()
		i := p.declare(aNumber)
		p.line("for %s = %s do", i, bounds)
		p.line("  tick()")
		p.loop()
		p.line("end")
		p.pop()
	case 17, 18, 19:
		p.genericFor()
	case 20, 21:
		p.localFunction()
	case 22:
		p.line("do")
		p.block(2)
		p.line("end")
	case 23, 24, 25:
		p.protected()
	case 26:
		p.coroutine()
	case 27:
		p.closures()
	case 28:
		p.method()
	case 29, 30, 31:
		p.line("out(pcall(function() return %s end))", p.wild(1+p.IntN(3)))
	case 32:
		l := p.or(aList, 100, func() string { return "{ 3, 1, 2 }" })
		switch p.IntN(3) {
		case 0:
			// Of a copy: what a sort that failed leaves is not the same everywhere.
			p.line("local sorted = { unpack(%s) } if pcall(table.sort, sorted) then out(sorted) end", l)
		case 1:
			p.line("out(unpack(%s, %s, %s))", l, pick(p, "1", "2", "0"), pick(p, "1", "2", "3"))
		default:
			p.line("out(next(%s) ~= nil, #%s)", l, l)
		}
	case 34, 35, 36, 37:
		p.tails()
	case 38:
		p.deepTails()
	case 39, 40:
		p.varargs()
	case 41, 42, 43:
		p.line("out(pcall(function() return %s end))", p.flat(5))
	case 44:
		p.order()
	case 45:
		p.classes()
	case 46, 47:
		p.library()
	case 48:
		p.literals()
	case 49:
		p.large()
	case 50:
		p.nested()
	case 51:
		p.traversal()
	case 33:
		p.line("out((%s):find(%s%s))", p.text(1), p.pattern(), pick(p, "", ", 2", ", -1", ", 1, true"))
		p.line("for w in (%s):gmatch(%s) do tick() out(w) end", p.text(1), p.pattern())
	}
}

func (p *programs) smallNumber() string { return pick(p, "1", "2", "3", "0", "-1", "4") }

// condition may be a literal.
func (p *programs) condition() string {
	return pick(p, p.bool(2), p.bool(1), p.any(2), pick(p, "false", "true", "nil", "1", `"x"`, "not nil", "not true", "nil and 1", "false or nil", "1 and nil", "not (nil or false)"))
}

func (p *programs) loop() {
	p.loops++
	p.block(1 + p.IntN(2))
	if p.chance(25) {
		p.line("  if %s then break end", p.condition())
	}
	p.loops--
}

func (p *programs) genericFor() {
	l := p.or(aList, 60, func() string { return p.list(1) })
	p.push()
	a, b := p.fresh(any_), p.fresh(any_)+"v"
	switch p.IntN(6) {
	case 0:
		p.line("for %s, %s in ipairs(%s) do", a, b, l)
	case 1:
		p.line("for %s, %s in next, { %s, %s } do", a, b, p.number(1), p.text(1))
	case 2:
		p.line("for %s in next, { %s } do", a, p.number(1))
	case 3:
		p.line("for %s, %s in function(s, i) i = i + 1 if i <= s then return i, %s end end, %s, 0 do", a, b, p.number(1), pick(p, "2", "3", "0"))
	case 4:
		p.line("for %s, %s in pairs({ %s = %s }) do", a, b, pick(p, "x", "key"), p.any(1))
	case 5:
		p.line("for %s, %s in coroutine.wrap(function() for i = 1, %s do coroutine.yield(i, %s) end end) do", a, b, pick(p, "2", "3"), p.any(1))
	}
	p.show(any_, a)
	p.line("  tick()")
	if p.chance(20) {
		p.line("  if %s then out(1) end", pick(p, "false", "nil", "true", "1", "not nil"))
	}
	p.loop()
	p.line("end")
	p.pop()
}

func (p *programs) localFunction() {
	switch p.IntN(3) {
	case 0:
		f := p.fresh(aFunc)
		body := p.function(2)
		p.line("local %s = %s", f, body)
		p.show(aFunc, f)
	case 1:
		f := p.fresh(aFunc)
		p.show(aFunc, f)
		p.line("local function %s(n, m) n = tonumber(n) or 0 if not (n > 0 and n < 5) then return n, m end return %s(n - 1, %s) end",
			f, pick(p, "("+f+")", f), pick(p, "m", "n", p.number(1)))
	default:
		p.line("local function sum(...) local s = 0 for i = 1, select('#', ...) do s = s + (tonumber((select(i, ...))) or 0) end return s, ... end")
		p.line("out(sum(%s))", strings.Join([]string{p.number(1), p.any(1), pick(p, "many(1, 2)", "none()", "pair(1, 2)")}, ", "))
	}
}

// protected has an error in a function that shares locals with others.
func (p *programs) protected() {
	first := p.number(1)
	n := p.declare(aNumber)
	p.line("local %s = %s", n, first)
	p.line("local function bump%s() %s = %s + 1 return %s end", n, n, n, n)
	how := pick(p, "pcall(function()", "xpcall(function()")
	p.line("out(%s", how)
	p.push()
	p.indent++
	first = p.number(1)
	inside := p.declare(aNumber)
	p.line("local %s = %s", inside, first)
	p.line("object.get = function() %s = %s + 1 return %s end", inside, inside, inside)
	p.line("%s = %s", n, p.number(2))
	if p.depth < 3 && p.chance(40) {
		p.depth++
		p.statement()
		p.depth--
	}
	switch p.IntN(6) {
	case 0:
		p.line("error(%s)", pick(p, `"oops"`, "{ code = 1 }", "nil", "42", `"level 2", 2`, `"no level", 0`, "made(1)"))
	case 1:
		p.line("return bump%s(), undefined.x", n)
	case 2:
		p.line("return %s", p.wild(2))
	case 3:
		p.line("assert(%s, %s)", p.any(1), p.text(1))
	case 4:
		p.line("local x = %s + nil", p.number(1))
	default:
		p.line("return bump%s()", n)
	}
	p.indent--
	p.pop()
	if strings.HasPrefix(how, "xpcall") {
		p.line("end, function(m) bump%s() return type(m) == \"string\" and m or type(m) end))", n)
	} else {
		p.line("end))")
	}
	p.line("out(bump%s(), %s, object.get())", n, n)
}

func (p *programs) coroutine() {
	first := p.number(1)
	n := p.declare(aNumber)
	p.line("local %s = %s", n, first)
	p.line("local co = coroutine.create(function(a, ...)")
	p.indent++
	p.line("%s = %s + 1", n, n)
	p.line("local b, c = coroutine.yield(a, %s)", pick(p, "...", n, "none()", "pair(1, 2)"))
	if p.chance(40) {
		p.line("%s", pick(p, `error("in a coroutine")`, "local x = nil + 1", "error({})", "return", "return coroutine.yield()"))
	} else {
		p.line("for i = 1, 2 do b = coroutine.yield(i, b, c) end")
		p.line("return b, %s", n)
	}
	p.indent--
	p.line("end)")
	p.line("for i = 1, 5 do tick() out(coroutine.resume(co, i, %s)) out(coroutine.status(co), %s) end", p.any(1), n)
}

// closures have a local of each round of a loop.
func (p *programs) closures() {
	p.line("do")
	p.line("  local fs = {}")
	p.line("  for i = 1, 3 do local j = i * %s fs[#fs + 1] = function() j = j + i return j end %s end", p.number(1), pick(p, "", "if i == 2 then break end"))
	p.line("  local k = 0 while k < 3 do k = k + 1 local m = k fs[#fs + 1] = function(n) m = m + (n or 1) return m, k end %s end", pick(p, "", "if k == 2 then break end"))
	p.line("  for i = 1, #fs do out(fs[i](), fs[i](%s)) end", p.number(1))
	p.line("end")
}

func (p *programs) method() {
	r := p.fresh(aRecord)
	p.line("local %s = %s", r, p.record(2))
	p.show(aRecord, r)
	p.line("function %s.g(%s) return %s end", r, pick(p, "", "a", "a, b"), p.number(1))
	p.line("function %s:h(n, ...) self.x = self.x + (n or 0) return self.x, self.s, ... end", r)
	p.line("out(%s.g(1), %s:h(%s, %s))", r, r, p.number(1), pick(p, "1", "pair(1, 2)", "none()"))
}

// simple is a statement without blocks.
func (p *programs) simple() {
	switch p.IntN(16) {
	case 0, 1, 2:
		p.locals()
	case 3, 4, 5, 6:
		p.assignment()
	case 7, 8, 9:
		p.line("out(%s, %s)", p.any(2), pick(p, p.any(2), p.number(2), p.text(2), p.bool(2)))
	case 10:
		p.line("out(%s)", pick(p, "pair(1, 2)", "(pair(1, 2))", "many()", "many(none())", "none(), none()", "pair(1, 2), pair(3, 4)", "made(1)(2, 3)"))
	case 11:
		if l, ok := p.variable(aList); ok {
			p.line("%s", pick(p,
				fmt.Sprintf("table.insert(%s, %s)", l, p.number(1)),
				fmt.Sprintf("table.insert(%s, 1, %s)", l, p.text(1)),
				fmt.Sprintf("out(table.remove(%s))", l),
				fmt.Sprintf("out(table.remove(%s, 1))", l),
				fmt.Sprintf("%s[#%s + 1] = %s", l, l, p.number(1)),
				fmt.Sprintf("%s[#%s] = nil", l, l)))
			return
		}
		p.locals()
	case 12:
		if f, ok := p.variable(aFunc); ok {
			p.line("out(%s(%s, %s))", f, p.number(1), p.number(1))
			return
		}
		p.assignment()
	case 13:
		p.line("out(%s)", p.list(2))
	case 14:
		if r, ok := p.variable(aRecord); ok {
			p.line("%s.x, %s.s = %s, %s", r, r, p.number(1), p.text(1))
			p.line("out(%s:f(%s), %s.s)", r, p.number(1), r)
			return
		}
		p.locals()
	case 15:
		p.line("global%d = %s", p.IntN(3), p.any(2))
		p.line("out(global0, global1, global2)")
	}
}

func (p *programs) locals() {
	kinds := []kindOfValue{aNumber, aNumber, aText, aBool, any_, aList, aRecord, aFunc}
	count := 1
	if p.chance(30) {
		count = 2 + p.IntN(2)
	}
	var names, values []string
	var made []kindOfValue
	for range count {
		kind := kinds[p.IntN(len(kinds))]
		if count > 1 && (kind == aFunc || kind == aRecord) {
			kind = aNumber
		}
		made = append(made, kind)
		values = append(values, p.expr(kind, 2))
		name := p.fresh(kind)
		for strings.Contains(" "+strings.Join(names, " ")+" ", " "+name+" ") {
			name += "_"
		}
		names = append(names, name)
	}
	if p.chance(10) && len(names) > 1 { // fewer or more values than names
		n := p.fresh(any_) + "m"
		p.line("local %s, %sx = %s", n, n, pick(p, "pair(1, 2)", "none()", "1, 2, none()", "(pair(1, 2))", "1", "many(1, 2, 3), 4", "nil"))
		p.show(any_, n)
		p.show(any_, n+"x")
	}
	p.line("local %s = %s", strings.Join(names, ", "), strings.Join(values, ", "))
	for i, name := range names {
		p.show(made[i], name)
	}
}

// assignment assigns one or several variables and fields at once.
func (p *programs) assignment() {
	count := pick(p, 1, 1, 1, 2, 2, 3)
	var targets, values []string
	for range count {
		kind := pick(p, aNumber, aNumber, aText, aBool, any_, any_)
		switch r, ok := p.variable(aRecord); {
		case ok && p.chance(15):
			targets, values = append(targets, r+".x"), append(values, p.number(2))
			continue
		case p.chance(10):
			targets, values = append(targets, pick(p, "object.x", `object["x"]`)), append(values, p.any(2))
			continue
		}
		name, ok := p.variable(kind)
		if !ok {
			continue
		}
		targets = append(targets, name)
		value := p.expr(kind, 2)
		if other, ok := p.variable(kind); ok && p.chance(30) {
			value = other
		}
		if kind == aText { // so that no loop doubles it
			value = "(" + value + "):sub(1, 99)"
		}
		values = append(values, value)
	}
	if len(targets) == 0 {
		p.locals()
		return
	}
	p.line("%s = %s", strings.Join(targets, ", "), strings.Join(values, ","+p.brk()))
	p.line("out(%s)", strings.Join(targets, ", "))
}
