package lib

import (
	"errors"

	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/scripts/sandbox"
)

// State is place.state: a table that scripts do not write at the top level, and
// that goes from one generation to the next.
type State struct {
	*Env
	table *lua.LTable
	ud    *lua.LUserData
}

// String is what people are told it is.
func (s *State) String() string { return "place.state" }

func (s *State) List() *lua.LTable { return s.table }

// NewState returns an empty place.state.
func NewState(env *Env) *State {
	s := &State{Env: env, table: env.L.NewTable()}
	s.ud = s.Userdata(s, s.Metatable("place.state", map[string]lua.LGFunction{
		"__index": func(L *lua.LState) int {
			L.Push(s.table.RawGet(L.Get(2)))
			return 1
		},
		"__newindex": func(L *lua.LState) int {
			s.NeedsPlace(L, "writing place.state")
			if key := L.Get(2); key == lua.LNil {
				L.RaiseError("place.state: the key is nil")
			}
			// What cannot cross over is refused where it is written, not at a reload, and
			// what crosses over as something else becomes that at once.
			value := L.Get(3)
			plain := s.ToGo(L, value, bind.Component)
			if value.Type() == lua.LTUserData && value != s.Null() {
				value = s.ToLua(L, plain)
			}
			if t, ok := value.(*lua.LTable); ok {
				s.settle(L, t)
			}
			s.table.RawSet(L.Get(2), value)
			return 0
		},
		"__len": func(L *lua.LState) int {
			L.Push(lua.LNumber(s.table.Len()))
			return 1
		},
	}))
	return s
}

// settle puts what entities, agents and components mean as plain data in their place,
// in a table that was found to be plain data.
func (s *State) settle(L *lua.LState, t *lua.LTable) {
	t.ForEach(func(key, value lua.LValue) {
		switch v := value.(type) {
		case *lua.LTable:
			s.settle(L, v)
		case *lua.LUserData:
			if v != s.Null() {
				t.RawSet(key, s.ToLua(L, s.ToGo(L, v, bind.Component)))
			}
		}
	})
}

// Table returns what it holds.
func (s *State) Table() *lua.LTable { return s.table }

// Take takes over what another generation kept, as plain data by key: each key for
// itself, so that one that cannot cross over does not keep the others.
func (s *State) Take(kept map[any]any) {
	for key, v := range kept {
		value, err := sandbox.Plain{Size: 8 * s.Limits.StateBytes}.ToLua(s.Env.State.State, v)
		if err != nil {
			s.Log.Error("a value of place.state does not cross over", "key", key, "error", err)
			continue
		}
		switch key := key.(type) {
		case string:
			s.table.RawSetString(key, value)
		case float64:
			s.table.RawSet(lua.LNumber(key), value)
		}
	}
}

// Replace takes over what was kept in the stead of all there is.
func (s *State) Replace(kept map[any]any) {
	s.table = s.L.NewTable()
	s.Take(kept)
}

// Keep returns what crosses over, and says of the first value that does not, and how
// many there are.
func (s *State) Keep() map[any]any {
	kept := map[any]any{}
	left := s.Limits.StateBytes
	var lost lua.LValue
	var why error
	n := 0
	s.table.ForEach(func(k, v lua.LValue) {
		key, value, size, err := s.keepOne(k, v, left)
		if err == nil {
			left -= size
			kept[key] = value
			return
		}
		if n++; n == 1 {
			lost, why = k, err
		}
	})
	if n > 0 {
		s.Log.Error("values of place.state do not cross over", "values", n, "key", lost.String(), "error", why)
	}
	return kept
}

// keepOne gives one value as it crosses over, and its size with its key's.
func (s *State) keepOne(k, v lua.LValue, left int) (key, value any, size int, err error) {
	switch k := k.(type) {
	case lua.LString:
		key, size = string(k), len(k)
	case lua.LNumber:
		key, size = float64(k), 8
	default:
		return nil, nil, 0, errors.New("the key is neither text nor a number")
	}
	value, taken, err := s.Measured(v, left-size)
	return key, value, size + taken, err
}
