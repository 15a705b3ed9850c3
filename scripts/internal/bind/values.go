package bind

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/scripts/sandbox"
)

// What an empty table means where it is going.
const (
	Component = false // {}
	Body      = true  // []
)

const (
	// MaxValue bounds plain data that becomes a Lua value, such as a request's args, in
	// bytes: text, and 8 for each value and key. More would let its sender hold up the
	// place: it is an error in the script that looks at it. Parts of components are looked
	// at one by one, and may be larger.
	MaxValue = 256 << 10
	// MaxJSON is the longest text that place.json.decode reads, in bytes.
	MaxJSON = 128 << 10
)

// Plain is a value of the host's that stands for plain data: an entity for its id, a
// component for what is in it. The result must not be changed: callers copy it.
type Plain interface{ Plain() any }

// Convert returns a Lua value as plain data. Entities and agents become their ids, and
// components copies of themselves.
func (s *State) Convert(v lua.LValue, emptyArray bool) (any, error) {
	switch v := v.(type) {
	case lua.LBool:
		return bool(v), nil
	case *lua.LNilType:
		return nil, nil
	}
	return sandbox.Plain{EmptyArray: emptyArray, UserData: plainOf}.ToGo(s.State, v)
}

// plainOf returns what a value of the host's means as plain data.
func plainOf(ud *lua.LUserData) (any, error) {
	if v, ok := ud.Value.(Plain); ok {
		return v.Plain(), nil
	}
	return nil, fmt.Errorf("%w: %s", sandbox.ErrPlain, NameOf(ud))
}

// Measured is [State.Convert] within a size, in bytes. It returns how much of it was taken.
func (s *State) Measured(v lua.LValue, most int) (value any, size int, err error) {
	if most <= 0 {
		return nil, 0, fmt.Errorf("%w: too large", sandbox.ErrPlain)
	}
	value, err = sandbox.Plain{Size: most, UserData: plainOf}.ToGo(s.State, v)
	return value, len(netcode.AppendValue(nil, value)), err
}

// ToGo is [State.Convert] for a function of the API: what cannot be converted is an error in
// the script.
func (s *State) ToGo(L *lua.LState, v lua.LValue, emptyArray bool) any {
	value, err := s.Convert(v, emptyArray)
	Check(L, err)
	return value
}

// ToLua is [State.Value] for a function of the API.
func (s *State) ToLua(L *lua.LState, v any) lua.LValue {
	value, err := s.Value(v)
	Check(L, err)
	return value
}

// Value makes a Lua value of plain data.
func (s *State) Value(v any) (lua.LValue, error) {
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
	return sandbox.Plain{Size: MaxValue}.ToLua(s.State, v)
}

// Check raises an error of Go's in the script.
func Check(L *lua.LState, err error) {
	if err != nil {
		L.RaiseError("%s", err.Error())
	}
}

// NameOf says what a value of the host's is, for people.
func NameOf(v lua.LValue) string {
	if ud, ok := v.(*lua.LUserData); ok {
		if named, ok := ud.Value.(fmt.Stringer); ok {
			return named.String()
		}
	}
	return v.Type().String()
}

// Argument returns argument n as a value of the host's, or raises an error.
func Argument[T any](L *lua.LState, n int, want string) T {
	if ud, ok := L.Get(n).(*lua.LUserData); ok {
		if v, ok := ud.Value.(T); ok {
			return v
		}
	}
	L.ArgError(n, fmt.Sprintf("%s expected, got %s", want, NameOf(L.Get(n))))
	panic("unreachable")
}

// Of returns the value of the host's that v is.
func Of[T any](v lua.LValue) (value T, ok bool) {
	if ud, isHost := v.(*lua.LUserData); isHost {
		value, ok = ud.Value.(T)
	}
	return value, ok
}
