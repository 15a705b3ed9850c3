package lib

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/loci-place/loci/internal/suggest"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/sched"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/world"
)

// Events are place.on, and what its handlers and those of components are told. They are
// called when the turn ends in which it happened, in that order.
type Events struct {
	*Env
	calls      *sched.Calls
	entities   *Entities
	parts      *Parts
	agents     *Agents
	components *Components
	now        func() *Events // of the scripts in force when handlers are called
	on         map[string][]*sched.Handler
	changes    Changes
}

func (ev *Events) functions() []api.Function {
	return []api.Function{
		{Name: "on", Signature: "(event: loci.Event, handler: function)", Doc: "Hears of an event. Top level only; several handlers of one event run in order.", Call: ev.listen},
	}
}

// EventNames are those that scripts can hear of, with what handlers are given.
var EventNames = []api.Field{
	{Name: "open", Type: "fun(again: boolean)", Doc: "once, when the place opens; again if it stood before and its data was kept, with all that was spawned"},
	{Name: "join", Type: "fun(agent: loci.Agent)", Doc: "an agent has come in"},
	{Name: "leave", Type: "fun(agent: loci.Agent, code: integer)", Doc: "an agent has gone, and its entities; of very many, some go with the next heartbeats"},
	{Name: "spawn", Type: "fun(entity: loci.Entity)", Doc: "an entity has come, no matter who owns it"},
	{Name: "remove", Type: "fun(entity: loci.Entity)", Doc: "an entity has gone; only its id can still be read"},
	{Name: "change", Type: "fun(entity: loci.Entity, component: string, new?: table, old?: table)", Doc: "a component was set, changed or taken away, by an agent or a script; what intents, hands and animations move is no change"},
	{Name: "tick", Type: "fun(dt: number)", Doc: "every heartbeat, dt seconds after the one before"},
	{Name: "reload", Type: "fun(generation: integer, files: string[])", Doc: "the scripts were loaded again"},
	{Name: "publication", Type: "fun(body: any[], from: loci.Entity?)", Doc: "somebody published something"},
	{Name: "close", Type: "fun()", Doc: "once, when the place closes"},
}

func (ev *Events) listen(L *lua.LState) int {
	ev.NeedsTopLevel(L, "place.on")
	event := L.CheckString(1)
	var names []string
	for _, e := range EventNames {
		names = append(names, e.Name)
	}
	if !slices.Contains(names, event) {
		hint := suggest.From(event, names...)
		if hint == "" {
			hint = "; there are " + strings.Join(names, ", ")
		}
		L.RaiseError("there is no event %q%s", event, hint)
	}
	ev.on[event] = append(ev.on[event], sched.HandlerArg(L, 2, fmt.Sprintf("event %q", event)))
	return 0
}

// Happened queues a call of all handlers of an event.
func (ev *Events) Happened(name string, args ...any) {
	if len(ev.on[name]) > 0 {
		ev.calls.Emit(func() { ev.now().tell(name, args) })
	}
}

// tell calls an event's handlers.
func (ev *Events) tell(name string, args []any) {
	handlers := ev.on[name]
	if len(handlers) == 0 {
		return
	}
	values := make([]lua.LValue, len(args))
	about := ""
	for i, arg := range args {
		var err error
		if values[i], err = ev.given(arg, &about); err != nil {
			ev.calls.Report(fmt.Sprintf("event %q", name), "", err)
			return
		}
	}
	for _, h := range handlers {
		_, _ = ev.calls.Call(h, about, values...)
	}
}

// given makes a Lua value of what an event tells, and notes what it is about.
func (ev *Events) given(arg any, about *string) (lua.LValue, error) {
	switch v := arg.(type) {
	case engine.Agent:
		*about = v.ID
		return ev.agents.Value(v), nil
	case *world.Entity:
		*about = v.ID()
		return ev.entities.Value(v.ID()), nil
	case EntityID:
		*about = string(v)
		return ev.entities.Value(string(v)), nil
	case lua.LValue:
		return v, nil
	}
	return ev.Value(arg)
}

// EntityID is the id of an entity that may be gone.
type EntityID string

// life is an entity from when it came to when it goes. What comes under its id later is
// another one, even in the same turn.
type life struct {
	e *world.Entity
	n int
}

