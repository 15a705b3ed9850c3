package lib

import (
	"fmt"

	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine/world"
)

// part is a component of an entity as scripts have it: read and written like a table,
// but always as the world has it.
type part struct {
	ps     *Parts
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

// Plain implements [bind.Plain].
func (p *part) Plain() any {
	if !p.load() {
		return nil
	}
	return p.value
}

// Parts are the values that scripts have for components of entities, and for what is in them.
type Parts struct {
	*Env
	entities   *Entities
	concerned  func(component string) bool // whether scripts hear of its changes or have a say in them
	meta       *lua.LTable
	nestedMeta *lua.LTable
}

// of returns a component, whether or not the entity has it.
func (ps *Parts) of(ent *entity, name string) *part {
	p := ent.parts[name]
	if p == nil {
		p = &part{ps: ps, entity: ent, name: name, fast: !ps.entities.reserved[name]}
		p.wrap()
		if ent.parts == nil {
			ent.parts = map[string]*part{}
		}
		if e := ent.live(ps.entities); e != nil && e.Has(name) { // names that scripts try are not kept
			ent.parts[name] = p
		}
	}
	return p
}

// Value returns the value of a component, whether or not the entity has it.
func (ps *Parts) Value(id, name string) *lua.LUserData { return ps.of(ps.entities.of(id), name).ud }

// load brings the part up to date, and reports whether the entity has the component.
func (p *part) load() bool {
	if p.fixed {
		return true
	}
	e := p.entity.live(p.ps.entities)
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
		p.edits, p.at = e.Edits(), p.ps.Turn().World().Now()
		p.quick(e)
		return true
	}
	p.value, _ = e.Component(p.name)
	p.stamp, p.at, p.edits = stamp, p.ps.Turn().World().Now(), e.Edits()
	p.fill()
	p.quick(e)
	return true
}

// wrap makes the value that scripts have.
func (p *part) wrap() {
	ps := p.ps
	p.meta = ps.L.NewTable()
	ps.meta.ForEach(p.meta.RawSet)
	p.ud = ps.Userdata(p, p.meta)
}

// quick has the table read directly, which takes a fraction of calling a function,
// until the entity changes.
func (p *part) quick(e *world.Entity) {
	if p.entity.parts[p.name] != p || p.ps.entities.byID[p.entity.id] != p.entity {
		return // the entity would not tell it, or not let it go at the end
	}
	p.entity.watch(e)
	p.meta.RawSetString(index, p.table)
	if p.fast {
		p.entity.show(p.ps.entities, p)
	}
}

// slow has every look at the part ask first whether it is up to date.
func (p *part) slow() { p.meta.RawSetString(index, p.ps.meta.RawGetString(index)) }

// index is the key of a metatable that says what a read goes to.
const index = "__index"

// fill makes the table of the value. What nests in it is looked at when it is asked for.
func (p *part) fill() {
	p.loaded++
	p.table = p.ps.L.CreateTable(0, len(p.value))
	for key, v := range p.value {
		p.table.RawSetString(key, p.ps.inside(p, nil, key, v))
	}
}

// was gives a component as it was before it changed or went, for reading.
func (ps *Parts) was(name string, value map[string]any) *lua.LUserData {
	p := &part{ps: ps, name: name, fixed: true, value: value}
	p.fill()
	p.wrap()
	p.meta.RawSetString(index, p.table)
	return p.ud
}

func (ps *Parts) open() {
	ps.meta = ps.Metatable("component", map[string]lua.LGFunction{
		"__index": func(L *lua.LState) int {
			p := L.Get(1).(*lua.LUserData).Value.(*part)
			if !p.load() {
				L.RaiseError("%s is gone", p)
			}
			L.Push(p.table.RawGet(L.Get(2)))
			return 1
		},
		"__newindex": func(L *lua.LState) int {
			p := bind.Argument[*part](L, 1, "a component")
			return ps.assign(L, p, nil, L.Get(2), L.Get(3))
		},
		"__len": func(L *lua.LState) int { L.Push(lua.LNumber(0)); return 1 },
	})
	ps.nestedMeta = ps.Metatable("component", map[string]lua.LGFunction{
		"__index": func(L *lua.LState) int {
			n := bind.Argument[*nested](L, 1, "a part of a component")
			L.Push(ps.at(n, L.Get(2)))
			return 1
		},
		"__newindex": func(L *lua.LState) int {
			n := bind.Argument[*nested](L, 1, "a part of a component")
			return ps.assign(L, n.part, n.path, L.Get(2), L.Get(3))
		},
		"__len": func(L *lua.LState) int {
			list, _ := bind.Argument[*nested](L, 1, "a part of a component").Plain().([]any)
			L.Push(lua.LNumber(len(list)))
			return 1
		},
	})
}

// List implements [bind.Lister].
func (p *part) List() *lua.LTable {
	if !p.load() {
		return p.ps.L.NewTable()
	}
	return p.table
}
