package scripts

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/vec"

	"github.com/loci-place/loci/engine/world"
)

// entity is an entity as scripts have it, by its id: it may be gone, and come again.
type entity struct {
	id    string
	e     *world.Entity // as last seen
	ud    *lua.LUserData
	parts map[string]*part

	shown   *lua.LTable   // parts that are up to date, by Name: see show
	watched *world.Entity // whose changes it will be told of
	writing bool          // the change is one that its part knows of
}

// String is what people are told it is.
func (ent *entity) String() string { return "entity " + ent.id }

// Plain implements [bind.Plain].
func (ent *entity) Plain() any { return ent.id }

// live is the entity in the world, nil if it is not there.
func (ent *entity) live(g *generation) *world.Entity {
	if ent.e == nil || !ent.e.Alive() {
		before := ent.e
		if ent.e = g.turn().World().Entity(ent.id); ent.e != before {
			ent.forget() // it is another one now
		}
	}
	return ent.e
}

// forget has all its parts read anew.
func (ent *entity) forget() {
	for _, p := range ent.parts {
		p.table = nil
	}
	ent.Stale()
}

var _ world.Reader = (*entity)(nil)

// Stale implements [world.Reader]: the parts have to look before they are read again.
func (ent *entity) Stale() {
	if ent.writing {
		ent.watched.Remember(ent)
		return
	}
	ent.watched = nil
	for name, p := range ent.parts {
		p.slow()
		if ent.shown != nil {
			ent.shown.RawSetString(name, lua.LNil)
		}
	}
}

// show has a part found directly, as part.quick has what is in it, until the entity
// changes. What is not shown is looked for by entityIndex's ways.
func (ent *entity) show(g *generation, p *part) {
	if ent.shown == nil {
		ent.shown = g.L.NewTable()
		others := g.L.NewTable()
		others.RawSetString(index, g.L.NewFunction(func(L *lua.LState) int { return g.indexEntity(L, ent, L.Get(2)) }))
		ent.shown.Metatable = others
		meta := g.L.NewTable()
		g.meta.entity.ForEach(meta.RawSet)
		meta.RawSetString(index, ent.shown)
		ent.ud.Metatable = meta
	}
	ent.shown.RawSetString(p.name, p.ud)
}

// watch has it told of the entity's next change.
func (ent *entity) watch(e *world.Entity) {
	if ent.watched != e {
		ent.unwatch()
		ent.watched = e
		e.Remember(ent)
	}
}

func (ent *entity) unwatch() {
	if ent.watched != nil {
		ent.watched.Forget(ent)
		ent.watched = nil
	}
}

// entityOf gives an entity by its id, whether or not it is there.
func (g *generation) entityOf(id string) *entity {
	ent := g.entities[id]
	if ent == nil {
		ent = &entity{id: id}
		ent.ud = g.Userdata(ent, g.meta.entity)
		if g.live && ent.live(g) != nil { // what is gone is not kept
			g.entities[id] = ent
		}
	}
	return ent
}

func (g *generation) entity(id string) *lua.LUserData { return g.entityOf(id).ud }

func (g *generation) entityClass() api.Class {
	return api.Class{
		Name: "loci.Entity", Method: true,
		Doc: "An entity of the place. Its components are read and written like tables, under their names: " +
			"`lamp.light.on = true` changes the component for everybody, `lamp.light = {on = true}` sets it whole and " +
			"`lamp.light = nil` takes it away. A component that is called like one of the names below is " +
			"`lamp.components.parent`.",
		Fields: []api.Field{
			{Name: "id", Type: "string", Doc: "its id, which never changes"},
			{Name: "owner", Type: "loci.Agent", Doc: "who it belongs to; the place itself has the id \"place\""},
			{Name: "parent", Type: "loci.Entity?", Doc: "the entity that it stands on"},
			{Name: "children", Type: "loci.Entity[]", Doc: "the entities that stand on it"},
			{Name: "components", Type: "table<string, table>", Doc: "its components by name, also those called like a field"},
		},
		Functions: []api.Function{
			{Name: "exists", Signature: "(): boolean", Doc: "Whether it stands in the place still.", Call: g.entityExists},
			{Name: "get", Signature: "(component: string): table?", Doc: "A component as a plain table, a copy, or nil.", Call: g.entityGet},
			{Name: "set", Signature: "(component: string, value: table)", Doc: "Sets a component whole.", Call: g.entitySet},
			{Name: "unset", Signature: "(component: string)", Doc: "Takes a component away.", Call: g.entityUnset},
			{Name: "remove", Signature: "(children?: \"cascade\"|\"reparent\")", Doc: "Removes it, and what stands on it; with \"reparent\" that stays where it is.", Call: g.entityRemove, Price: 300},
			{Name: "position", Signature: "(): number, number, number", Doc: "Where it stands in its parent's space, in metres.", Call: g.entityPosition},
			{Name: "move", Signature: "(x: number, y: number, z: number)", Doc: "Moves it in its parent's space. How it is turned stays.", Call: g.entityMove, Price: 100},
			{Name: "world", Signature: "(): loci.Matrix", Doc: "Its transform in the place's space.", Call: g.entityWorld},
			{Name: "animate", Signature: "(animation: loci.Animation): string", Doc: "Animates a property of it, from now unless start_at says otherwise, and gives the animation's id. The component's validate is asked about both ends.", Call: g.entityAnimate, Price: 300},
			{Name: "stop", Signature: "(animation: string): boolean", Doc: "Ends an animation where it is. False if there is none of that id.", Call: g.entityStop, Price: 100},
			{Name: "send", Signature: "(to: loci.Entity|loci.Agent|string, body: any[]): boolean", Doc: "Tells an agent's entity something, one-way. It must be the place's own. False if the other has gone, or so much waits to be sent to its agent that it misses this.", Call: g.entitySend, Price: 200},
			{Name: "request", Signature: "(to: loci.Entity|loci.Agent|string, body: any[], options?: {timeout?: number}): any[]?, string?", Doc: "Asks an entity something and waits for the answer, in a task: the answer's body, or nil and why there is none. The timeout is 10 s unless said otherwise.", Call: g.entityRequest, Price: 300},
		},
	}
}

