package bind

import (
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/scripts/internal/api"
)

// Lister is a value of the host's that pairs goes over.
type Lister interface {
	// List returns what it holds at the moment, for reading.
	List() *lua.LTable
}

// openIteration lets pairs, ipairs, next and unpack work on the host's values as on
// tables: they go over what is there when they begin. The names of a component come
// sorted.
func (s *State) openIteration() {
	for _, name := range []string{"pairs", "ipairs", "next", "unpack"} {
		stock := s.L.GetGlobal(name).(*lua.LFunction)
		values := make([]lua.LValue, len(stock.Upvalues))
		for i, u := range stock.Upvalues {
			values[i] = u.Value()
		}
		s.L.SetGlobal(name, s.L.NewClosure(func(L *lua.LState) int {
			if v, ok := Of[Lister](L.Get(1)); ok {
				list := v.List()
				s.Charge(L, api.EachPrice*list.Len())
				L.Replace(1, sorted(L, list))
			}
			return stock.GFunction(L)
		}, values...))
	}
}

// sorted copies a table with its names in order, so that places run alike every time.
func sorted(L *lua.LState, t *lua.LTable) *lua.LTable {
	out := L.CreateTable(t.Len(), 0)
	var names []string
	t.ForEach(func(key, value lua.LValue) {
		if name, ok := key.(lua.LString); ok {
			names = append(names, string(name))
			return
		}
		out.RawSet(key, value)
	})
	slices.Sort(names)
	for _, name := range names {
		out.RawSetString(name, t.RawGetString(name))
	}
	return out
}
