package bind

import (
	"cmp"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/internal/suggest"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/sandbox"
)

// State is a sandboxed Lua state that the API is put into.
type State struct {
	*sandbox.State
	L *lua.LState
}

// New makes a state in which pairs, ipairs, next and unpack go over values of the host's.
func New(config sandbox.Config) *State {
	s := &State{State: sandbox.New(config)}
	s.L = s.Lua()
	s.openIteration()
	return s
}

// Table makes a class's functions callable.
func (s *State) Table(c api.Class) *lua.LTable {
	t := s.L.CreateTable(0, len(c.Functions))
	for _, f := range c.Functions {
		price := cmp.Or(f.Price, api.DefaultPrice)
		t.RawSetString(f.Name, s.L.NewFunction(func(L *lua.LState) int {
			s.Charge(L, price)
			return f.Call(L)
		}))
	}
	return t
}

// Named is a value that is there for its functions.
type Named string

// String implements [fmt.Stringer].
func (n Named) String() string { return string(n) }

// Sealed makes a class a value that scripts cannot change, with its functions and some more
// values in it.
func (s *State) Sealed(name string, c api.Class, more ...Item) *lua.LUserData {
	functions := s.Table(c)
	for _, item := range more {
		functions.RawSetString(item.Name, item.Value)
	}
	meta := s.Metatable(name, map[string]lua.LGFunction{
		"__newindex": Refused("%s cannot be changed", name),
	})
	meta.RawSetString("__index", functions)
	unknown := s.L.NewTable()
	unknown.RawSetString("__index", s.L.NewFunction(func(L *lua.LState) int {
		key := L.Get(2).String()
		L.RaiseError("there is no %s.%s%s", name, key, suggest.From(key, c.Names()...))
		return 0
	}))
	functions.Metatable = unknown
	return s.Userdata(Named(name), meta)
}

// Item is a value by its name.
type Item struct {
	Name  string
	Value lua.LValue
}

// Userdata wraps a value of the host's.
func (s *State) Userdata(value any, metatable *lua.LTable) *lua.LUserData {
	ud := s.L.NewUserData()
	ud.Value = value
	ud.Metatable = metatable
	return ud
}

// Metatable makes one for a kind of values that scripts can neither see nor change.
func (s *State) Metatable(kind string, functions map[string]lua.LGFunction) *lua.LTable {
	t := s.L.NewTable()
	t.RawSetString("__metatable", lua.LString(kind))
	t.RawSetString("__tostring", s.L.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LString(NameOf(L.Get(1))))
		return 1
	}))
	for name, f := range functions {
		t.RawSetString(name, s.L.NewFunction(f))
	}
	return t
}

// Refused returns what happens on writing to a value that scripts cannot change.
func Refused(format string, args ...any) lua.LGFunction {
	return func(L *lua.LState) int {
		L.RaiseError(format, args...)
		return 0
	}
}

// Function returns argument n, a function written in Lua.
func Function(L *lua.LState, n int) *lua.LFunction {
	fn := L.CheckFunction(n)
	if fn.IsG {
		L.ArgError(n, "a function written in Lua expected")
	}
	return fn
}

// Where returns the place in a script that calls: "lib/doors.lua:3".
func Where(L *lua.LState) string { return strings.TrimSuffix(L.Where(1), ":") }

// Position splits "lib/doors.lua:3" into file and line, which is 0 where there is none.
func Position(at string) (file string, line int) {
	file, number, _ := strings.Cut(at, ":")
	return file, Line(number)
}

// Line reads the line of a position; it is 0 where there is none.
func Line(text string) int {
	n, _ := strconv.Atoi(strings.TrimRight(text, ": "))
	return n
}
