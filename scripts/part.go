package scripts

import (
	"fmt"
	"maps"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/world"
)

// part is a component of an entity as scripts have it: read and written like a table,
// but always as the world has it.
type part struct {
	g      *generation
	entity *entity
	name   string
	ud     *lua.LUserData
	meta   *lua.LTable // its own: see quick
	fast   bool        // not called like a method or a field of entities
	fixed  bool        // is no component, but what one was

	value  map[string]any // decoded, as of
	table  *lua.LTable    // the same for Lua, with what nests in it as nested
	stamp  world.Stamp    // of the component
	at     world.Stamp    // when that was looked up
	edits  uint64         // of the entity, by then
	loaded int            // how often it was decoded
}

// String is what people are told it is.
func (p *part) String() string {
	if p.fixed {
		return "what component " + p.name + " was"
	}
	return fmt.Sprintf("component %s of %s", p.name, p.entity.id)
}

// plain implements valuer.
func (p *part) plain() any {
	if !p.load(p.g) {
		return nil
	}
	return p.value
}

// part gives a component, whether or not the entity has it.
func (ent *entity) part(g *generation, name string) *part {
	p := ent.parts[name]
	if p == nil {
		p = &part{g: g, entity: ent, name: name, fast: !g.reserved[name]}
		p.wrap(g)
		if ent.parts == nil {
			ent.parts = map[string]*part{}
		}
		if e := ent.live(g); e != nil && e.Has(name) { // names that scripts try are not kept
			ent.parts[name] = p
		}
	}
	return p
}

func (g *generation) part(id, name string) *lua.LUserData { return g.entityOf(id).part(g, name).ud }

// load brings the part up to date, and tells whether the entity has the component.
func (p *part) load(g *generation) bool {
	if p.fixed {
		return true
	}
	e := p.entity.live(g)
	if e == nil {
		return false
	}
	if p.table != nil && e.Edits() == p.edits {
		p.quick(e)
		return true
	}
	stamp, ok := e.ComponentChanged(p.name)
	if !ok {
		p.table = nil
		return false
	}
	if p.table != nil && stamp == p.stamp && stamp < p.at { // something else of the entity has changed
		p.edits, p.at = e.Edits(), g.turn().World().Now()
		p.quick(e)
		return true
	}
	p.value, _ = e.Component(p.name)
	p.stamp, p.at, p.edits = stamp, g.turn().World().Now(), e.Edits()
	p.fill(g)
	p.quick(e)
	return true
}

// wrap makes the value that scripts have.
func (p *part) wrap(g *generation) {
	p.meta = g.L.NewTable()
	g.meta.part.ForEach(p.meta.RawSet)
	p.ud = g.userdata(p, p.meta)
}

// quick has the table read directly, which takes a fraction of calling a function,
// until the entity changes.
func (p *part) quick(e *world.Entity) {
	if p.entity.parts[p.name] != p || p.g.entities[p.entity.id] != p.entity {
		return // the entity would not tell it, or not let it go at the end
	}
	p.entity.watch(e)
	p.meta.RawSetString(index, p.table)
}

// slow has every look at the part ask first whether it is up to date.
func (p *part) slow() { p.meta.RawSetString(index, p.g.meta.part.RawGetString(index)) }

// index is the key of a metatable that says what a read goes to.
const index = "__index"

// fill makes the table of the value. What nests in it is looked at when it is asked for.
func (p *part) fill(g *generation) {
	p.loaded++
	p.table = g.L.CreateTable(0, len(p.value))
	for key, v := range p.value {
		p.table.RawSetString(key, g.inside(p, nil, key, v))
	}
}

// was gives a component as it was before it changed or went, for reading.
func (g *generation) was(name string, value map[string]any) *lua.LUserData {
	p := &part{g: g, name: name, fixed: true, value: value}
	p.fill(g)
	p.wrap(g)
	p.meta.RawSetString(index, p.table)
	return p.ud
}

// inside gives a value that stands in a component: nested, if it has parts itself.
func (g *generation) inside(p *part, path []any, key, v any) lua.LValue {
	switch v := v.(type) {
	case bool:
		return lua.LBool(v)
	case float64:
		return lua.LNumber(v)
	case string:
		return lua.LString(v)
	case map[string]any, []any:
		n := &nested{part: p, path: append(slices.Clone(path), key)}
		return g.userdata(n, g.meta.nested)
	}
	return g.s.Null()
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

// plain implements valuer.
func (n *nested) plain() any {
	if !n.part.load(n.part.g) {
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

func (g *generation) openPart() {
	g.meta.part = g.metatable("component", map[string]lua.LGFunction{
		"__index": func(L *lua.LState) int {
			p := L.Get(1).(*lua.LUserData).Value.(*part)
			if !p.load(g) {
				L.RaiseError("%s is gone", p)
			}
			L.Push(p.table.RawGet(L.Get(2)))
			return 1
		},
		"__newindex": func(L *lua.LState) int {
			p := argument[*part](L, 1, "a component")
			return g.assign(L, p, nil, L.Get(2), L.Get(3))
		},
		"__len": func(L *lua.LState) int { L.Push(lua.LNumber(0)); return 1 },
	})
	g.meta.nested = g.metatable("component", map[string]lua.LGFunction{
		"__index": func(L *lua.LState) int {
			n := argument[*nested](L, 1, "a part of a component")
			L.Push(g.at(n, L.Get(2)))
			return 1
		},
		"__newindex": func(L *lua.LState) int {
			n := argument[*nested](L, 1, "a part of a component")
			return g.assign(L, n.part, n.path, L.Get(2), L.Get(3))
		},
		"__len": func(L *lua.LState) int {
			list, _ := argument[*nested](L, 1, "a part of a component").plain().([]any)
			L.Push(lua.LNumber(len(list)))
			return 1
		},
	})
}

// at reads a key or an index.
func (g *generation) at(n *nested, key lua.LValue) lua.LValue {
	switch v := n.plain().(type) {
	case map[string]any:
		if name, ok := key.(lua.LString); ok {
			if item, ok := v[string(name)]; ok {
				return g.inside(n.part, n.path, string(name), item)
			}
		}
	case []any:
		if i, ok := listIndex(key); ok && i < len(v) {
			return g.inside(n.part, n.path, i, v[i])
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

// assign changes one key or item in a component, and so the component.
func (g *generation) assign(L *lua.LState, p *part, path []any, key, value lua.LValue) int {
	if !p.load(g) {
		L.RaiseError("%s is gone", p)
	}
	if p.fixed {
		L.RaiseError("%s cannot be changed", p)
	}
	if path == nil && g.overwrite(p, key, value) {
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
	return g.assignAt(L, p, append(slices.Clone(path), at), value)
}

// assignAt changes what stands at a path in a component, and so the component.
func (g *generation) assignAt(L *lua.LState, p *part, path []any, value lua.LValue) int {
	changed, err := with(p.value, path, g.toGo(L, value, component))
	g.check(L, err)
	return g.changePart(L, p, changed.(map[string]any))
}

// overwrite is assign for the usual case, which is what ticks do: a number or a truth
// value in the place of another, of a component that nobody has a say in or hears of.
func (g *generation) overwrite(p *part, key, value lua.LValue) bool {
	name, ok := key.(lua.LString)
	if !ok || engine.Official(p.name) || g.r.gen.concerns(p.name) {
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

func (g *generation) changePart(L *lua.LState, p *part, changed map[string]any) int {
	if p.name == "transform" {
		g.check(L, shortTransform(changed))
	}
	g.check(L, g.turn().Change(p.entity.id, map[string]any{p.name: changed}))
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
