package sandbox

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// open runs one of gopher-lua's library openers. The first call of a state also
// makes its thread the main one, which coroutines rely on.
func (s *State) open(library lua.LGFunction) {
	s.lua.Push(s.lua.NewFunction(library))
	s.lua.Call(0, 0)
}

func (s *State) openBase() {
	s.open(lua.OpenBase)
	globals := s.lua.Get(lua.GlobalsIndex).(*lua.LTable)
	var drop []string
	globals.ForEach(func(key, _ lua.LValue) {
		if name := key.String(); name != "_G" && name != "_VERSION" {
			drop = append(drop, name)
		}
	})
	for _, name := range drop {
		globals.RawSetString(name, lua.LNil)
	}
	step := s.lua.NewFunction(ipairsStep)
	next := s.lua.NewFunction(baseNext)
	globals.RawSetString("next", next)
	s.lua.SetFuncs(globals, map[string]lua.LGFunction{
		"assert":       baseAssert,
		"error":        baseError,
		"getmetatable": baseGetMetatable,
		"ipairs": func(L *lua.LState) int {
			t := checkTable(L, 1)
			L.Push(step)
			L.Push(t)
			L.Push(lua.LNumber(0))
			return 3
		},
		"pairs": func(L *lua.LState) int {
			t := checkTable(L, 1)
			L.Push(next)
			L.Push(t)
			L.Push(lua.LNil)
			return 3
		},
		"pcall":        s.basePCall,
		"print":        s.basePrint,
		"rawequal":     baseRawEqual,
		"rawget":       baseRawGet,
		"rawset":       baseRawSet,
		"require":      s.require,
		"select":       baseSelect,
		"setmetatable": baseSetMetatable,
		"tonumber":     baseToNumber,
		"tostring":     baseToString,
		"type":         func(L *lua.LState) int { L.Push(lua.LString(checkAny(L, 1).Type().String())); return 1 },
		"unpack":       s.baseUnpack,
		"xpcall":       s.baseXPCall,
	})
}

func baseAssert(L *lua.LState) int {
	checkAny(L, 1)
	if L.ToBool(1) {
		return L.GetTop()
	}
	var message lua.LValue = lua.LString("assertion failed!")
	if given := L.Get(2); given != lua.LNil {
		message = given
	}
	if lua.LVCanConvToString(message) {
		message = lua.LString(place(L, 1) + string(appendText(nil, message)))
	}
	L.Error(message, 0)
	return 0
}

// baseError puts in front of a text where the error is, as the level says.
func baseError(L *lua.LState) int {
	value := L.Get(1)
	if level := integer(L, 2, 1); level > 0 && lua.LVCanConvToString(value) {
		value = lua.LString(place(L, level) + string(appendText(nil, value)))
	}
	L.Error(value, 0)
	return 0
}

// raiseHere raises an error at the function that called the one that runs, as Lua's
// libraries do: nowhere if that is not written in Lua.
func raiseHere(L *lua.LState, format string, args ...any) {
	L.Error(lua.LString(place(L, 1)+fmt.Sprintf(format, args...)), 0)
}

// place is "file:line: " of a function on the stack, or nothing where it is not
// written in Lua or not there.
func place(L *lua.LState, level int) string {
	frame, ok := L.GetStack(level)
	if !ok {
		return ""
	}
	if _, err := L.GetInfo("Sl", frame, lua.LNil); err != nil || frame.CurrentLine < 1 {
		return ""
	}
	return fmt.Sprintf("%s:%d: ", frame.Source, frame.CurrentLine)
}

func ipairsStep(L *lua.LState) int {
	t, i := checkTable(L, 1), number(L, 2)+1
	value := t.RawGet(i)
	L.Push(i)
	L.Push(value)
	if value == lua.LNil {
		return 1 // which is nil
	}
	return 2
}

