package lib

import (
	"fmt"
	"maps"
	"slices"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/vec"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
)

// assign changes one key or item in a component, and so the component.
func (ps *Parts) assign(L *lua.LState, p *part, path []any, key, value lua.LValue) int {
	ps.Changes(L, "changing an entity")
	if !p.load() {
		L.RaiseError("%s is gone", p)
	}
	if p.fixed {
		L.RaiseError("%s cannot be changed", p)
	}
	if path == nil && ps.overwrite(p, key, value) {
		return 0
	}
	step, ok := key.(lua.LString)
	at := any(string(step))
	if !ok {
		i, isIndex := listIndex(key)
		if !isIndex {
			L.RaiseError("a component has names and indexes from 1, not %s", key.String())
		}
		at = i
	}
	if !ok && len(path) == 0 {
		L.RaiseError("%s has names, there is no [%s] in it", p, key.String())
	}
	return ps.assignAt(L, p, append(slices.Clone(path), at), value)
}

// assignAt changes what stands at a path in a component, and so the component.
func (ps *Parts) assignAt(L *lua.LState, p *part, path []any, value lua.LValue) int {
	changed, err := with(p.value, path, ps.ToGo(L, value, bind.Component))
	bind.Check(L, err)
	return ps.changePart(L, p, changed.(map[string]any))
}

// overwrite is assign for the usual case, which is what ticks do: a number or a truth
// value in the place of another, of a component that nobody has a say in or hears of.
func (ps *Parts) overwrite(p *part, key, value lua.LValue) bool {
	name, ok := key.(lua.LString)
	if !ok || engine.Official(p.name) || ps.concerned(p.name) {
		return false
	}
	var v any
	before := p.value[string(name)]
	switch value := value.(type) {
	case lua.LNumber:
		v, ok = float64(value), isNumber(before)
	case lua.LBool:
		v = bool(value)
		_, ok = before.(bool)
	default:
		return false
	}
	e := p.entity.e
	p.entity.writing = true
	written := ok && e.SetScalar(p.name, string(name), v)
	p.entity.writing = false
	if !written {
		return false
	}
	p.value[string(name)] = v
	p.table.RawSetString(string(name), value)
	p.stamp, p.edits = e.Changed(), e.Edits()
	return true
}

func isNumber(v any) bool { _, ok := v.(float64); return ok }

func (ps *Parts) changePart(L *lua.LState, p *part, changed map[string]any) int {
	ps.Charge(L, api.WritePrice+2*len(changed)) // it is a copy
	if p.name == "transform" {
		bind.Check(L, vec.WriteOut(changed))
	}
	bind.Check(L, ps.Turn().Change(p.entity.id, map[string]any{p.name: changed}))
	return 0
}

// with gives a copy of v in which another value stands at a path; nil takes away what
// stands there. Along the path all is copied, and nothing else.
func with(v any, path []any, value any) (any, error) {
	if len(path) == 0 {
		return value, nil
	}
	if name, ok := path[0].(string); ok {
		object, ok := asObject(v)
		if !ok {
			return nil, fmt.Errorf("there is no %q in a list", name)
		}
		changed, err := with(object[name], path[1:], value)
		object = maps.Clone(object)
		if object[name] = changed; changed == nil {
			delete(object, name)
		}
		return object, err
	}
	list, isList := asList(v)
	i := path[0].(int)
	switch {
	case !isList:
		return nil, fmt.Errorf("there is no [%d] in what is no list", i+1)
	case value == nil && len(path) == 1 && i == len(list)-1:
		return list[:i:i], nil
	case value == nil && len(path) == 1:
		return nil, fmt.Errorf("only the last item of a list, [%d], can be taken away, not [%d]", len(list), i+1)
	case i > len(list):
		return nil, fmt.Errorf("the list has %d items, [%d] would leave a hole", len(list), i+1)
	case i == len(list):
		return append(slices.Clone(list), value), nil
	}
	changed, err := with(list[i], path[1:], value)
	list = slices.Clone(list)
	list[i] = changed
	return list, err
}
