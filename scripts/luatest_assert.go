package scripts

import (
	"fmt"
	"math"
	"strings"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"
)

func (lt *LuaTest) class() api.Class {
	return api.Class{
		Name: "loci.test", At: `require "loci.test"`,
		Doc: "In tests/*_test.lua only: what declares tests, and says what must be. Each takes a note as its last " +
			"argument that is shown if it fails.",
		Functions: []api.Function{
			{Name: "describe", Signature: "(name: string, declare: fun())", Doc: "Puts the tests that a function declares under a name.", Call: lt.luatestDescribe},
			{Name: "it", Signature: "(name: string, test: fun(place: loci.TestPlace))", Doc: "Declares a test. It gets a place of its own.", Call: lt.luatestIt},
			{Name: "before_each", Signature: "(prepare: fun(place: loci.TestPlace))", Doc: "Runs before each test that is declared below it, in the same block.", Call: lt.luatestBeforeEach},
			{Name: "ok", Signature: "(value: any, note?: string): any", Doc: "Fails if a value is false or nil, and returns it otherwise.", Call: lt.luatestOK},
			{Name: "equal", Signature: "(expected: any, got: any, note?: string)", Doc: "Fails unless both are the same: the same text, number, boolean, entity, agent or table.", Call: lt.luatestEqual},
			{Name: "same", Signature: "(expected: any, got: any, note?: string)", Doc: "Fails unless both are the same, or tables that hold the same. A component counts as a table.", Call: lt.luatestSame},
			{Name: "near", Signature: "(expected: number|number[], got: number|number[], within?: number, note?: string)", Doc: "Fails unless two numbers, or two tables of numbers, are within 1e-6 of each other, or what is said.", Call: lt.luatestNear},
			{Name: "contains", Signature: "(part: any, whole: string|table, note?: string)", Doc: "Fails unless a text has a part, or a list an item like it.", Call: lt.luatestContains},
			{Name: "error", Signature: "(fn: fun(), text?: string): string", Doc: "Fails unless a function fails, with an error that has the text in it. Returns the error.", Call: lt.luatestError},
			{Name: "fail", Signature: "(why?: string)", Doc: "Fails.", Call: lt.luatestFail},
		},
	}
}

// declares checks that tests are being declared, and not run.
func (lt *LuaTest) declares(L *lua.LState, what string) {
	if lt.Live() {
		L.RaiseError("%s declares tests, which a test cannot", what)
	}
}

func (lt *LuaTest) luatestDescribe(L *lua.LState) int {
	lt.declares(L, "t.describe")
	name, declare := L.CheckString(1), L.CheckFunction(2)
	lt.scope = append(lt.scope, &luatestScope{name: name})
	L.Push(declare)
	L.Call(0, 0)
	lt.scope = lt.scope[:len(lt.scope)-1]
	return 0
}

func (lt *LuaTest) luatestIt(L *lua.LState) int {
	lt.declares(L, "t.it")
	c := &luatestCase{fn: bind.Function(L, 2)}
	_, line, _ := strings.Cut(L.Where(1), ":")
	c.Line = bind.Line(line)
	for _, scope := range lt.scope {
		if scope.name != "" {
			c.Name += scope.name + ": "
		}
		c.before = append(c.before, scope.before...)
	}
	c.Name += L.CheckString(1)
	lt.cases = append(lt.cases, c)
	return 0
}

func (lt *LuaTest) luatestBeforeEach(L *lua.LState) int {
	lt.declares(L, "t.before_each")
	scope := lt.scope[len(lt.scope)-1]
	scope.before = append(scope.before, bind.Function(L, 1))
	return 0
}

// fails fails the test, with the note that argument n is.
func (lt *LuaTest) fails(L *lua.LState, n int, format string, args ...any) int {
	text := fmt.Sprintf(format, args...)
	if note := L.Get(n); note != lua.LNil {
		text = L.ToStringMeta(note).String() + ": " + text
	}
	L.RaiseError("%s", text)
	return 0
}

