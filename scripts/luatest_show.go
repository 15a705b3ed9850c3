package scripts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/lib"

	lua "github.com/yuin/gopher-lua"
)

// maxShown is how deep tables are compared and shown, so that one that holds itself has
// an end.
const maxShown = 32

// tableOf is a table, or a component or the like as one.
func (lt *LuaTest) tableOf(v lua.LValue) (*lua.LTable, bool) {
	switch v := v.(type) {
	case *lua.LTable:
		return v, true
	case *lua.LUserData:
		if l, ok := v.Value.(bind.Lister); ok {
			return l.List(), true
		}
	}
	return nil, false
}

// identical reports whether two values are one. Entities and agents are by their ids.
func (lt *LuaTest) identical(a, b lua.LValue) bool {
	if a == b {
		return true
	}
	x, isX := bind.Of[lib.Identified](a)
	y, isY := bind.Of[lib.Identified](b)
	return isX && isY && x.Identity() == y.Identity()
}

// difference says where two values first differ, "" if they hold the same.
func (lt *LuaTest) difference(a, b lua.LValue, at string, depth int) string {
	if lt.identical(a, b) {
		return ""
	}
	s, isS := lt.tableOf(a)
	t, isT := lt.tableOf(b)
	if !isS || !isT || depth > maxShown {
		if at == "" {
			return "value"
		}
		return at
	}
	for _, key := range keysOf(s, t) {
		if where := lt.difference(s.RawGet(key), t.RawGet(key), at+step(key), depth+1); where != "" {
			return where
		}
	}
	return ""
}

// keysOf are the keys that any of the tables has, in order.
func keysOf(tables ...*lua.LTable) []lua.LValue {
	var keys []lua.LValue
	seen := map[lua.LValue]bool{}
	for _, t := range tables {
		t.ForEach(func(key, _ lua.LValue) {
			if !seen[key] {
				seen[key] = true
				keys = append(keys, key)
			}
		})
	}
	slices.SortStableFunc(keys, func(a, b lua.LValue) int {
		x, isX := a.(lua.LNumber)
		y, isY := b.(lua.LNumber)
		switch {
		case isX && isY && x != y:
			if x < y {
				return -1
			}
			return 1
		case isX != isY:
			if isX {
				return -1
			}
			return 1
		}
		return strings.Compare(a.String(), b.String())
	})
	return keys
}

// step is a key as it stands behind a table.
func step(key lua.LValue) string {
	if name, ok := key.(lua.LString); ok && isIdentifier(string(name)) {
		return "." + string(name)
	}
	return "[" + literal(key) + "]"
}

func isIdentifier(name string) bool {
	for i, c := range name {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// literal is a value that is no table, as Lua writes it.
func literal(v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		return strconv.Quote(string(v))
	case *lua.LUserData:
		return bind.NameOf(v)
	}
	return v.String()
}

const (
	shownLine  = 72   // longer tables are shown on several lines
	shownBytes = 4000 // longer values are shown in part
)

// show is a value for people to read.
func (lt *LuaTest) show(v lua.LValue) string {
	text := lt.shown(v, 0)
	if len(text) > shownBytes {
		text = fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:shownBytes], ""), len(text))
	}
	return text
}

func (lt *LuaTest) shown(v lua.LValue, depth int) string {
	t, ok := lt.tableOf(v)
	switch {
	case !ok:
		return literal(v)
	case depth > maxShown:
		return "{…}"
	}
	var items []string
	size := 0
	for _, key := range keysOf(t) {
		item := lt.shown(t.RawGet(key), depth+1)
		if n, isIndex := key.(lua.LNumber); !isIndex || n < 1 || int(n) > t.Len() {
			item = strings.TrimPrefix(step(key), ".") + " = " + item
		}
		if size += len(item) + 2; size > shownBytes {
			items = append(items, "…")
			break
		}
		items = append(items, item)
	}
	one := "{" + strings.Join(items, ", ") + "}"
	if len(one) <= shownLine && !strings.Contains(one, "\n") {
		return one
	}
	return "{\n  " + strings.ReplaceAll(strings.Join(items, ",\n"), "\n", "\n  ") + "\n}"
}
