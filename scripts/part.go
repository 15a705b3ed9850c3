package scripts

import (
	"fmt"

	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"

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

// Plain implements [bind.Plain].
func (p *part) Plain() any {
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
	p.ud = g.Userdata(p, p.meta)
}

// quick has the table read directly, which takes a fraction of calling a function,
// until the entity changes.
func (p *part) quick(e *world.Entity) {
	if p.entity.parts[p.name] != p || p.g.entities[p.entity.id] != p.entity {
		return // the entity would not tell it, or not let it go at the end
	}
	p.entity.watch(e)
	p.meta.RawSetString(index, p.table)
	if p.fast {
		p.entity.show(p.g, p)
	}
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

func (g *generation) openPart() {
	g.meta.part = g.Metatable("component", map[string]lua.LGFunction{
		"__index": func(L *lua.LState) int {
			p := L.Get(1).(*lua.LUserData).Value.(*part)
			if !p.load(g) {
				L.RaiseError("%s is gone", p)
			}
			L.Push(p.table.RawGet(L.Get(2)))
			return 1
		},
		"__newindex": func(L *lua.LState) int {
			p := bind.Argument[*part](L, 1, "a component")
			return g.assign(L, p, nil, L.Get(2), L.Get(3))
		},
		"__len": func(L *lua.LState) int { L.Push(lua.LNumber(0)); return 1 },
	})
	g.meta.nested = g.Metatable("component", map[string]lua.LGFunction{
		"__index": func(L *lua.LState) int {
			n := bind.Argument[*nested](L, 1, "a part of a component")
			L.Push(g.at(n, L.Get(2)))
			return 1
		},
		"__newindex": func(L *lua.LState) int {
			n := bind.Argument[*nested](L, 1, "a part of a component")
			return g.assign(L, n.part, n.path, L.Get(2), L.Get(3))
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
	if !p.load(p.g) {
		return p.g.L.NewTable()
	}
	return p.table
}
