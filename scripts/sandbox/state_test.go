package sandbox

import (
	"errors"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/internal/cputime"
)

// relaxed is a budget for tests of something else.
var relaxed = Budget{Instructions: 20_000_000, Time: 5 * time.Second}

func newState(t testing.TB, config Config) *State {
	t.Helper()
	s := New(config)
	t.Cleanup(s.Close)
	return s
}

func load(t testing.TB, s *State, source string) *lua.LFunction {
	t.Helper()
	fn, err := s.Load(source, "test.lua")
	if err != nil {
		t.Fatal(err)
	}
	return fn
}

// run runs a source and gives the results as text, joined by spaces, or the error.
func run(t testing.TB, s *State, source string) string {
	t.Helper()
	fn, err := s.Load(source, "test.lua")
	if err != nil {
		return err.Error()
	}
	values, err := s.Call(relaxed, fn)
	if err != nil {
		return err.Error()
	}
	words := make([]string, len(values))
	for i, value := range values {
		words[i] = value.String()
	}
	return strings.Join(words, " ")
}

func TestScriptsGiveWhatLuaGives(t *testing.T) {
	for name, c := range map[string]struct{ source, want string }{
		"concat":                   {`return "a" .. 1 .. "b" .. 2.5`, "a1b2.5"},
		"concat own parameter":     {`local function f(a) a = a .. "x" return a end return f("y")`, "yx"},
		"concat into parameters":   {`local function f(a, b) b, a = b .. "x", a .. "y" return a, b end return f(1, 2)`, "1y 2x"},
		"call into parameters":     {`local function f(a) a = (tostring(a)) return a end return f(1)`, "1"},
		"assignment of too few":    {`local a, b, c = 1, 2, 3 a, b, c = tostring(1), tostring(2) return a, b, c`, "1 2 nil"},
		"concat right first":       {`local m = setmetatable({}, {__concat = function(a, b) return "m" end}) return "a" .. m .. "b", m .. 1`, "am m"},
		"concat meta any value":    {`local m = setmetatable({}, {__concat = function() return 7 end}) return "a" .. m`, "7"},
		"concat refuses nil":       {`return "a" .. nil`, "test.lua:1: attempt to concatenate a nil value"},
		"concat nested":            {`return ("a" .. "b"):rep(2) .. #("c" .. "d")`, "abab2"},
		"concat one result":        {`local function two() return "x", "y" end return "a" .. two()`, "ax"},
		"concat varargs":           {`local function f(...) return "a" .. ... end return f("b", "c")`, "ab"},
		"tail call gives all":      {`local function f() return 1, 2, 3 end local function g() return f() end return g()`, "1 2 3"},
		"pcall":                    {`return pcall(function() error("x", 0) end)`, "false x"},
		"pcall passes results":     {`return pcall(function(...) return ... end, 1, 2)`, "true 1 2"},
		"pcall of no function":     {`return (pcall(nil))`, "false"},
		"pcall of a table error":   {`local _, e = pcall(error, {message = "m"}) return e.message`, "m"},
		"xpcall":                   {`return xpcall(function() error("x", 0) end, function(e) return "h" .. e end)`, "false hx"},
		"xpcall arguments":         {`return xpcall(function(a) return a end, print, 5)`, "true 5"},
		"xpcall bad handler":       {`return xpcall(function() error("x", 0) end, function() error("y", 0) end)`, "false error in error handling"},
		"assert":                   {`return select(2, pcall(assert, false, "why"))`, "why"},
		"assert results":           {`return assert(1, 2)`, "1 2"},
		"tostring":                 {`return tostring(setmetatable({}, {__tostring = function() return "T" end}))`, "T"},
		"find":                     {`return ("hello world"):find("o w")`, "5 7"},
		"find plain":               {`return ("a.b"):find(".", 1, true)`, "2 2"},
		"find captures":            {`return ("key = value"):find("(%w+)%s*=%s*(%w+)")`, "1 11 key value"},
		"find from the end":        {`return ("abcabc"):find("b", -3)`, "5 5"},
		"find empty":               {`return ("abc"):find("", 2)`, "2 1"},
		"match":                    {`return ("2026-11-20"):match("(%d+)-(%d+)-(%d+)")`, "2026 11 20"},
		"match position":           {`return ("abc"):match("b()")`, "3"},
		"match set":                {`return ("x-]y"):match("[%]%-]+")`, "-]"},
		"match range":              {`return ("abc123"):match("[a-c]+"), ("abc"):match("[^a]+")`, "abc bc"},
		"match lazy":               {`return ("<a><b>"):match("<(.-)>")`, "a"},
		"match optional":           {`return ("colour color"):gsub("colou?r", "c")`, "c c 2"},
		"match back":               {`return ("say 'hi'"):match("(['\"])(.-)%1")`, "' hi"},
		"match balance":            {`return ("f(a(b)c)d"):match("%b()")`, "(a(b)c)"},
		"match frontier":           {`return ("THE (quick) fox"):find("%f[%a]%a+%f[%A]")`, "1 3"},
		"match anchors":            {`return ("abc"):match("^b"), ("abc"):match("c$"), ("a$"):match("$$")`, "nil c $"},
		"match nothing":            {`return ("abc"):match("x")`, "nil"},
		"gmatch":                   {`local t = {} for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do t[#t+1] = k .. v end return table.concat(t, ";")`, "a1;b2"},
		"gmatch empty":             {`local n = 0 for _ in ("abc"):gmatch("x*") do n = n + 1 end return n`, "4"},
		"gsub template":            {`return ("hello"):gsub("(l)(l)", "%2-%1%%%0")`, "hel-l%llo 1"},
		"gsub function":            {`return ("abc"):gsub("%w", function(c) if c == "b" then return "X" end end)`, "aXc 3"},
		"gsub table":               {`return ("$a $b"):gsub("%$(%w)", {a = 1})`, "1 $b 2"},
		"gsub empty":               {`return ("abc"):gsub("", "-")`, "-a-b-c- 4"},
		"gsub limit":               {`return ("aaa"):gsub("a", "b", 2)`, "bba 2"},
		"gsub anchored":            {`return ("aaa"):gsub("^a", "b")`, "baa 1"},
		"format":                   {`return ("%5.1f|%-4d|%04d|%s|%x|%q|%%|%c"):format(3.14159, 7, 42, true, 255, 'a"b', 65)`, `  3.1|7   |0042|true|ff|"a\"b"|%|A`},
		"format g":                 {`return ("%g %g %g"):format(1/3, 1e20, 5)`, "0.333333 1e+20 5"},
		"format text number":       {`return ("%d"):format("12")`, "12"},
		"byte and char":            {`return ("abc"):byte(1, -1), string.char(72, 105), ("x"):byte(9)`, "97 Hi"},
		"byte all":                 {`return ("abc"):byte(1, -1)`, "97 98 99"},
		"sub":                      {`return ("hello"):sub(2, -2), ("hello"):sub(-3), ("x"):sub(5)`, "ell llo "},
		"case":                     {`return ("aB"):upper(), ("aB"):lower(), ("abc"):reverse(), ("ab"):len()`, "AB ab cba 2"},
		"case of bytes":            {`return ("aB\255"):upper() == "AB\255", ("aB\255Zz["):lower() == "ab\255zz["`, "true true"},
		"rep":                      {`return ("ab"):rep(3), ("ab"):rep(-1), (""):rep(1e9)`, "ababab  "},
		"sort":                     {`local t = {3, 1, 2} table.sort(t) return unpack(t)`, "1 2 3"},
		"sort by":                  {`local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) return unpack(t)`, "3 2 1"},
		"sort failing leaves it":   {`local t = {3, 1, 2} pcall(table.sort, t, function() error() end) return unpack(t)`, "3 1 2"},
		"insert and remove":        {`local t = {1, 3} table.insert(t, 2, 2) table.insert(t, 4) return table.remove(t, 1), table.remove(t), unpack(t)`, "1 4 2 3"},
		"remove from empty":        {`return table.remove({})`, ""},
		"concat table":             {`return table.concat({1, "a", 2}, "-"), table.concat({1, 2, 3}, ",", 2, 3), table.concat({})`, "1-a-2 2,3 "},
		"unpack":                   {`return unpack({1, 2, 3}, 2)`, "2 3"},
		"unpack nils":              {`return select("#", unpack({}, 1, 3))`, "3"},
		"coroutine":                {`local c = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end) return c(1), c(10)`, "2 20"},
		"coroutine tail yield":     {`local c = coroutine.wrap(function() return coroutine.yield(1) end) return c(), c("x")`, "1 x"},
		"resumed with too little":  {`local c = coroutine.wrap(function() local a, b = coroutine.yield() local t = {coroutine.yield()} local d = coroutine.yield() return a, b, #t, d end) c() c(1) c() return c()`, "1 nil 0 nil"},
		"resumed with too much":    {`local c = coroutine.wrap(function() local a = coroutine.yield() local b, d coroutine.yield() return a, b, d end) c() c(1, 2, 3) return c(4, 5)`, "1 nil nil"},
		"resumed with all":         {`local c = coroutine.wrap(function() return coroutine.yield() end) c() return c(1, 2, 3)`, "1 2 3"},
		"coroutine status":         {`local c c = coroutine.create(function() return coroutine.status(c) end) local s = coroutine.status(c) local _, r = coroutine.resume(c) return s, r, coroutine.status(c)`, "suspended running dead"},
		"coroutine error":          {`local c = coroutine.create(function() error("x", 0) end) local ok, e = coroutine.resume(c) return ok, e, coroutine.resume(c)`, "false x false cannot resume dead coroutine"},
		"coroutine resumes itself": {`local c c = coroutine.create(function() return coroutine.resume(c) end) return coroutine.resume(c)`, "true false cannot resume non-suspended coroutine"},
		"wrap error twice":         {`local c = coroutine.wrap(function() error("x", 0) end) pcall(c) return pcall(c)`, "false cannot resume dead coroutine"},
		"coroutine in deep call":   {`local function f(n) if n == 0 then return coroutine.yield("deep") end local r = f(n - 1) return r end local c = coroutine.wrap(f) return c(5), c("up")`, "deep up"},
		"yield over __call":        {`local o = setmetatable({}, {__call = function(self, x) return coroutine.yield(x) end}) local c = coroutine.wrap(function() return o(3) end) return c(), c(4)`, "3 4"},
		"upvalues":                 {`local n = 0 local function f() n = n + 1 return n end f() return f()`, "2"},
		"goto":                     {`local i = 0 ::a:: i = i + 1 if i < 3 then goto a end return i`, "3"},
		"long literal table":       {`return #{` + strings.Repeat("1,", 20000) + `}`, "20000"},
		"random in range":          {`math.randomseed(1) local r = math.random(3, 3) return r, math.random(1) `, "3 1"},
		"random empty":             {`return pcall(math.random, 0)`, "false bad argument #1 to '?' (interval is empty)"},
		"string metatable":         {`return getmetatable(""), getmetatable(print), getmetatable(1)`, "nil nil nil"},
		"no string setmetatable":   {`return (pcall(setmetatable, "", {}))`, "false"},
		"protected metatable":      {`local t = setmetatable({}, {__metatable = "no"}) return getmetatable(t), (pcall(setmetatable, t, {}))`, "no false"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := run(t, newState(t, Config{}), c.source); got != c.want {
				t.Errorf("%s\n gives %q\nwanted %q", c.source, got, c.want)
			}
		})
	}
}