func lifeOf(e *world.Entity) life { return life{e, e.Lives()} }

func (l life) over() bool { return !l.e.Alive() || l.e.Lives() != l.n }

// changeKey is a component of an entity that a change is on its way of.
type changeKey struct {
	life
	component string
}

// change is one or more changes of a component that have not been told yet: they are
// told as one.
type change struct {
	key   changeKey
	old   map[string]any // before the first of them
	added bool           // there was none
	has   bool           // there is one after the last of them
}

// Watches reports whether anybody hears of a component's changes.
func (ev *Events) Watches(name string) bool {
	return len(ev.on["change"]) > 0 || ev.components.tells(name)
}

// concerned reports whether anybody hears of a component's changes or has a say in them.
func (ev *Events) concerned(name string) bool {
	return ev.Watches(name) || ev.components.Checks(name)
}

// Changed queues that a component has changed.
func (ev *Events) Changed(e *world.Entity, name string, had bool, old map[string]any) {
	key := changeKey{lifeOf(e), name}
	if k := ev.components.kinds[name]; k != nil {
		ev.components.follow(k, e)
	}
	if !e.Has(name) {
		ev.entities.forgetPart(e.ID(), name)
	}
	if c := ev.changes[key]; c != nil {
		c.has = e.Has(name)
		return
	}
	if !ev.Watches(name) {
		return
	}
	c := &change{key: key, old: old, added: !had, has: e.Has(name)}
	if ev.calls.Emit(func() {
		delete(ev.changes, key)
		ev.now().tellChange(c)
	}) {
		ev.changes[key] = c
	}
}

// tellChange calls the handlers of a component that was changed.
func (ev *Events) tellChange(c *change) {
	switch {
	case c.has && c.key.over():
		return // it went with its entity, which is told next
	case !c.has && c.added:
		return // came and went meanwhile
	}
	id := c.key.e.ID()
	if k := ev.components.kinds[c.key.component]; k != nil {
		switch {
		case !c.has:
			ev.components.tellRemoved(k, id, c.old)
		case c.added:
			ev.components.tellAdded(k, id)
		default:
			ev.components.tellChanged(k, id, c.old)
		}
	}
	if len(ev.on["change"]) == 0 {
		return
	}
	var now, old any = lua.LNil, lua.LNil
	if c.has {
		now = lua.LValue(ev.parts.Value(id, c.key.component))
	}
	if !c.added {
		old = lua.LValue(ev.parts.was(c.key.component, c.old))
	}
	ev.tell("change", []any{EntityID(id), c.key.component, now, old})
}

// Spawned queues that an entity has come.
func (ev *Events) Spawned(e *world.Entity) {
	ev.Happened("spawn", e)
	ev.Met(e)
}

// Met queues that an entity has the components that it has.
func (ev *Events) Met(e *world.Entity) {
	for _, name := range e.Names() {
		if k := ev.components.kinds[name]; k != nil {
			ev.components.follow(k, e)
			ev.added(k, e)
		}
	}
}

// added queues that an entity has a component.
func (ev *Events) added(k *kind, e *world.Entity) {
	if k.added == nil {
		return
	}
	l, name := lifeOf(e), k.name
	ev.calls.Emit(func() {
		now := ev.now().components
		if k := now.kinds[name]; k != nil && !l.over() && e.Has(name) {
			now.tellAdded(k, e.ID())
		}
	})
}

// Tick calls the handlers of a heartbeat.
func (ev *Events) Tick(dt float64) { ev.tell("tick", []any{dt}) }

// Removed queues that an entity has gone.
func (ev *Events) Removed(e engine.Entity) {
	id := e.ID
	for _, name := range ev.entities.forget(id) {
		if k := ev.components.kinds[name]; k != nil {
			k.gone = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Components)) {
		old := e.Components[name]
		if ev.components.kinds[name] != nil {
			ev.calls.Emit(func() {
				now := ev.now().components
				if k := now.kinds[name]; k != nil {
					now.tellRemoved(k, id, old)
				}
			})
		}
	}
	ev.Happened("remove", EntityID(id))
}

// Changes are those that have not been told yet. They belong to the runtime: a reload does not
// lose them.
type Changes map[changeKey]*change
