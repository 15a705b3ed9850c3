package sandbox

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// kept are gopher-lua's own base functions that are harmless as they are.
var kept = map[string]bool{
	"_G": true, "_VERSION": true, "error": true, "ipairs": true,
	"next": true, "pairs": true, "rawequal": true, "rawget": true, "select": true,
	"tonumber": true, "type": true,
}

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
		if name := key.String(); !kept[name] {
			drop = append(drop, name)
		}
	})
	for _, name := range drop {
		globals.RawSetString(name, lua.LNil)
	}
	s.lua.SetFuncs(globals, map[string]lua.LGFunction{
		"assert":       baseAssert,
		"getmetatable": baseGetMetatable,
		"pcall":        s.basePCall,
		"print":        s.basePrint,
		"rawset":       baseRawSet,
		"require":      s.require,
		"setmetatable": baseSetMetatable,
		"tostring":     baseToString,
		"unpack":       s.baseUnpack,
		"xpcall":       s.baseXPCall,
	})
}

func baseAssert(L *lua.LState) int {
	if L.ToBool(1) {
		return L.GetTop()
	}
	if L.GetTop() > 1 {
		L.Error(L.Get(2), 0)
	}
	L.RaiseError("assertion failed")
	return 0
}

// baseGetMetatable gives tables' metatables only: the strings' is shared by the
// whole state, and the host's values keep theirs.
func baseGetMetatable(L *lua.LState) int {
	if t, ok := L.CheckAny(1).(*lua.LTable); ok {
		L.Push(L.GetMetatable(t))
		return 1
	}
	L.Push(lua.LNil)
	return 1
}

func baseSetMetatable(L *lua.LState) int {
	t := L.CheckTable(1)
	L.CheckTypes(2, lua.LTNil, lua.LTTable)
	if old, ok := t.Metatable.(*lua.LTable); ok && old.RawGetString("__metatable") != lua.LNil {
		L.RaiseError("cannot change a protected metatable")
	}
	t.Metatable = L.Get(2)
	L.SetTop(1)
	return 1
}

func baseRawSet(L *lua.LState) int {
	t, key, value := L.CheckTable(1), L.CheckAny(2), L.CheckAny(3)
	if n, ok := key.(lua.LNumber); ok && n > MaxArray {
		L.RaiseError("rawset: index %v is above %d", n, MaxArray)
	}
	L.RawSet(t, key, value)
	L.SetTop(1)
	return 1
}

func baseToString(L *lua.LState) int {
	text, ok := L.ToStringMeta(L.CheckAny(1)).(lua.LString)
	if !ok {
		L.RaiseError("'__tostring' must return a string")
	}
	L.Push(text)
	return 1
}

func (s *State) basePrint(L *lua.LState) int {
	var words []string
	size := 0
	for i := 1; i <= L.GetTop(); i++ {
		word := L.ToStringMeta(L.Get(i)).String()
		size = bounded(L, size+len(word)+1)
		words = append(words, word)
	}
	s.charge(L, size/16)
	if s.config.Print != nil {
		s.config.Print(strings.Join(words, "\t"))
	}
	return 0
}

func (s *State) baseUnpack(L *lua.LState) int {
	t := L.CheckTable(1)
	first, last := integer(L, 2, 1), integer(L, 3, t.Len())
	if last-first >= MaxValues {
		L.RaiseError("unpack: more than %d values", MaxValues)
	}
	if first > last {
		return 0
	}
	s.charge(L, (last-first)/16)
	for i := first; i <= last; i++ {
		L.Push(L.RawGet(t, lua.LNumber(i)))
	}
	return last - first + 1
}

// integer is argument n as an integer, or otherwise where it is absent. Numbers
// that fit no table index are cut to what does, so that sums cannot overflow.
func integer(L *lua.LState, n, otherwise int) int {
	if L.Get(n) == lua.LNil {
		return otherwise
	}
	number := L.CheckNumber(n)
	const most = 1 << 53
	switch {
	case number != number:
		L.ArgError(n, "not a number")
	case number > most:
		return most
	case number < -most:
		return -most
	}
	return int(number)
}

// protected calls the function below nargs arguments on the stack. A cut-off
// and a broken state pass through it.
func (s *State) protected(L *lua.LState, nargs int) *lua.ApiError {
	err := L.PCall(nargs, lua.MultRet, nil)
	if err == nil {
		return nil
	}
	api := err.(*lua.ApiError)
	s.checkPanic(api)
	if s.meter.cut != nil {
		rethrow(api)
	}
	return api
}

func (s *State) basePCall(L *lua.LState) int {
	L.CheckAny(1)
	if err := s.protected(L, L.GetTop()-1); err != nil {
		L.SetTop(0)
		L.Push(lua.LFalse)
		L.Push(err.Object)
		return 2
	}
	L.Insert(lua.LTrue, 1)
	return L.GetTop()
}

// baseXPCall calls the handler after the stack is gone: there is no debug
// library to look at it with.
func (s *State) baseXPCall(L *lua.LState) int {
	L.CheckAny(1)
	handler := L.CheckFunction(2)
	L.Remove(2)
	ok := lua.LTrue
	if err := s.protected(L, L.GetTop()-1); err != nil {
		ok = lua.LFalse
		L.SetTop(0)
		L.Push(handler)
		L.Push(err.Object)
		if err := s.protected(L, 1); err != nil {
			L.SetTop(0)
			L.Push(err.Object)
		}
	}
	L.Insert(ok, 1)
	return L.GetTop()
}