func TestOnlyHarmlessGlobalsExist(t *testing.T) {
	const want = "_G _VERSION assert coroutine error getmetatable ipairs math next os pairs pcall print " +
		"rawequal rawget rawset require select setmetatable string table tonumber tostring type unpack xpcall"
	got := run(t, newState(t, Config{}), `local t = {} for k in pairs(_G) do t[#t+1] = k end table.sort(t) return table.concat(t, " ")`)
	if got != want {
		t.Errorf("globals\n%s\nwanted\n%s", got, want)
	}
	got = run(t, newState(t, Config{}), `local t = {} for k in pairs(os) do t[#t+1] = k end table.sort(t) return table.concat(t, " ")`)
	if got != "clock date difftime time" {
		t.Errorf("os has %s", got)
	}
}

func TestYieldWhereItWouldBreakTheMachineIsAnError(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"main":       {`coroutine.yield()`, "outside a coroutine"},
		"pcall":      {`pcall_(function() coroutine.yield() end)`, "inside a library function"},
		"pcall tail": {`return pcall_(function() return coroutine.yield() end)`, "inside a library function"},
		"bare pcall": {`pcall_(coroutine.yield)`, "inside a library function"},
		"xpcall":     {`error(select(2, xpcall(function() coroutine.yield() end, tostring)))`, "inside a library function"},
		"sort":       {`table.sort({1, 2, 3}, function() coroutine.yield() end)`, "inside a library function"},
		"gsub":       {`("abc"):gsub("b", function() coroutine.yield() end)`, "inside a library function"},
		"index":      {`local x = setmetatable({}, {__index = function() coroutine.yield() end}).x`, "inside a metamethod"},
		"index tail": {`local x = setmetatable({}, {__index = function() return coroutine.yield() end}).x`, "inside a metamethod"},
		"bare index": {`local x = setmetatable({}, {__index = coroutine.yield}).x`, "inside a metamethod"},
		"add":        {`local x = setmetatable({}, {__add = function() coroutine.yield() end}) + 1`, "inside a metamethod"},
		"eq":         {`local m = {__eq = function() coroutine.yield() end} local x = setmetatable({}, m) == setmetatable({}, m)`, "inside a metamethod"},
		"newindex":   {`setmetatable({}, {__newindex = function() coroutine.yield() end}).x = 1`, "inside a metamethod"},
		"concat":     {`local x = "a" .. setmetatable({}, {__concat = function() coroutine.yield() end})`, "inside a metamethod"},
		"iterator":   {`for x in function() coroutine.yield() end do end`, "inside an iterator"},
		"bare iter":  {`for x in coroutine.yield do end`, "inside an iterator"},
		"deep":       {`local function f() coroutine.yield() end for x in function() f() end do end`, "inside"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newState(t, Config{})
			body := c.body
			source := `local pcall_ = function(...) local ok, e = pcall(...) if not ok then error(e, 0) end end
				local c = coroutine.create(function() ` + body + ` end)
				local ok, e = coroutine.resume(c) return ok, e, coroutine.status(c)`
			if name == "main" {
				source = body
			}
			if got := run(t, s, source); !strings.Contains(got, "cannot yield "+c.want) {
				t.Errorf("got %q", got)
			}
			if got := run(t, s, `return coroutine.wrap(function() return coroutine.yield(7) end)()`); got != "7" {
				t.Errorf("afterwards a coroutine gives %q", got)
			}
			if s.Broken() != nil {
				t.Error(s.Broken())
			}
		})
	}
}

