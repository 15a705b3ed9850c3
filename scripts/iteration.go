package scripts

import (
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// lister is a value of the host's that pairs goes over.
type lister interface {
	// list is what it holds at the moment, for reading.
	list(g *generation) *lua.LTable
}

var (
	_ lister = (*components)(nil)
	_ lister = (*part)(nil)
	_ lister = (*nested)(nil)
	_ lister = (*stateTable)(nil)
)

func (p *part) list(g *generation) *lua.LTable {
	if !p.load(g) {
		return g.L.NewTable()
	}
	return p.table
}

func (n *nested) list(g *generation) *lua.LTable {
	t := g.L.NewTable()
	switch v := n.plain().(type) {
	case map[string]any:
		for key, item := range v {
			t.RawSetString(key, g.inside(n.part, n.path, key, item))
		}
	case []any:
		for i, item := range v {
			t.RawSetInt(i+1, g.inside(n.part, n.path, i, item))
		}
	}
	return t
}

// openIteration lets pairs, ipairs, next and unpack work on the host's values as on
// tables: they go over what is there when they begin. The names of a component come
// sorted.
func (g *generation) openIteration() {
	for _, name := range []string{"pairs", "ipairs", "next", "unpack"} {
		stock := g.L.GetGlobal(name).(*lua.LFunction)
		values := make([]lua.LValue, len(stock.Upvalues))
		for i, u := range stock.Upvalues {
			values[i] = u.Value()
		}
		g.L.SetGlobal(name, g.L.NewClosure(func(L *lua.LState) int {
			if ud, ok := L.Get(1).(*lua.LUserData); ok {
				if v, ok := ud.Value.(lister); ok {
					list := v.list(g)
					g.s.Charge(L, eachPrice*list.Len())
					L.Replace(1, sorted(L, list))
				}
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
