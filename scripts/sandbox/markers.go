package sandbox

import lua "github.com/yuin/gopher-lua"

// openMarkers makes what says null, [] and {} where a table or nil cannot.
func (s *State) openMarkers() {
	s.arrays, s.objects = s.lua.NewTable(), s.lua.NewTable()
	s.arrays.RawSetString("__metatable", lua.LString("array"))
	s.objects.RawSetString("__metatable", lua.LString("object"))
	s.null = s.lua.NewUserData()
	null := s.lua.NewTable()
	null.RawSetString("__metatable", lua.LString("null"))
	null.RawSetString("__tostring", s.lua.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LString("null"))
		return 1
	}))
	s.null.Metatable = null
}

// Null is the value that stands for null: place.json.null.
func (s *State) Null() lua.LValue { return s.null }

// MarkArray makes t an array where it is empty: place.json.array{}. A table
// that has values is what its keys say.
func (s *State) MarkArray(t *lua.LTable) { t.Metatable = s.arrays }

// MarkObject makes t an object where it is empty: place.json.object{}.
func (s *State) MarkObject(t *lua.LTable) { t.Metatable = s.objects }
