package sandbox

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/scripts/internal/syntax"
)

// toNumber converts a number, or a text that is one, as Lua does.
func toNumber(value lua.LValue) (lua.LNumber, bool) {
	switch v := value.(type) {
	case lua.LNumber:
		return v, true
	case lua.LString:
		n, ok := syntax.ParseNumber(string(v))
		return lua.LNumber(n), ok
	}
	return 0, false
}

// argumentError raises an error about argument n of the function that runs.
func argumentError(L *lua.LState, n int, message string) {
	function := "?"
	if f := currentFrame(L).calledAs(); f != "" {
		var kind string
		kind, function, _ = strings.Cut(f, " ")
		function = strings.Trim(function, "'")
		if kind == "method" {
			if n--; n == 0 {
				raiseHere(L, "calling '%s' on bad self (%s)", function, message)
			}
		}
	}
	raiseHere(L, "bad argument #%d to '%s' (%s)", n, function, message)
}

// typeError raises an error about argument n, which is not of the type expected.
func typeError(L *lua.LState, n int, expected string) {
	got := "no value"
	if n <= L.GetTop() {
		got = L.Get(n).Type().String()
	}
	argumentError(L, n, fmt.Sprintf("%s expected, got %s", expected, got))
}

// checkAny is argument n, which may be nil but not absent.
func checkAny(L *lua.LState, n int) lua.LValue {
	if n > L.GetTop() {
		argumentError(L, n, "value expected")
	}
	return L.Get(n)
}

func checkTable(L *lua.LState, n int) *lua.LTable {
	t, ok := L.Get(n).(*lua.LTable)
	if !ok {
		typeError(L, n, "table")
	}
	return t
}

func checkFunction(L *lua.LState, n int) *lua.LFunction {
	fn, ok := L.Get(n).(*lua.LFunction)
	if !ok {
		typeError(L, n, "function")
	}
	return fn
}

// number is argument n, a number or its text.
func number(L *lua.LState, n int) lua.LNumber {
	v, ok := toNumber(L.Get(n))
	if !ok {
		typeError(L, n, "number")
	}
	return v
}

// text is argument n, a string or a number as tostring makes it.
func text(L *lua.LState, n int) string {
	switch v := L.Get(n).(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return string(appendNumber(nil, v))
	}
	typeError(L, n, "string")
	return ""
}

// optionalText is argument n, or otherwise where it is absent.
func optionalText(L *lua.LState, n int, otherwise string) string {
	if L.Get(n) == lua.LNil {
		return otherwise
	}
	return text(L, n)
}

// integer is argument n as an integer, or otherwise where it is absent. Numbers
// that fit no table index are cut to what does, so that sums cannot overflow.
func integer(L *lua.LState, n, otherwise int) int {
	if L.Get(n) == lua.LNil {
		return otherwise
	}
	return whole(number(L, n))
}

// checkInteger is argument n as an integer.
func checkInteger(L *lua.LState, n int) int { return whole(number(L, n)) }

func whole(n lua.LNumber) int {
	const most = 1 << 53
	switch {
	case n > most:
		return most
	case n >= -most:
		return int(n)
	}
	return -most // NaN as well, as C's conversion has it
}