func (g *generation) openEntity() {
	g.methods.entity = g.Table(g.entityClass())
	for _, name := range g.entityClass().Names() {
		g.reserved[name] = true
	}
	g.meta.entity = g.Metatable("entity", map[string]lua.LGFunction{
		"__index":    g.entityIndex,
		"__newindex": g.entityNewIndex,
	})
	g.meta.components = g.Metatable("components", map[string]lua.LGFunction{
		"__index": func(L *lua.LState) int {
			ent := bind.Argument[*components](L, 1, "components").entity
			return g.pushPart(L, ent, L.CheckString(2))
		},
		"__newindex": func(L *lua.LState) int {
			ent := bind.Argument[*components](L, 1, "components").entity
			return g.setComponent(L, ent, L.CheckString(2), L.Get(3))
		},
	})
}

// self is the entity that a method was called on.
func (g *generation) self(L *lua.LState) *entity {
	g.needsPlace(L, "an entity")
	return bind.Argument[*entity](L, 1, "an entity (called with a colon)")
}

// present is self, which must stand in the place.
func (g *generation) present(L *lua.LState) (*entity, *world.Entity) {
	ent := g.self(L)
	e := ent.live(g)
	if e == nil {
		L.RaiseError("%s is gone", ent)
	}
	return ent, e
}

func (g *generation) entityIndex(L *lua.LState) int {
	return g.indexEntity(L, L.Get(1).(*lua.LUserData).Value.(*entity), L.Get(2))
}

// indexEntity gives a component, a method or a field of an entity.
func (g *generation) indexEntity(L *lua.LState, ent *entity, key lua.LValue) int {
	name, ok := key.(lua.LString)
	if !ok {
		L.Push(lua.LNil)
		return 1
	}
	if part := ent.parts[string(name)]; part != nil && part.fast && part.load(g) {
		L.Push(part.ud)
		return 1
	}
	if method := g.methods.entity.RawGetString(string(name)); method != lua.LNil {
		L.Push(method)
		return 1
	}
	if value := g.entityField(L, ent, string(name)); value != nil {
		L.Push(value)
		return 1
	}
	return g.pushPart(L, ent, string(name))
}

// entityField is one of the fields, nil if it is not called like one.
func (g *generation) entityField(L *lua.LState, ent *entity, name string) lua.LValue {
	if name == "id" {
		return lua.LString(ent.id)
	}
	if !g.reserved[name] {
		return nil
	}
	e := ent.live(g)
	switch {
	case name == "components":
		return g.Userdata(&components{g, ent}, g.meta.components)
	case e == nil:
		return lua.LNil
	case name == "owner":
		return g.owner(e.Owner())
	case name == "parent" && e.Parent() != nil:
		return g.entity(e.Parent().ID())
	case name == "children":
		children := L.NewTable()
		for i, c := range g.turn().World().Children(ent.id) {
			g.Charge(L, api.EachPrice)
			children.RawSetInt(i+1, g.entity(c.ID()))
		}
		return children
	}
	return lua.LNil
}

func (g *generation) entityNewIndex(L *lua.LState) int {
	ent, name := g.self(L), L.CheckString(2)
	if g.reserved[name] {
		L.RaiseError("%s of an entity cannot be assigned; a component of that name is entity.components.%s", name, name)
	}
	return g.setComponent(L, ent, name, L.Get(3))
}

// components are an entity's, by name alone.
type components struct {
	g      *generation
	entity *entity
}

func (c *components) String() string { return "components of " + c.entity.id }

// List implements [bind.Lister].
func (c *components) List() *lua.LTable {
	g := c.g
	t := g.L.NewTable()
	if e := c.entity.live(g); e != nil {
		for _, name := range e.Names() {
			t.RawSetString(name, g.part(c.entity.id, name))
		}
	}
	return t
}

func (g *generation) pushPart(L *lua.LState, ent *entity, name string) int {
	if g.live {
		if p := ent.part(g, name); p.load(g) {
			L.Push(p.ud)
			return 1
		}
	}
	L.Push(lua.LNil)
	return 1
}

// setComponent sets a component whole, or takes it away.
func (g *generation) setComponent(L *lua.LState, ent *entity, name string, value lua.LValue) int {
	g.changes(L, "changing an entity")
	g.Charge(L, api.WritePrice)
	if value == lua.LNil {
		bind.Check(L, g.turn().Change(ent.id, nil, name))
		return 0
	}
	c, ok := g.ToGo(L, value, bind.Component).(map[string]any)
	if !ok {
		L.RaiseError("component %s must be a table of keys and values, not %s", name, bind.NameOf(value))
	}
	if name == "transform" {
		bind.Check(L, vec.WriteOut(c))
	}
	bind.Check(L, g.turn().Change(ent.id, map[string]any{name: c}))
	return 0
}