func TestYieldThatDoesNotFitLeavesCoroutinesUsable(t *testing.T) {
	s := newState(t, Config{})
	got := run(t, s, `failed = 0 -- a local would not be the same one after an error
		local e = {}
		local function give() coroutine.yield(unpack(e, 1, 8000)) end
		local function deep(n, ...)
			if n > 0 then return (deep(n - 1, ...)) end
			for i = 1, 40 do if not pcall(coroutine.wrap(give)) then failed = failed + 1 end end
		end
		pcall(deep, 7, unpack(e, 1, 7500))
		return failed > 32, coroutine.wrap(function() return 1 end)()`)
	if got != "true 1" {
		t.Errorf("got %q", got)
	}
}

func TestErrorsSayWhere(t *testing.T) {
	s := newState(t, Config{})
	fn := load(t, s, "local function open()\n  local x = nil\n  x.y = 1\nend\nlocal function poke()\n  open()\nend\npoke()")
	_, err := s.Call(relaxed, fn)
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%T: %v", err, err)
	}
	if e.File != "test.lua" || e.Line != 3 || !strings.Contains(e.Function, "open") || !strings.Contains(e.Traceback, "poke") {
		t.Errorf("%+v", *e)
	}
}

func TestThrownTextsOfAnyLengthAreReadAtOnce(t *testing.T) {
	s := newState(t, Config{})
	for _, text := range []string{":", "1:", "a:\\n", "x"} {
		fn := load(t, s, `error(("`+text+`"):rep(2^19), 0)`)
		var err error
		took := cputime.Of(func() { _, err = s.Call(relaxed, fn) })
		var e *Error
		if !errors.As(err, &e) || len(e.Message) > maxMessage+len("…") || took > 500*time.Millisecond {
			t.Errorf("%q: %.100v after %v", text, err, took)
		}
	}
}

