package scripts

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-gl/mathgl/mgl64"
	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// entity is an entity as scripts have it, by its id: it may be gone, and come again.
type entity struct {
	id    string
	e     *world.Entity // as last seen
	ud    *lua.LUserData
	parts map[string]*part

	watched *world.Entity // whose changes it will be told of
	writing bool          // the change is one that its part knows of
}

// String is what people are told it is.
func (ent *entity) String() string { return "entity " + ent.id }

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
	for _, p := range ent.parts {
		p.slow()
	}
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
		ent.ud = g.userdata(ent, g.meta.entity)
		if g.live && ent.live(g) != nil { // what is gone is not kept
			g.entities[id] = ent
		}
	}
	return ent
}

func (g *generation) entity(id string) *lua.LUserData { return g.entityOf(id).ud }

func entityClass() class {
	return class{
		name: "loci.Entity", method: true,
		doc: "An entity of the place. Its components are read and written like tables, under their names: " +
			"`lamp.light.on = true` changes the component for everybody, `lamp.light = {on = true}` sets it whole and " +
			"`lamp.light = nil` takes it away. A component that is called like one of the names below is " +
			"`lamp.components.parent`.",
		fields: []field{
			{name: "id", typ: "string", doc: "its id, which never changes"},
			{name: "owner", typ: "loci.Agent", doc: "who it belongs to; the place itself has the id \"place\""},
			{name: "parent", typ: "loci.Entity?", doc: "the entity that it stands on"},
			{name: "children", typ: "loci.Entity[]", doc: "the entities that stand on it"},
			{name: "components", typ: "table<string, table>", doc: "its components by name, also those called like a field"},
		},
		functions: []function{
			{"exists", "(): boolean", "Whether it stands in the place still.", (*generation).entityExists},
			{"get", "(component: string): table?", "A component as a plain table, a copy, or nil.", (*generation).entityGet},
			{"set", "(component: string, value: table)", "Sets a component whole.", (*generation).entitySet},
			{"unset", "(component: string)", "Takes a component away.", (*generation).entityUnset},
			{"remove", "(children?: \"cascade\"|\"reparent\")", "Removes it, and what stands on it; with \"reparent\" that stays where it is.", (*generation).entityRemove},
			{"position", "(): number, number, number", "Where it stands in its parent's space, in metres.", (*generation).entityPosition},
			{"move", "(x: number, y: number, z: number)", "Moves it in its parent's space. How it is turned stays.", (*generation).entityMove},
			{"world", "(): loci.Matrix", "Its transform in the place's space.", (*generation).entityWorld},
			{"animate", "(animation: loci.Animation): string", "Animates a property of it, from now unless start_at says otherwise, and gives the animation's id.", (*generation).entityAnimate},
			{"stop", "(animation: string): boolean", "Ends an animation where it is. False if there is none of that id.", (*generation).entityStop},
			{"send", "(to: loci.Entity|loci.Agent|string, body: any[]): boolean", "Tells an agent's entity something, one-way. It must be the place's own. False if the other has gone.", (*generation).entitySend},
			{"request", "(to: loci.Entity|loci.Agent|string, body: any[], options?: {timeout?: number}): any[]?, string?", "Asks an entity something and waits for the answer, in a task: the answer's body, or nil and why there is none. The timeout is 10 s unless said otherwise.", (*generation).entityRequest},
		},
	}
}

func (g *generation) openEntity() {
	g.methods.entity = g.table(entityClass())
	for _, name := range entityClass().names() {
		g.reserved[name] = true
	}
	g.meta.entity = g.metatable("entity", map[string]lua.LGFunction{
		"__index":    g.entityIndex,
		"__newindex": g.entityNewIndex,
	})
	g.meta.components = g.metatable("components", map[string]lua.LGFunction{
		"__index": func(L *lua.LState) int {
			ent := argument[*components](L, 1, "components").entity
			return g.pushPart(L, ent, L.CheckString(2))
		},
		"__newindex": func(L *lua.LState) int {
			ent := argument[*components](L, 1, "components").entity
			return g.setComponent(L, ent, L.CheckString(2), L.Get(3))
		},
	})
}

