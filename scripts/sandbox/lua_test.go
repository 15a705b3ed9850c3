package sandbox

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestByteOrderMarkAndFirstLineAreSkipped(t *testing.T) {
	for name, c := range map[string]struct{ source, want string }{
		"mark":              {"\ufeffreturn 1", "1"},
		"shebang":           {"#!/usr/bin/env lua\nreturn 2", "2"},
		"mark and shebang":  {"\ufeff#!/usr/bin/lua\r\nreturn 3", "3"},
		"only a shebang":    {"#!/usr/bin/lua", ""},
		"line of an error":  {"\ufeff#!lua\n\nerror('x')", "test.lua:3: x"},
		"line of a mistake": {"#!lua\nx = = 1", "test.lua:2: unexpected symbol near '='"},
		"mark in a text":    {"return #'\ufeff'", "3"},
		"mark further down": {"\n\ufeffreturn 1", "test.lua:2: unexpected symbol near 'char(239)'"},
	} {
		if got := run(t, newState(t, Config{}), c.source); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestMissingEndNamesTheBlock(t *testing.T) {
	for name, c := range map[string]struct{ source, want string }{
		"function":  {"\nlocal function f()\n  return 1\n", "4: 'end' expected (to close 'function' at line 2) at the end of the file"},
		"one line":  {"if x then", "1: 'end' expected at the end of the file"},
		"repeat":    {"repeat\n  x = 1\nend", "3: 'until' expected (to close 'repeat' at line 1) near 'end'"},
		"bracket":   {"f(1,\n2\nx = 1", "3: ')' expected (to close '(' at line 1) near 'x'"},
		"table":     {"x = {\n1,\n2\ny = 1", "4: '}' expected (to close '{' at line 1) near 'y'"},
		"inner if":  {"function f()\n  if x then\n    y()\nend\n\nfunction g()\nend\n", "8: 'end' expected (to close 'function' at line 1) at the end of the file; is the 'if' at line 2 closed?"},
		"inner for": {"place.on('x', function()\n  for i = 1, 3 do\n    if i then y() end\nend)\n", "4: 'end' expected (to close 'function' at line 1) near ')'; is the 'for' at line 2 closed?"},
		"one more":  {"if x then\nend\nend", "3: '<eof>' expected near 'end'"},
		"text":      {"x = 1\ny = 'abc", "2: unfinished string at the end of the file"},
		"long text": {"\nx = [[abc\n\n", "4: unfinished long string (began at line 2) at the end of the file"},
		"escape":    {`x = "\300"`, `1: escape sequence too large near '"\300'`},
		"number":    {"x = 3x", "1: malformed number near '3x'"},
		"break":     {"\nbreak", "2: no loop to break at the end of the file"},
		"varargs":   {"function f() return ... end", "1: cannot use '...' outside a vararg function near '...'"},
		"new call":  {"f\n(x)", "2: ambiguous syntax (function call x new statement) near '('"},
		"call":      {"(f)", "1: syntax error at the end of the file"},
		"assigned":  {"f() = 1", "1: syntax error near '='"},
		"last":      {"return 1\nx = 2", "2: 'return' must be the last statement of its block; near 'x'"},
	} {
		_, err := newState(t, Config{}).Load(c.source, "a.lua")
		if err == nil || err.Error() != "a.lua:"+c.want {
			t.Errorf("%s: %v\nwant a.lua:%s", name, err, c.want)
		}
	}
}

func TestGotoIsANameElsewhere(t *testing.T) {
	for source, want := range map[string]string{
		"local goto = 1 return goto":                                           "1",
		"goto = 2 return goto + 1":                                             "3",
		"local t = { goto = 4 } return t.goto":                                 "4",
		"for i = 1, 3 do if i == 2 then goto on end x = i ::on:: end return x": "3",
		"do goto over end local x ::over:: return x":                           "test.lua:1: goto over jumps into the scope of local 'x'",
		"::a:: ::a::":  "test.lua:1: label 'a' already defined at line 1",
		"goto nowhere": "test.lua:1: no visible label 'nowhere' for goto",
		"local fs, i = {}, 1 ::top:: local x = i fs[i] = function() x = x + 1 return x end i = i + 1 if i < 4 then goto top end return fs[1](), fs[1](), fs[2](), fs[3]()": "2 3 3 4",
		"local f repeat local x = 1 if not f then f = function() return x end goto on end x = 2 ::on:: until f return f()":                                                 "1",
	} {
		if got := run(t, newState(t, Config{}), source); got != want {
			t.Errorf("%s gives %q, want %q", source, got, want)
		}
	}
}

func TestErrorsKeepTheirLines(t *testing.T) {
	for want, source := range map[string]string{
		"test.lua:3: attempt to perform arithmetic on global 'x' (a nil value)": "local a,\n b = 1,\n x + 1",
		"test.lua:4: attempt to call global 'f' (a nil value)":                  "\n\n\nf(\n1,\n2)",
		"test.lua:2: attempt to call method 'nope' (a nil value)":               "local s = ''\ns:nope(\n)",
		"test.lua:5: attempt to index field 'b' (a nil value)":                  "local t = {}\n\n\n\nt.a = t.b.c",
		"test.lua:3: attempt to concatenate local 'n' (a nil value)":            "local n\nreturn 'a'\n.. n\n",
		"test.lua:4: attempt to compare number with nil":                        "local n\nif true then\nelse end\nif 1 < n then end",
		"test.lua:2: 'for' limit must be a number":                              "\nfor i = 1, {} do\nend",
		"test.lua:6: attempt to call local 'v' (a number value)":                "local t = { 1 }\nfor i,\nv in\nipairs(t)\ndo\nv()\nend",
		"test.lua:3: attempt to index local 'a' (a nil value)":                  "local a\na.b, c = 1,\n2",
	} {
		if got := run(t, newState(t, Config{}), source); got != want {
			t.Errorf("%q gives %q, want %q", source, got, want)
		}
	}
}

func TestFunctionsAreNamedByWhereTheyStand(t *testing.T) {
	s := newState(t, Config{})
	_, err := s.Call(relaxed, load(t, s, `handlers = {}
		handlers.first = function()
			local function inner() local x = nil x() end
			inner()
		end
		function handlers.second()
			handlers.first()
		end`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Call(relaxed, load(t, s, "return handlers.second"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Call(relaxed, got[0])
	e, ok := err.(*Error)
	want := strings.Join([]string{
		"test.lua:3: function 'inner'",
		"test.lua:4: function 'first'",
		"test.lua:7: function at test.lua:6",
	}, "\n")
	if !ok || e.Error() != "test.lua:3: attempt to call local 'x' (a nil value)" || e.Traceback != want {
		t.Errorf("%v\n%s\nwant\n%s", err, e.Traceback, want)
	}
}

func TestLongListsKeepTheirLength(t *testing.T) {
	s := newState(t, Config{})
	values, err := s.Call(Budget{Time: time.Minute, Instructions: 1 << 30, Memory: -1}, load(t, s, `local t = {} for i = 1, 1100000 do t[#t + 1] = i end
		local n = 0 for _ in ipairs(t) do n = n + 1 end
		return #t, n, t[1100000], t[1048576]`))
	if got, want := fmt.Sprint(values, err), "[1100000 1100000 1100000 1048576] <nil>"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