func TestSyntaxErrorsSayWhere(t *testing.T) {
	for name, c := range map[string]struct{ source, want string }{
		"token":   {"x = 1\ny = = 2", "test.lua:2: "},
		"end":     {"if x then", "end of the file"},
		"string":  {"\n\nx = \"abc", "test.lua:3: "},
		"name":    {"f = function(a, 1) end", "<name> or '...' expected near '1'"},
		"names":   {"f = function(a,) end", "<name> or '...' expected near ')'"},
		"rest":    {"f = function(..., a) end", "')' expected near ','"},
		"break":   {"\nbreak", "test.lua:2: "},
		"goto":    {"goto nowhere", "nowhere"},
		"too big": {"local goto = 1 goto = ", "test.lua:1: unexpected symbol"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := run(t, newState(t, Config{}), c.source); !strings.Contains(got, c.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestModulesLoadOnce(t *testing.T) {
	sources := map[string]string{
		"once": "n = (n or 0) + 1 return {n = n}", "a": `require "b"`, "b": `require "a"`,
		"bad": "error('bad module')", "syntax": "x = = 1", "plain": "",
	}
	s := newState(t, Config{Require: func(name string) (string, string, bool) {
		source, ok := sources[name]
		return source, name + ".lua", ok
	}})
	s.Preload("loci.vec", lua.LString("vec"))
	for name, c := range map[string]struct{ source, want string }{
		"once":    {`return require("once").n, require("once").n, require("once") == require("once")`, "1 1 true"},
		"preload": {`return require "loci.vec"`, "vec"},
		"plain":   {`return require "plain"`, "true"},
		"cycle":   {`require "a"`, "a → b → a"},
		"missing": {`require "nothing"`, `no module "nothing"`},
		"bad":     {`require "bad"`, "bad.lua:1: bad module"},
		"syntax":  {`require "syntax"`, "syntax.lua:1: "},
	} {
		t.Run(name, func(t *testing.T) {
			if got := run(t, s, c.source); !strings.Contains(got, c.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestPrintGoesToTheHost(t *testing.T) {
	var lines []string
	s := newState(t, Config{Print: func(line string) { lines = append(lines, line) }})
	run(t, s, `print("a", 1, nil)`)
	if len(lines) != 1 || lines[0] != "a\t1\tnil" {
		t.Errorf("%q", lines)
	}
}

func TestPanicOfAGoFunctionBreaksTheState(t *testing.T) {
	for name, source := range map[string]string{
		"direct":    `fail()`,
		"pcall":     `while true do pcall(fail) end`,
		"coroutine": `while true do coroutine.resume(coroutine.create(function() fail() end)) end`,
		"wrap":      `while true do pcall(coroutine.wrap(fails)) end`,
		"by value":  `coroutine.resume(coroutine.create(function() throw() end))`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newState(t, Config{})
			s.Lua().SetGlobal("fail", s.Lua().NewFunction(func(*lua.LState) int {
				var none []int
				return none[len(none)]
			}))
			s.Lua().SetGlobal("throw", s.Lua().NewFunction(func(*lua.LState) int { panic("boom") }))
			run(t, s, `function fails() fail() end`)
			if _, err := s.Call(relaxed, load(t, s, source)); !errors.Is(err, ErrBroken) {
				t.Errorf("call: %v", err)
			}
			if _, err := s.Call(relaxed, load(t, s, "")); !errors.Is(err, ErrBroken) {
				t.Errorf("next call: %v", err)
			}
		})
	}
}

func TestNoTextOfAnErrorBreaksTheState(t *testing.T) {
	const text = `"runtime error: invalid memory address or nil pointer dereference"`
	for name, source := range map[string]string{
		"error":     `error(` + text + `, 0)`,
		"assert":    `assert(false, ` + text + `)`,
		"table":     `error({message = ` + text + `})`,
		"pcall":     `pcall(error, ` + text + `, 0) error("x")`,
		"xpcall":    `xpcall(function() error("x") end, function() error(` + text + `, 0) end) error("x")`,
		"coroutine": `coroutine.resume(coroutine.create(function() error(` + text + `, 0) end)) error("x")`,
		"wrap":      `coroutine.wrap(function() error(` + text + `, 0) end)()`,
		"tostring":  `error(setmetatable({}, {__tostring = function() return ` + text + ` end}))`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newState(t, Config{})
			withWait(s)
			if _, err := s.Call(relaxed, load(t, s, source)); err == nil || errors.Is(err, ErrBroken) {
				t.Errorf("call: %v", err)
			}
			if _, err := newTask(t, s, source).Resume(relaxed); err == nil || errors.Is(err, ErrBroken) {
				t.Errorf("task: %v", err)
			}
			if got := run(t, s, `return 1`); got != "1" || s.Broken() != nil {
				t.Errorf("afterwards %q, %v", got, s.Broken())
			}
		})
	}
}