// compared says what was expected and what came.
func compared(expected, got string) string {
	return "\n  expected: " + indented(expected) + "\n  got:      " + indented(got)
}

func indented(text string) string { return strings.ReplaceAll(text, "\n", "\n    ") }

func (lt *LuaTest) luatestOK(L *lua.LState) int {
	if v := L.Get(1); !lua.LVAsBool(v) {
		return lt.fails(L, 2, "expected something, got %s", v)
	}
	L.SetTop(1)
	return 1
}

func (lt *LuaTest) luatestFail(L *lua.LState) int { return lt.fails(L, 1, "failed") }

func (lt *LuaTest) luatestEqual(L *lua.LState) int {
	expected, got := L.Get(1), L.Get(2)
	if lt.identical(expected, got) {
		return 0
	}
	hint := ""
	if lt.difference(expected, got, "", 0) == "" {
		hint = "\n  they hold the same, but are two; t.same compares what they hold"
	}
	return lt.fails(L, 3, "not equal%s%s", compared(lt.show(expected), lt.show(got)), hint)
}

func (lt *LuaTest) luatestSame(L *lua.LState) int {
	expected, got := L.Get(1), L.Get(2)
	at := lt.difference(expected, got, "", 0)
	if at == "" {
		return 0
	}
	text := compared(lt.show(expected), lt.show(got))
	if at != "value" {
		text += "\n  differ at " + at
	}
	return lt.fails(L, 3, "not the same%s", text)
}

func (lt *LuaTest) luatestContains(L *lua.LState) int {
	part, whole := L.Get(1), L.Get(2)
	if text, ok := whole.(lua.LString); ok {
		if strings.Contains(string(text), L.CheckString(1)) {
			return 0
		}
		return lt.fails(L, 3, "%s is not in %s", lt.show(part), lt.show(whole))
	}
	list, ok := lt.tableOf(whole)
	if !ok {
		L.ArgError(2, "a text or a list expected, got "+bind.NameOf(whole))
	}
	for i := 1; i <= list.Len(); i++ {
		if lt.difference(part, list.RawGetInt(i), "", 0) == "" {
			return 0
		}
	}
	return lt.fails(L, 3, "%s is not in %s", lt.show(part), lt.show(whole))
}

func (lt *LuaTest) luatestNear(L *lua.LState) int {
	expected, got := L.Get(1), L.Get(2)
	within := float64(L.OptNumber(3, 1e-6))
	if lt.nearly(expected, got, within) {
		return 0
	}
	return lt.fails(L, 4, "not within %g%s", within, compared(lt.show(expected), lt.show(got)))
}

func (lt *LuaTest) nearly(a, b lua.LValue, within float64) bool {
	x, isX := a.(lua.LNumber)
	y, isY := b.(lua.LNumber)
	if isX && isY {
		return math.Abs(float64(x-y)) <= within
	}
	s, isS := lt.tableOf(a)
	t, isT := lt.tableOf(b)
	if !isS || !isT || s.Len() != t.Len() || s.Len() == 0 {
		return false
	}
	for i := 1; i <= s.Len(); i++ {
		if !lt.nearly(s.RawGetInt(i), t.RawGetInt(i), within) {
			return false
		}
	}
	return true
}

// luatestError calls by the scripts' own pcall, which a cut-off passes through.
func (lt *LuaTest) luatestError(L *lua.LState) int {
	fn, text := L.CheckFunction(1), L.OptString(2, "")
	L.Push(L.GetGlobal("pcall"))
	L.Push(fn)
	L.Call(1, 2)
	if L.Get(-2) == lua.LTrue {
		return lt.fails(L, 3, "expected an error, and there was none")
	}
	thrown := L.Get(-1)
	message := L.ToStringMeta(thrown).String()
	if t, ok := thrown.(*lua.LTable); ok && t.RawGetString("message") != lua.LNil {
		message = t.RawGetString("message").String()
	}
	if !strings.Contains(message, text) {
		return lt.fails(L, 3, "another error%s", compared("… "+text+" …", message))
	}
	L.Push(lua.LString(message))
	return 1
}