// baseNext is next of Lua 5.1, which refuses a key that the table never had.
func baseNext(L *lua.LState) int {
	t := checkTable(L, 1)
	in := insideOf(t)
	list, from := 0, 0
	switch key := L.Get(2); {
	case key == lua.LNil:
	case isListKey(key):
		if list = int(key.(lua.LNumber)); list > len(in.array) {
			L.Error(lua.LString("invalid key to 'next'"), 0)
		}
	default:
		at, ok := in.k2i[key]
		if !ok {
			L.Error(lua.LString("invalid key to 'next'"), 0)
		}
		list, from = len(in.array), at+1
	}
	for ; list < len(in.array); list++ {
		if value := in.array[list]; value != lua.LNil {
			L.Push(lua.LNumber(list + 1))
			L.Push(value)
			return 2
		}
	}
	for ; from < len(in.keys); from++ {
		key := in.keys[from]
		if value := t.RawGetH(key); value != lua.LNil {
			L.Push(key)
			L.Push(value)
			return 2
		}
	}
	L.Push(lua.LNil)
	return 1
}

// isListKey reports whether a table's value for a key is in its array.
func isListKey(key lua.LValue) bool {
	n, ok := key.(lua.LNumber)
	return ok && n >= 1 && n < MaxArray && n == lua.LNumber(int(n))
}

func baseRawEqual(L *lua.LState) int {
	L.Push(lua.LBool(checkAny(L, 1) == checkAny(L, 2)))
	return 1
}

func baseRawGet(L *lua.LState) int {
	L.Push(checkTable(L, 1).RawGet(checkAny(L, 2)))
	return 1
}

func baseSelect(L *lua.LState) int {
	values := L.GetTop() - 1
	if L.Get(1) == lua.LString("#") {
		L.Push(lua.LNumber(values))
		return 1
	}
	n := checkInteger(L, 1)
	switch {
	case n < 0:
		n += values + 1
	case n > values:
		n = values + 1
	}
	if n < 1 {
		argumentError(L, 1, "index out of range")
	}
	return values - n + 1
}

func baseToNumber(L *lua.LState) int {
	base := integer(L, 2, 10)
	if base == 10 {
		if n, ok := toNumber(checkAny(L, 1)); ok {
			L.Push(n)
		} else {
			L.Push(lua.LNil)
		}
		return 1
	}
	digits := text(L, 1)
	if base < 2 || base > 36 {
		argumentError(L, 2, "base out of range")
	}
	L.Push(inBase(digits, base))
	return 1
}

