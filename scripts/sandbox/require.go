package sandbox

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// module is one that was asked for. Its value is nil while it loads.
type module struct{ value lua.LValue }

// Preload makes require give value for name.
func (s *State) Preload(name string, value lua.LValue) {
	s.modules[name] = &module{value}
}

// require runs a module's source once and gives what it returned, or true. A
// module that failed is tried again the next time.
func (s *State) require(L *lua.LState) int {
	name := text(L, 1)
	m, known := s.modules[name]
	if !known {
		m = s.loadModule(L, name)
	}
	if m.value == nil {
		L.RaiseError("require: a cycle, %s", strings.Join(append(s.loading, name), " → "))
	}
	L.Push(m.value)
	return 1
}

func (s *State) loadModule(L *lua.LState, name string) *module {
	var source, chunk string
	var ok bool
	if s.config.Require != nil {
		source, chunk, ok = s.config.Require(name)
	}
	if !ok {
		L.RaiseError("require: no module %q", name)
	}
	fn, err := s.Load(source, chunk)
	if err != nil {
		L.Error(lua.LString(err.Error()), 0)
	}
	m := &module{}
	s.modules[name] = m
	s.loading = append(s.loading, name)
	defer func() {
		s.loading = s.loading[:len(s.loading)-1]
		if m.value == nil {
			delete(s.modules, name)
		}
	}()
	L.Push(fn)
	L.Push(lua.LString(name))
	L.Call(1, 1)
	value := L.Get(-1)
	L.Pop(1)
	if value == lua.LNil {
		value = lua.LTrue
	}
	m.value = value
	return m
}
