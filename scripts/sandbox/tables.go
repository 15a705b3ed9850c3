package sandbox

import (
	"sort"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func (s *State) openTable() {
	s.library("table", map[string]lua.LGFunction{
		"concat": s.tableConcat,
		"getn":   func(L *lua.LState) int { L.Push(lua.LNumber(L.CheckTable(1).Len())); return 1 },
		"insert": s.tableInsert,
		"maxn":   s.tableMaxn,
		"remove": s.tableRemove,
		"sort":   s.tableSort,
	})
}

func (s *State) tableConcat(L *lua.LState) int {
	t, separator := L.CheckTable(1), L.OptString(2, "")
	first, last := integer(L, 3, 1), integer(L, 4, t.Len())
	if last-first >= MaxArray {
		L.RaiseError("table.concat: more than %d values", MaxArray)
	}
	var out strings.Builder
	for i := first; i <= last; i++ {
		s.charge(L, 1)
		value := t.RawGet(lua.LNumber(i))
		if !lua.LVCanConvToString(value) {
			L.RaiseError("invalid value (a %s) at index %d in table for concat", value.Type(), i)
		}
		text := lua.LVAsString(value)
		bounded(L, out.Len()+len(text)+len(separator))
		out.WriteString(text)
		if i < last {
			out.WriteString(separator)
		}
	}
	L.Push(lua.LString(out.String()))
	return 1
}

func (s *State) tableInsert(L *lua.LState) int {
	t := L.CheckTable(1)
	length := t.Len()
	if length >= MaxArray {
		L.RaiseError("table.insert: the table has %d values", length)
	}
	switch L.GetTop() {
	case 2:
		t.RawSetInt(length+1, L.Get(2))
	case 3:
		at := integer(L, 2, 0)
		if at < 1 || at > length+1 {
			L.ArgError(2, "position out of bounds")
		}
		s.charge(L, (length-at)/64)
		t.Insert(at, L.Get(3))
	default:
		L.RaiseError("wrong number of arguments to table.insert")
	}
	return 0
}

func (s *State) tableRemove(L *lua.LState) int {
	t := L.CheckTable(1)
	length := t.Len()
	at := integer(L, 2, length)
	if length == 0 || at < 1 || at > length {
		L.Push(lua.LNil)
		return 1
	}
	s.charge(L, (length-at)/64)
	L.Push(t.Remove(at))
	return 1
}

func (s *State) tableMaxn(L *lua.LState) int {
	most := lua.LNumber(0)
	t := L.CheckTable(1)
	for key, _ := t.Next(lua.LNil); key != lua.LNil; key, _ = t.Next(key) {
		s.charge(L, 1)
		if n, ok := key.(lua.LNumber); ok {
			most = max(most, n)
		}
	}
	L.Push(most)
	return 1
}

// tableSort sorts a copy, so that an error in the comparison, or the cut-off,
// leaves the table as it was.
func (s *State) tableSort(L *lua.LState) int {
	t := L.CheckTable(1)
	length := t.Len()
	if length > MaxArray {
		L.RaiseError("table.sort: more than %d values", MaxArray)
	}
	values := make([]lua.LValue, length)
	for i := range values {
		values[i] = t.RawGetInt(i + 1)
	}
	less := s.natural(L)
	if L.Get(2) != lua.LNil {
		less = comparison(L, L.CheckFunction(2))
	}
	s.charge(L, length/16)
	sort.Slice(values, func(i, j int) bool { return less(values[i], values[j]) })
	for i, value := range values {
		t.RawSetInt(i+1, value)
	}
	return 0
}

func (s *State) natural(L *lua.LState) func(a, b lua.LValue) bool {
	return func(a, b lua.LValue) bool {
		s.charge(L, 1)
		return L.LessThan(a, b)
	}
}

func comparison(L *lua.LState, fn *lua.LFunction) func(a, b lua.LValue) bool {
	return func(a, b lua.LValue) bool {
		L.Push(fn)
		L.Push(a)
		L.Push(b)
		L.Call(2, 1)
		less := L.ToBool(-1)
		L.Pop(1)
		return less
	}
}