// self is the entity that a method was called on.
func (g *generation) self(L *lua.LState) *entity {
	g.needsPlace(L, "an entity")
	return argument[*entity](L, 1, "an entity (called with a colon)")
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
	ent := L.Get(1).(*lua.LUserData).Value.(*entity)
	name, ok := L.Get(2).(lua.LString)
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
		return g.userdata(&components{ent}, g.meta.components)
	case e == nil:
		return lua.LNil
	case name == "owner":
		return g.owner(e.Owner())
	case name == "parent" && e.Parent() != nil:
		return g.entity(e.Parent().ID())
	case name == "children":
		children := L.NewTable()
		for i, c := range g.turn().World().Children(ent.id) {
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
type components struct{ entity *entity }

func (c *components) String() string { return "components of " + c.entity.id }

func (c *components) list(g *generation) *lua.LTable {
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
	g.needsPlace(L, "an entity")
	if value == lua.LNil {
		g.check(L, g.turn().Change(ent.id, nil, name))
		return 0
	}
	c, ok := g.toGo(L, value, component).(map[string]any)
	if !ok {
		L.RaiseError("component %s must be a table of keys and values, not %s", name, nameOf(value))
	}
	if name == "transform" {
		g.check(L, shortTransform(c))
	}
	g.check(L, g.turn().Change(ent.id, map[string]any{name: c}))
	return 0
}

func (g *generation) entityExists(L *lua.LState) int {
	L.Push(lua.LBool(g.self(L).live(g) != nil))
	return 1
}

func (g *generation) entityGet(L *lua.LState) int {
	e := g.self(L).live(g)
	name := L.CheckString(2)
	if e == nil || !e.Has(name) {
		L.Push(lua.LNil)
		return 1
	}
	c, _ := e.Component(name)
	L.Push(g.toLua(L, c))
	return 1
}

func (g *generation) entitySet(L *lua.LState) int {
	L.CheckTypes(3, lua.LTTable, lua.LTUserData)
	return g.setComponent(L, g.self(L), L.CheckString(2), L.Get(3))
}

func (g *generation) entityUnset(L *lua.LState) int {
	return g.setComponent(L, g.self(L), L.CheckString(2), lua.LNil)
}

func (g *generation) entityRemove(L *lua.LState) int {
	ent, how := g.self(L), world.Cascade
	switch L.OptString(2, "cascade") {
	case "cascade":
	case "reparent":
		how = world.Reparent
	default:
		L.ArgError(2, `"cascade" or "reparent" expected`)
	}
	if ent.id == engine.PlaceID {
		L.RaiseError("the place itself stays")
	}
	g.turn().Remove(ent.id, how)
	return 0
}

func (g *generation) entityPosition(L *lua.LState) int {
	_, e := g.present(L)
	at := e.Local().Col(3)
	for _, v := range at[:3] {
		L.Push(lua.LNumber(v))
	}
	return 3
}

func (g *generation) entityMove(L *lua.LState) int {
	ent, e := g.present(L)
	m := e.Local()
	for i := range 3 {
		m[12+i] = float64(L.CheckNumber(2 + i))
	}
	g.check(L, g.turn().Move(ent.id, netcode.Matrix(m)))
	return 0
}

func (g *generation) entityWorld(L *lua.LState) int {
	_, e := g.present(L)
	L.Push(g.matrix(e.World()))
	return 1
}

// matrix makes a loci.Matrix, see loci.vec.
func (g *generation) matrix(m mgl64.Mat4) *lua.LTable { return g.newMatrix(m) }

func (g *generation) entityAnimate(L *lua.LState) int {
	ent, _ := g.present(L)
	animation, ok := g.toGo(L, L.CheckTable(2), component).(map[string]any)
	if !ok {
		L.ArgError(2, "a table such as {path = …, from = …, to = …, duration = …} expected")
	}
	if animation["start_at"] == nil {
		animation["start_at"] = g.turn().Time()
	}
	id, err := g.turn().Animate(ent.id, animation)
	g.check(L, err)
	L.Push(lua.LString(id))
	return 1
}

func (g *generation) entityStop(L *lua.LState) int {
	L.Push(lua.LBool(g.turn().StopAnimation(g.self(L).id, L.CheckString(2))))
	return 1
}

// recipient is argument n: an entity, or its id.
func (g *generation) recipient(L *lua.LState, n int) string {
	if id, ok := L.Get(n).(lua.LString); ok {
		return string(id)
	}
	if ud, ok := L.Get(n).(*lua.LUserData); ok {
		switch v := ud.Value.(type) {
		case *entity:
			return v.id
		case *agentValue:
			return v.agent.Avatar
		}
	}
	L.ArgError(n, "an entity or its id expected, got "+nameOf(L.Get(n)))
	return ""
}

var errBody = errors.New("a body is a list that begins with a verb: { \"glow\", … }")

// body is argument n: a list that begins with a verb.
func (g *generation) body(L *lua.LState, n int) []any {
	list, ok := g.toGo(L, L.CheckTable(n), body).([]any)
	if ok && len(list) > 0 {
		_, ok = list[0].(string)
	}
	if !ok || len(list) == 0 {
		L.ArgError(n, errBody.Error())
	}
	return list
}

func (g *generation) entitySend(L *lua.LState) int {
	from, to, list := g.self(L), g.recipient(L, 2), g.body(L, 3)
	// That the sender is not the place's is a mistake, that the other has gone is not.
	e, there := from.live(g), g.turn().World().Entity(to) != nil
	if there || e == nil || e.Owner() != engine.PlaceID {
		g.check(L, g.turn().Send(from.id, to, list[0].(string), list[1:]...))
	}
	L.Push(lua.LBool(there))
	return 1
}

// defaultTimeout is how long a request waits for its answer, in seconds.
const defaultTimeout = 10

func (g *generation) entityRequest(L *lua.LState) int {
	ask := question{from: g.self(L).id, to: g.recipient(L, 2), body: g.body(L, 3), timeout: timeoutOption(L, 4)}
	return g.yield(L, "request", func(t *task) { t.ask(g, ask) })
}

// timeoutOption reads { timeout = seconds }, which may be missing, from argument n.
func timeoutOption(L *lua.LState, n int) float64 {
	options := L.OptTable(n, nil)
	if options == nil {
		return defaultTimeout
	}
	timeout, ok := options.RawGetString("timeout").(lua.LNumber)
	if !ok || !(timeout > 0) {
		L.ArgError(n, "{ timeout = seconds } expected")
	}
	return float64(timeout)
}

// seconds as a duration, for people.
func seconds(s float64) string { return fmt.Sprint(time.Duration(s * float64(time.Second))) }
