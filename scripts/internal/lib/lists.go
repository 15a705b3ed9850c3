package lib

import lua "github.com/yuin/gopher-lua"

// openLists lets the functions of table work on a list in a component as on a table: on
// a copy, which those that change it put in its place, as one change.
func (ps *Parts) openLists() {
	library := ps.L.GetGlobal("table").(*lua.LTable)
	for name, changes := range map[string]bool{"concat": false, "insert": true, "remove": true, "sort": true} {
		stock := library.RawGetString(name).(*lua.LFunction).GFunction
		library.RawSetString(name, ps.L.NewFunction(func(L *lua.LState) int {
			ud, _ := L.Get(1).(*lua.LUserData)
			if ud == nil {
				return stock(L)
			}
			n, ok := ud.Value.(*nested)
			if !ok {
				return stock(L) // which wants a table
			}
			list, ok := asList(n.Plain())
			if !ok {
				L.ArgError(1, n.String()+" is no list")
			}
			table := ps.ToLua(L, list).(*lua.LTable)
			ps.MarkArray(table) // one that is emptied stays a list
			L.Replace(1, table)
			results := stock(L)
			if changes {
				ps.assignAt(L, n.part, n.path, table)
			}
			return results
		}))
	}
}

// asList gives a list. An empty object may be meant for one: {} is both in Lua.
func asList(v any) ([]any, bool) {
	if object, ok := v.(map[string]any); ok && len(object) == 0 {
		return []any{}, true
	}
	list, ok := v.([]any)
	return list, ok
}

// asObject gives an object. An empty list may be meant for one.
func asObject(v any) (map[string]any, bool) {
	if list, ok := v.([]any); ok && len(list) == 0 {
		return map[string]any{}, true
	}
	object, ok := v.(map[string]any)
	return object, ok
}
