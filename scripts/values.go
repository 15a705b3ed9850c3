package scripts

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/scripts/sandbox"
)

// What an empty table means where it is going.
const (
	component = false // {}
	body      = true  // []
)

// convert makes plain data of a Lua value. Entities and agents become their ids, and
// components copies of themselves.
func (g *generation) convert(v lua.LValue, emptyArray bool) (any, error) {
	switch v := v.(type) {
	case lua.LBool:
		return bool(v), nil
	case *lua.LNilType:
		return nil, nil
	}
	return sandbox.Plain{EmptyArray: emptyArray, UserData: plainOf}.ToGo(g.s, v)
}

// plainOf is what a value of the host's means as plain data.
func plainOf(ud *lua.LUserData) (any, error) {
	switch v := ud.Value.(type) {
	case *entity:
		return v.id, nil
	case *agentValue:
		return v.agent.ID, nil
	case valuer:
		return v.plain(), nil
	}
	return nil, fmt.Errorf("%w: %s", sandbox.ErrPlain, nameOf(ud))
}

// valuer is a value of the host's that stands for plain data, which must not be changed:
// whoever asks copies it.
type valuer interface{ plain() any }

// measured is convert within a size, in bytes, and tells how much of it was taken.
func (g *generation) measured(v lua.LValue, most int) (value any, size int, err error) {
	if most <= 0 {
		return nil, 0, fmt.Errorf("%w: too large", sandbox.ErrPlain)
	}
	value, err = sandbox.Plain{Size: most, UserData: plainOf}.ToGo(g.s, v)
	return value, len(netcode.AppendValue(nil, value)), err
}

// toGo is convert for an API function: what cannot be converted is a script's error.
func (g *generation) toGo(L *lua.LState, v lua.LValue, emptyArray bool) any {
	value, err := g.convert(v, emptyArray)
	g.check(L, err)
	return value
}

// toLua makes a Lua value of plain data, as an API function.
func (g *generation) toLua(L *lua.LState, v any) lua.LValue {
	value, err := g.value(v)
	g.check(L, err)
	return value
}

// value makes a Lua value of plain data.
func (g *generation) value(v any) (lua.LValue, error) {
	switch v := v.(type) {
	case nil:
		return lua.LNil, nil
	case bool:
		return lua.LBool(v), nil
	case string:
		return lua.LString(v), nil
	case float64:
		return lua.LNumber(v), nil
	case uint64:
		return lua.LNumber(v), nil
	}
	return sandbox.Plain{Size: MaxValue}.ToLua(g.s, v)
}

// MaxValue is how large plain data may be that is made a Lua value, such as a request's
// args: text, and 8 bytes for each value and key. Whoever sends more would hold up the
// place: it is an error in the script that looks at it. Parts of components are looked
// at one by one, and may be larger.
const MaxValue = 256 << 10

// MaxJSON is the longest text that place.json.decode reads, in bytes.
const MaxJSON = 128 << 10

// check raises an error of Go's in the script.
func (g *generation) check(L *lua.LState, err error) {
	if err != nil {
		L.RaiseError("%s", err.Error())
	}
}

// nameOf says what a value of the host's is, for people.
func nameOf(v lua.LValue) string {
	if ud, ok := v.(*lua.LUserData); ok {
		if named, ok := ud.Value.(fmt.Stringer); ok {
			return named.String()
		}
	}
	return v.Type().String()
}

// userdata wraps a value of the host's.
func (g *generation) userdata(value any, metatable *lua.LTable) *lua.LUserData {
	ud := g.L.NewUserData()
	ud.Value = value
	ud.Metatable = metatable
	return ud
}

// metatable makes one for a kind of values that scripts can neither see nor change.
func (g *generation) metatable(kind string, functions map[string]lua.LGFunction) *lua.LTable {
	t := g.L.NewTable()
	t.RawSetString("__metatable", lua.LString(kind))
	t.RawSetString("__tostring", g.L.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LString(nameOf(L.Get(1))))
		return 1
	}))
	for name, f := range functions {
		t.RawSetString(name, g.L.NewFunction(f))
	}
	return t
}

// refused is what becomes of writing to a value that scripts cannot change.
func refused(format string, args ...any) lua.LGFunction {
	return func(L *lua.LState) int {
		L.RaiseError(format, args...)
		return 0
	}
}

// argument gives the value of the host's that argument n is, or raises an error.
func argument[T any](L *lua.LState, n int, want string) T {
	if ud, ok := L.Get(n).(*lua.LUserData); ok {
		if v, ok := ud.Value.(T); ok {
			return v
		}
	}
	L.ArgError(n, fmt.Sprintf("%s expected, got %s", want, nameOf(L.Get(n))))
	panic("unreachable")
}
