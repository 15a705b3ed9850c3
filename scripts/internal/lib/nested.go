package lib

import (
	"fmt"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// inside gives a value that stands in a component: nested, if it has parts itself.
func (ps *Parts) inside(p *part, path []any, key, v any) lua.LValue {
	switch v := v.(type) {
	case bool:
		return lua.LBool(v)
	case float64:
		return lua.LNumber(v)
	case string:
		return lua.LString(v)
	case map[string]any, []any:
		n := &nested{part: p, path: append(slices.Clone(path), key)}
		return ps.Userdata(n, ps.nestedMeta)
	}
	return ps.Null()
}

// nested is an object or a list in a component, by where it stands.
type nested struct {
	part *part
	path []any // keys and indexes from 0

	value  any // as of
	loaded int // that of the part
}

// String is what people are told it is.
func (n *nested) String() string {
	text := n.part.String()
	for _, step := range n.path {
		switch step := step.(type) {
		case string:
			text += "." + step
		case int:
			text += fmt.Sprintf("[%d]", step+1)
		}
	}
	return text
}

// Plain implements [bind.Plain].
func (n *nested) Plain() any {
	if !n.part.load() {
		return nil
	}
	if n.loaded != n.part.loaded {
		n.value, n.loaded = n.find(), n.part.loaded
	}
	return n.value
}

// find looks it up in the component.
func (n *nested) find() any {
	var v any = n.part.value
	for _, step := range n.path {
		switch step := step.(type) {
		case string:
			object, _ := v.(map[string]any)
			v = object[step]
		case int:
			list, _ := v.([]any)
			if step >= len(list) {
				return nil
			}
			v = list[step]
		}
	}
	return v
}

// at reads a key or an index.
func (ps *Parts) at(n *nested, key lua.LValue) lua.LValue {
	switch v := n.Plain().(type) {
	case map[string]any:
		if name, ok := key.(lua.LString); ok {
			if item, ok := v[string(name)]; ok {
				return ps.inside(n.part, n.path, string(name), item)
			}
		}
	case []any:
		if i, ok := listIndex(key); ok && i < len(v) {
			return ps.inside(n.part, n.path, i, v[i])
		}
	}
	return lua.LNil
}

// listIndex is a Lua index, from 1, as one from 0.
func listIndex(key lua.LValue) (int, bool) {
	n, ok := key.(lua.LNumber)
	i := int(n)
	return i - 1, ok && lua.LNumber(i) == n && i >= 1
}

// List implements [bind.Lister].
func (n *nested) List() *lua.LTable {
	ps := n.part.ps
	t := ps.L.NewTable()
	switch v := n.Plain().(type) {
	case map[string]any:
		for key, item := range v {
			t.RawSetString(key, ps.inside(n.part, n.path, key, item))
		}
	case []any:
		for i, item := range v {
			t.RawSetInt(i+1, ps.inside(n.part, n.path, i, item))
		}
	}
	return t
}
