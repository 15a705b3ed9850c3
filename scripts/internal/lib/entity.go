package lib

import (
	"maps"
	"slices"

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

// Identity implements [Identified].
func (ent *entity) Identity() string { return ent.String() }

// Plain implements [bind.Plain].
func (ent *entity) Plain() any { return ent.id }

// live is the entity in the world, nil if it is not there.
func (ent *entity) live(es *Entities) *world.Entity {
	if ent.e == nil || !ent.e.Alive() {
		before := ent.e
		if ent.e = es.Turn().World().Entity(ent.id); ent.e != before {
			ent.forget() // it is another one now
		}
	}
	return ent.e
}

// forget lets all its parts be read again.
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
func (ent *entity) show(es *Entities, p *part) {
	if ent.shown == nil {
		ent.shown = es.L.NewTable()
		others := es.L.NewTable()
		others.RawSetString(index, es.L.NewFunction(func(L *lua.LState) int { return es.indexEntity(L, ent, L.Get(2)) }))
		ent.shown.Metatable = others
		meta := es.L.NewTable()
		es.meta.ForEach(meta.RawSet)
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

// Entities are the values that scripts have for entities.
type Entities struct {
	*Env
	agents         *Agents
	parts          *Parts
	ask            func(L *lua.LState, q question) int // entity:request
	byID           map[string]*entity
	methods        *lua.LTable
	meta           *lua.LTable
	componentsMeta *lua.LTable
	reserved       map[string]bool // names of fields and methods
}

// Unwatch lets go of the world, which must not keep what is over.
func (es *Entities) Unwatch() {
	for _, ent := range es.byID {
		ent.unwatch()
	}
}

// forget forgets an entity that has gone. It returns the names of the components that scripts
// have looked at.
func (es *Entities) forget(id string) (parts []string) {
	if ent := es.byID[id]; ent != nil {
		parts = slices.Collect(maps.Keys(ent.parts))
		delete(es.byID, id)
	}
	return parts
}

// Kept returns how many components of an entity are kept, because scripts have looked at them.
func (es *Entities) Kept(id string) int {
	if ent := es.byID[id]; ent != nil {
		return len(ent.parts)
	}
	return 0
}

// forgetPart forgets a component that an entity has no more: agents make up names without end.
func (es *Entities) forgetPart(id, name string) {
	if ent := es.byID[id]; ent != nil {
		delete(ent.parts, name)
	}
}

// of returns an entity by its id, whether or not it is there.
func (es *Entities) of(id string) *entity {
	ent := es.byID[id]
	if ent == nil {
		ent = &entity{id: id}
		ent.ud = es.Userdata(ent, es.meta)
		if es.Live() && ent.live(es) != nil { // what is gone is not kept
			es.byID[id] = ent
		}
	}
	return ent
}

// Value returns the value of an entity, whether or not it is there.
func (es *Entities) Value(id string) *lua.LUserData { return es.of(id).ud }

// Class describes an entity.
func (es *Entities) Class() api.Class {
	return api.Class{
		Name: "loci.Entity", Method: true, Open: true,
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
			{Name: "exists", Signature: "(): boolean", Doc: "Whether it stands in the place still.", Call: es.entityExists},
			{Name: "get", Signature: "(component: string): table?", Doc: "A component as a plain table, a copy, or nil.", Call: es.entityGet},
			{Name: "set", Signature: "(component: string, value: table)", Doc: "Sets a component whole.", Call: es.entitySet},
			{Name: "unset", Signature: "(component: string)", Doc: "Takes a component away.", Call: es.entityUnset},
			{Name: "remove", Signature: "(children?: \"cascade\"|\"reparent\")", Doc: "Removes it, and what stands on it; with \"reparent\" that stays where it is.", Call: es.entityRemove, Price: 300},
			{Name: "position", Signature: "(): number, number, number", Doc: "Where it stands in its parent's space, in metres.", Call: es.entityPosition},
			{Name: "move", Signature: "(x: number, y: number, z: number)", Doc: "Moves it in its parent's space. How it is turned stays.", Call: es.entityMove, Price: 100},
			{Name: "world", Signature: "(): loci.Matrix", Doc: "Its transform in the place's space.", Call: es.entityWorld},
			{Name: "animate", Signature: "(animation: loci.Animation): string", Doc: "Animates a property of it, from now unless start_at says otherwise, and returns the animation's id. The component's validate is asked about both ends.", Call: es.entityAnimate, Price: 300},
			{Name: "stop", Signature: "(animation: string): boolean", Doc: "Ends an animation where it is. False if there is none of that id.", Call: es.entityStop, Price: 100},
			{Name: "send", Signature: "(to: loci.Entity|loci.Agent|string, body: any[]): boolean", Doc: "Tells an agent's entity something, one-way. It must be the place's own. False if the other has gone, or so much waits to be sent to its agent that it misses this.", Call: es.entitySend, Price: 200},
			{Name: "request", Signature: "(to: loci.Entity|loci.Agent|string, body: any[], options?: {timeout?: number}): any[]?, string?", Doc: "Asks an entity something and waits for the answer, in a task: the answer's body, or nil and why there is none. The timeout is 10 s unless said otherwise.", Call: es.entityRequest, Price: 300},
		},
	}
}

func (es *Entities) open() {
	es.methods = es.Table(es.Class())
	for _, name := range es.Class().Names() {
		es.reserved[name] = true
	}
	es.meta = es.Metatable("entity", map[string]lua.LGFunction{
		"__index":    es.index,
		"__newindex": es.newIndex,
	})
	es.componentsMeta = es.Metatable("components", map[string]lua.LGFunction{
		"__index": func(L *lua.LState) int {
			ent := bind.Argument[*components](L, 1, "components").entity
			return es.pushPart(L, ent, L.CheckString(2))
		},
		"__newindex": func(L *lua.LState) int {
			ent := bind.Argument[*components](L, 1, "components").entity
			return es.setComponent(L, ent, L.CheckString(2), L.Get(3))
		},
	})
}

// self is the entity that a method was called on.
func (es *Entities) self(L *lua.LState) *entity {
	es.NeedsPlace(L, "an entity")
	return bind.Argument[*entity](L, 1, "an entity (called with a colon)")
}

// present is self, which must stand in the place.
func (es *Entities) present(L *lua.LState) (*entity, *world.Entity) {
	ent := es.self(L)
	e := ent.live(es)
	if e == nil {
		L.RaiseError("%s is gone", ent)
	}
	return ent, e
}

func (es *Entities) index(L *lua.LState) int {
	return es.indexEntity(L, L.Get(1).(*lua.LUserData).Value.(*entity), L.Get(2))
}

// indexEntity gives a component, a method or a field of an entity.
func (es *Entities) indexEntity(L *lua.LState, ent *entity, key lua.LValue) int {
	name, ok := key.(lua.LString)
	if !ok {
		L.Push(lua.LNil)
		return 1
	}
	if part := ent.parts[string(name)]; part != nil && part.fast && part.load() {
		L.Push(part.ud)
		return 1
	}
	if method := es.methods.RawGetString(string(name)); method != lua.LNil {
		L.Push(method)
		return 1
	}
	if value := es.field(L, ent, string(name)); value != nil {
		L.Push(value)
		return 1
	}
	return es.pushPart(L, ent, string(name))
}

// entityField is one of the fields, nil if it is not called like one.
func (es *Entities) field(L *lua.LState, ent *entity, name string) lua.LValue {
	if name == "id" {
		return lua.LString(ent.id)
	}
	if !es.reserved[name] {
		return nil
	}
	e := ent.live(es)
	switch {
	case name == "components":
		return es.Userdata(&components{es, ent}, es.componentsMeta)
	case e == nil:
		return lua.LNil
	case name == "owner":
		return es.agents.owner(e.Owner())
	case name == "parent" && e.Parent() != nil:
		return es.Value(e.Parent().ID())
	case name == "children":
		children := L.NewTable()
		for i, c := range es.Turn().World().Children(ent.id) {
			es.Charge(L, api.EachPrice)
			children.RawSetInt(i+1, es.Value(c.ID()))
		}
		return children
	}
	return lua.LNil
}

func (es *Entities) newIndex(L *lua.LState) int {
	ent, name := es.self(L), L.CheckString(2)
	if es.reserved[name] {
		L.RaiseError("%s of an entity cannot be assigned; a component of that name is entity.components.%s", name, name)
	}
	return es.setComponent(L, ent, name, L.Get(3))
}

// components are an entity's, by name alone.
type components struct {
	es     *Entities
	entity *entity
}

func (c *components) String() string { return "components of " + c.entity.id }

// List implements [bind.Lister].
func (c *components) List() *lua.LTable {
	es := c.es
	t := es.L.NewTable()
	if e := c.entity.live(es); e != nil {
		for _, name := range e.Names() {
			t.RawSetString(name, es.parts.Value(c.entity.id, name))
		}
	}
	return t
}

func (es *Entities) pushPart(L *lua.LState, ent *entity, name string) int {
	if es.Live() {
		if p := es.parts.of(ent, name); p.load() {
			L.Push(p.ud)
			return 1
		}
	}
	L.Push(lua.LNil)
	return 1
}

// setComponent sets a component whole, or takes it away.
func (es *Entities) setComponent(L *lua.LState, ent *entity, name string, value lua.LValue) int {
	es.Changes(L, "changing an entity")
	es.Charge(L, api.WritePrice)
	if value == lua.LNil {
		bind.Check(L, es.Turn().Change(ent.id, nil, name))
		return 0
	}
	c, ok := es.ToGo(L, value, bind.Component).(map[string]any)
	if !ok {
		L.RaiseError("component %s must be a table of keys and values, not %s", name, bind.NameOf(value))
	}
	if name == "transform" {
		bind.Check(L, vec.WriteOut(c))
	}
	bind.Check(L, es.Turn().Change(ent.id, map[string]any{name: c}))
	return 0
}

// EntityIDOf returns the id of the entity that a value is, and whether it is one.
func EntityIDOf(v lua.LValue) (string, bool) {
	ent, ok := bind.Of[*entity](v)
	if !ok {
		return "", false
	}
	return ent.id, true
}
