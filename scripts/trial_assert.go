package scripts

import (
	"fmt"
	"math"
	"strings"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"
)

func (tr *Trial) class() api.Class {
	return api.Class{
		Name: "loci.test", At: `require "loci.test"`,
		Doc: "In tests/*_test.lua only: what declares tests, and says what must be. Each takes a note as its last " +
			"argument that is shown if it fails.",
		Functions: []api.Function{
			{Name: "describe", Signature: "(name: string, declare: fun())", Doc: "Puts the tests that a function declares under a name.", Call: tr.trialDescribe},
			{Name: "it", Signature: "(name: string, test: fun(place: loci.TestPlace))", Doc: "Declares a test. It gets a place of its own.", Call: tr.trialIt},
			{Name: "before_each", Signature: "(prepare: fun(place: loci.TestPlace))", Doc: "Runs before each test that is declared below it, in the same block.", Call: tr.trialBeforeEach},
			{Name: "ok", Signature: "(value: any, note?: string): any", Doc: "Fails if a value is false or nil, and gives it otherwise.", Call: tr.trialOK},
			{Name: "equal", Signature: "(expected: any, got: any, note?: string)", Doc: "Fails unless both are the same: the same text, number, boolean, entity, agent or table.", Call: tr.trialEqual},
			{Name: "same", Signature: "(expected: any, got: any, note?: string)", Doc: "Fails unless both are the same, or tables that hold the same. A component counts as a table.", Call: tr.trialSame},
			{Name: "near", Signature: "(expected: number|number[], got: number|number[], within?: number, note?: string)", Doc: "Fails unless two numbers, or two tables of numbers, are within 1e-6 of each other, or what is said.", Call: tr.trialNear},
			{Name: "contains", Signature: "(part: any, whole: string|table, note?: string)", Doc: "Fails unless a text has a part, or a list an item like it.", Call: tr.trialContains},
			{Name: "error", Signature: "(fn: fun(), text?: string): string", Doc: "Fails unless a function fails, with an error that has the text in it. Gives the error.", Call: tr.trialError},
			{Name: "fail", Signature: "(why?: string)", Doc: "Fails.", Call: tr.trialFail},
		},
	}
}

// declares checks that tests are being declared, and not run.
func (tr *Trial) declares(L *lua.LState, what string) {
	if tr.Live() {
		L.RaiseError("%s declares tests, which a test cannot", what)
	}
}

func (tr *Trial) trialDescribe(L *lua.LState) int {
	tr.declares(L, "t.describe")
	name, declare := L.CheckString(1), L.CheckFunction(2)
	tr.scope = append(tr.scope, &trialScope{name: name})
	L.Push(declare)
	L.Call(0, 0)
	tr.scope = tr.scope[:len(tr.scope)-1]
	return 0
}

func (tr *Trial) trialIt(L *lua.LState) int {
	tr.declares(L, "t.it")
	c := &trialCase{fn: bind.Function(L, 2)}
	_, line, _ := strings.Cut(L.Where(1), ":")
	c.Line = bind.Line(line)
	for _, scope := range tr.scope {
		if scope.name != "" {
			c.Name += scope.name + ": "
		}
		c.before = append(c.before, scope.before...)
	}
	c.Name += L.CheckString(1)
	tr.cases = append(tr.cases, c)
	return 0
}

func (tr *Trial) trialBeforeEach(L *lua.LState) int {
	tr.declares(L, "t.before_each")
	scope := tr.scope[len(tr.scope)-1]
	scope.before = append(scope.before, bind.Function(L, 1))
	return 0
}

// fails fails the test, with the note that argument n is.
func (tr *Trial) fails(L *lua.LState, n int, format string, args ...any) int {
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

func (tr *Trial) trialOK(L *lua.LState) int {
	if v := L.Get(1); !lua.LVAsBool(v) {
		return tr.fails(L, 2, "expected something, got %s", v)
	}
	L.SetTop(1)
	return 1
}

func (tr *Trial) trialFail(L *lua.LState) int { return tr.fails(L, 1, "failed") }

func (tr *Trial) trialEqual(L *lua.LState) int {
	expected, got := L.Get(1), L.Get(2)
	if tr.identical(expected, got) {
		return 0
	}
	hint := ""
	if tr.difference(expected, got, "", 0) == "" {
		hint = "\n  they hold the same, but are two; t.same compares what they hold"
	}
	return tr.fails(L, 3, "not equal%s%s", compared(tr.show(expected), tr.show(got)), hint)
}

func (tr *Trial) trialSame(L *lua.LState) int {
	expected, got := L.Get(1), L.Get(2)
	at := tr.difference(expected, got, "", 0)
	if at == "" {
		return 0
	}
	text := compared(tr.show(expected), tr.show(got))
	if at != "value" {
		text += "\n  differ at " + at
	}
	return tr.fails(L, 3, "not the same%s", text)
}

func (tr *Trial) trialContains(L *lua.LState) int {
	part, whole := L.Get(1), L.Get(2)
	if text, ok := whole.(lua.LString); ok {
		if strings.Contains(string(text), L.CheckString(1)) {
			return 0
		}
		return tr.fails(L, 3, "%s is not in %s", tr.show(part), tr.show(whole))
	}
	list, ok := tr.tableOf(whole)
	if !ok {
		L.ArgError(2, "a text or a list expected, got "+bind.NameOf(whole))
	}
	for i := 1; i <= list.Len(); i++ {
		if tr.difference(part, list.RawGetInt(i), "", 0) == "" {
			return 0
		}
	}
	return tr.fails(L, 3, "%s is not in %s", tr.show(part), tr.show(whole))
}

func (tr *Trial) trialNear(L *lua.LState) int {
	expected, got := L.Get(1), L.Get(2)
	within := float64(L.OptNumber(3, 1e-6))
	if tr.nearly(expected, got, within) {
		return 0
	}
	return tr.fails(L, 4, "not within %g%s", within, compared(tr.show(expected), tr.show(got)))
}

func (tr *Trial) nearly(a, b lua.LValue, within float64) bool {
	x, isX := a.(lua.LNumber)
	y, isY := b.(lua.LNumber)
	if isX && isY {
		return math.Abs(float64(x-y)) <= within
	}
	s, isS := tr.tableOf(a)
	t, isT := tr.tableOf(b)
	if !isS || !isT || s.Len() != t.Len() || s.Len() == 0 {
		return false
	}
	for i := 1; i <= s.Len(); i++ {
		if !tr.nearly(s.RawGetInt(i), t.RawGetInt(i), within) {
			return false
		}
	}
	return true
}

// trialError calls by the scripts' own pcall, which a cut-off passes through.
func (tr *Trial) trialError(L *lua.LState) int {
	fn, text := L.CheckFunction(1), L.OptString(2, "")
	L.Push(L.GetGlobal("pcall"))
	L.Push(fn)
	L.Call(1, 2)
	if L.Get(-2) == lua.LTrue {
		return tr.fails(L, 3, "expected an error, and there was none")
	}
	thrown := L.Get(-1)
	message := L.ToStringMeta(thrown).String()
	if t, ok := thrown.(*lua.LTable); ok && t.RawGetString("message") != lua.LNil {
		message = t.RawGetString("message").String()
	}
	if !strings.Contains(message, text) {
		return tr.fails(L, 3, "another error%s", compared("… "+text+" …", message))
	}
	L.Push(lua.LString(message))
	return 1
}
