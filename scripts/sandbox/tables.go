package sandbox

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func (s *State) openTable() {
	s.library("table", map[string]lua.LGFunction{
		"concat":   s.tableConcat,
		"foreach":  s.tableForeach,
		"foreachi": s.tableForeachi,
		"getn":     func(L *lua.LState) int { L.Push(lua.LNumber(lengthOf(checkTable(L, 1)))); return 1 },
		"insert":   s.tableInsert,
		"maxn":     s.tableMaxn,
		"remove":   s.tableRemove,
		"sort":     s.tableSort,
	})
}

func (s *State) tableConcat(L *lua.LState) int {
	separator := optionalText(L, 2, "")
	t := checkTable(L, 1)
	first, last := integer(L, 3, 1), integer(L, 4, lengthOf(t))
	if last-first >= MaxArray {
		raiseHere(L, "table.concat: more than %d values", MaxArray)
	}
	var out strings.Builder
	for i := first; i <= last; i++ {
		s.charge(L, 1)
		value := t.RawGet(lua.LNumber(i))
		if !lua.LVCanConvToString(value) {
			raiseHere(L, "invalid value (%s) at index %d in table for 'concat'", value.Type(), i)
		}
		text := string(appendText(nil, value))
		bounded(L, out.Len()+len(text)+len(separator))
		s.charge(L, (len(text)+len(separator))/bytesPerInstruction)
		out.WriteString(text)
		if i < last {
			out.WriteString(separator)
		}
	}
	L.Push(lua.LString(out.String()))
	return 1
}

func (s *State) tableInsert(L *lua.LState) int {
	t := checkTable(L, 1)
	length := lengthOf(t)
	if length >= MaxArray {
		raiseHere(L, "table.insert: the table has %d values", length)
	}
	switch L.GetTop() {
	case 2:
		t.RawSetInt(length+1, L.Get(2))
	case 3:
		at := checkInteger(L, 2)
		if at >= 1 && at <= length {
			s.charge(L, (length-at)/64)
			t.Insert(at, L.Get(3))
			break
		}
		// Lua 5.1 has no bounds: all from there on moves up.
		for i := length + 1; i > at; i-- {
			s.charge(L, 1)
			t.RawSet(lua.LNumber(i), t.RawGet(lua.LNumber(i-1)))
		}
		t.RawSet(lua.LNumber(at), L.Get(3))
	default:
		raiseHere(L, "wrong number of arguments to 'insert'")
	}
	return 0
}

func (s *State) tableRemove(L *lua.LState) int {
	t := checkTable(L, 1)
	length := lengthOf(t)
	at := integer(L, 2, length)
	if at < 1 || at > length {
		return 0
	}
	s.charge(L, (length-at)/64)
	L.Push(t.Remove(at))
	return 1
}

// tableForeach calls a function with each key and value until it returns
// something.
func (s *State) tableForeach(L *lua.LState) int {
	t, fn := checkTable(L, 1), checkFunction(L, 2)
	for key, value := t.Next(lua.LNil); key != lua.LNil; key, value = t.Next(key) {
		if call(L, fn, key, value) != lua.LNil {
			return 1
		}
		L.Pop(1)
	}
	return 0
}

func (s *State) tableForeachi(L *lua.LState) int {
	t, fn := checkTable(L, 1), checkFunction(L, 2)
	for i := 1; i <= lengthOf(t); i++ {
		if call(L, fn, lua.LNumber(i), t.RawGetInt(i)) != lua.LNil {
			return 1
		}
		L.Pop(1)
	}
	return 0
}

// call calls a function and leaves its result on the stack.
func call(L *lua.LState, fn *lua.LFunction, args ...lua.LValue) lua.LValue {
	L.Push(fn)
	for _, arg := range args {
		L.Push(arg)
	}
	L.Call(len(args), 1)
	return L.Get(-1)
}

func (s *State) tableMaxn(L *lua.LState) int {
	most := lua.LNumber(0)
	t := checkTable(L, 1)
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
	t := checkTable(L, 1)
	length := lengthOf(t)
	if length >= MaxArray {
		raiseHere(L, "table.sort: more than %d values", MaxArray)
	}
	values := make([]lua.LValue, length)
	for i := range values {
		values[i] = t.RawGetInt(i + 1)
	}
	less := s.natural(L)
	if L.Get(2) != lua.LNil {
		less = comparison(L, checkFunction(L, 2))
	}
	s.charge(L, length/16)
	(&sorter{L, values, less}).sort(1, length)
	for i, value := range values {
		t.RawSetInt(i+1, value)
	}
	return 0
}

func (s *State) natural(L *lua.LState) func(a, b lua.LValue) bool {
	return func(a, b lua.LValue) bool {
		s.charge(L, 1)
		switch x := a.(type) {
		case lua.LNumber:
			if y, ok := b.(lua.LNumber); ok {
				return x < y
			}
		case lua.LString:
			if y, ok := b.(lua.LString); ok {
				return x < y
			}
		}
		if a.Type() != b.Type() {
			L.Error(lua.LString(fmt.Sprintf("attempt to compare %s with %s", a.Type(), b.Type())), 0)
		}
		if a.Type() != lua.LTTable || L.GetMetaField(a, "__lt") == lua.LNil {
			L.Error(lua.LString(fmt.Sprintf("attempt to compare two %s values", a.Type())), 0)
		}
		return L.LessThan(a, b)
	}
}

func comparison(L *lua.LState, fn *lua.LFunction) func(a, b lua.LValue) bool {
	return func(a, b lua.LValue) bool {
		less := lua.LVAsBool(call(L, fn, a, b))
		L.Pop(1)
		return less
	}
}

// sorter sorts as Lua 5.1 does, so that values that are neither less nor greater
// than each other come in the same order: by quicksort, around the median of the
// first, the last and the middle one.
type sorter struct {
	L      *lua.LState
	values []lua.LValue
	less   func(a, b lua.LValue) bool
}

// at is the value at an index from 1, or nil beyond the end.
func (s *sorter) at(i int) lua.LValue {
	if i < 1 || i > len(s.values) {
		return lua.LNil
	}
	return s.values[i-1]
}

// order swaps the values at i and j if j's is less.
func (s *sorter) order(i, j int) {
	if s.less(s.at(j), s.at(i)) {
		s.swap(i, j)
	}
}

func (s *sorter) swap(i, j int) {
	s.within(max(i, j) <= len(s.values))
	s.values[i-1], s.values[j-1] = s.values[j-1], s.values[i-1]
}

// sort sorts what is between the indexes low and high.
func (s *sorter) sort(low, high int) {
	for low < high {
		s.order(low, high)
		if high-low == 1 {
			return
		}
		middle := (low + high) / 2
		if s.less(s.at(middle), s.at(low)) {
			s.swap(middle, low)
		} else {
			s.order(middle, high)
		}
		if high-low == 2 {
			return
		}
		pivot := s.at(middle)
		s.swap(middle, high-1)
		i, j := low, high-1
		for {
			for i++; s.less(s.at(i), pivot); i++ {
				s.within(i <= high)
			}
			for j--; s.less(pivot, s.at(j)); j-- {
				s.within(j >= low)
			}
			if j < i {
				break
			}
			s.swap(i, j)
		}
		s.swap(high-1, i)
		// The smaller part first, the larger one in the next round.
		if i-low < high-i {
			s.sort(low, i-1)
			low = i + 1
		} else {
			s.sort(i+1, high)
			high = i - 1
		}
	}
}

// within refuses a comparison that holds for all.
func (s *sorter) within(is bool) {
	if !is {
		raiseHere(s.L, "invalid order function for sorting")
	}
}