// inBase is what C's strtoul reads, a sign and 0x included, or nil.
func inBase(text string, base int) lua.LValue {
	text = strings.Trim(text, " \t\n\v\f\r")
	digits := strings.TrimPrefix(strings.TrimPrefix(text, "-"), "+")
	if len(text)-len(digits) > 1 {
		return lua.LNil
	}
	if base == 16 && len(digits) > 2 && digits[0] == '0' && digits[1]|0x20 == 'x' {
		digits = digits[2:]
	}
	n, err := strconv.ParseUint(digits, base, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || strings.IndexByte(digits, '_') >= 0 {
		return lua.LNil
	}
	if text[0] == '-' && err == nil {
		n = -n
	}
	return lua.LNumber(n)
}

// baseGetMetatable gives tables' metatables only: the strings' is shared by the
// whole state, and the host's values keep theirs.
func baseGetMetatable(L *lua.LState) int {
	if t, ok := checkAny(L, 1).(*lua.LTable); ok {
		L.Push(L.GetMetatable(t))
		return 1
	}
	L.Push(lua.LNil)
	return 1
}

func baseSetMetatable(L *lua.LState) int {
	t := checkTable(L, 1)
	if mt := L.Get(2); L.GetTop() < 2 || mt != lua.LNil && mt.Type() != lua.LTTable {
		argumentError(L, 2, "nil or table expected")
	}
	if old, ok := t.Metatable.(*lua.LTable); ok && old.RawGetString("__metatable") != lua.LNil {
		raiseHere(L, "cannot change a protected metatable")
	}
	t.Metatable = L.Get(2)
	L.SetTop(1)
	return 1
}

func baseRawSet(L *lua.LState) int {
	t, key, value := checkTable(L, 1), checkAny(L, 2), checkAny(L, 3)
	if key == lua.LNil {
		L.Error(lua.LString("table index is nil"), 0)
	}
	if n, ok := key.(lua.LNumber); ok && n != n {
		L.Error(lua.LString("table index is NaN"), 0)
	}
	t.RawSet(key, value)
	L.SetTop(1)
	return 1
}

func baseToString(L *lua.LState) int {
	value := checkAny(L, 1)
	if method := L.GetMetaField(value, "__tostring"); method != lua.LNil {
		L.SetTop(1)
		L.Insert(method, 1)
		L.Call(1, 1) // what it returns is the result, whatever it is
		return 1
	}
	L.Push(lua.LString(toString(L, value)))
	return 1
}

// toString is what tostring makes of a value.
func toString(L *lua.LState, value lua.LValue) string {
	if n, ok := value.(lua.LNumber); ok {
		return string(appendNumber(nil, n))
	}
	switch made := L.ToStringMeta(value).(type) {
	case lua.LString:
		return string(made)
	case lua.LNumber:
		return string(appendNumber(nil, made))
	}
	raiseHere(L, "'tostring' must return a string to 'print'")
	return ""
}

func (s *State) basePrint(L *lua.LState) int {
	var words []string
	size := 0
	for i := 1; i <= L.GetTop(); i++ {
		word := toString(L, L.Get(i))
		size = bounded(L, size+len(word)+1)
		words = append(words, word)
	}
	s.charge(L, size/bytesPerInstruction)
	if s.config.Print != nil {
		s.config.Print(strings.Join(words, "\t"))
	}
	return 0
}

func (s *State) baseUnpack(L *lua.LState) int {
	t := checkTable(L, 1)
	first, last := integer(L, 2, 1), integer(L, 3, lengthOf(t))
	if last-first >= MaxValues {
		raiseHere(L, "unpack: more than %d values", MaxValues)
	}
	if first > last {
		return 0
	}
	s.charge(L, (last-first)/valuesPerInstruction)
	n := last - first + 1
	reserve(L, n)
	for i := first; i <= last; i++ {
		L.Push(L.RawGet(t, lua.LNumber(i)))
	}
	return n
}

// reserve makes room on the stack for n values. Pushed one by one they would have
// it copied again and again.
func reserve(L *lua.LState, n int) {
	top := L.GetTop()
	L.SetTop(top + n)
	L.SetTop(top)
}

func (s *State) basePCall(L *lua.LState) int {
	if !callable(L, checkAny(L, 1)) {
		L.Push(lua.LFalse)
		L.Push(lua.LString("attempt to call a " + L.Get(1).Type().String() + " value"))
		return 2
	}
	if err := s.protected(L, L.GetTop()-1); err != nil {
		L.SetTop(0)
		L.Push(lua.LFalse)
		L.Push(err.Object)
		return 2
	}
	L.Insert(lua.LTrue, 1)
	return L.GetTop()
}

func callable(L *lua.LState, value lua.LValue) bool {
	return value.Type() == lua.LTFunction || L.GetMetaField(value, "__call").Type() == lua.LTFunction
}

// baseXPCall calls the handler after the stack is gone: there is no debug
// library to look at it with. Further arguments are the function's, as later
// versions of Lua have it.
func (s *State) baseXPCall(L *lua.LState) int {
	handler := checkAny(L, 2)
	L.Remove(2)
	ok := lua.LTrue
	var thrown lua.LValue
	if !callable(L, L.Get(1)) {
		thrown = lua.LString("attempt to call a " + L.Get(1).Type().String() + " value")
	} else if err := s.protected(L, L.GetTop()-1); err != nil {
		thrown = err.Object
	}
	if thrown != nil {
		ok = lua.LFalse
		L.SetTop(0)
		L.Push(handler)
		L.Push(thrown)
		if err := s.protected(L, 1); err != nil {
			L.SetTop(0)
			L.Push(lua.LString("error in error handling"))
		}
		L.SetTop(1)
	}
	L.Insert(ok, 1)
	return L.GetTop()
}
