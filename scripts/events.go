package scripts

import (
	"fmt"
	"maps"
	"slices"

	"github.com/loci-place/loci/scripts/internal/api"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/world"
)

// events are what handlers will hear of, in the order it happened. They are called when
// the turn ends in which it did, so that no handler runs in the midst of another, or of
// what the place is doing.
type events struct {
	queue   []work
	depth   int // of the event whose handlers run
	dropped int // since the log last said so
	changes map[changeKey]*change
}

// eventNames are those that scripts can hear of, with what handlers are given.
var eventNames = []api.Field{
	{Name: "open", Type: "fun(again: boolean)", Doc: "once, when the place opens; again if it stood before and its data was kept, with all that was spawned"},
	{Name: "join", Type: "fun(agent: loci.Agent)", Doc: "an agent has come in"},
	{Name: "leave", Type: "fun(agent: loci.Agent, code: integer)", Doc: "an agent has gone, and its entities; of very many, some go with the next heartbeats"},
	{Name: "spawn", Type: "fun(entity: loci.Entity)", Doc: "an entity has come, whoever owns it"},
	{Name: "remove", Type: "fun(entity: loci.Entity)", Doc: "an entity has gone; only its id can still be read"},
	{Name: "change", Type: "fun(entity: loci.Entity, component: string, new?: table, old?: table)", Doc: "a component was set, changed or taken away, by an agent or a script; what intents, hands and animations move is no change"},
	{Name: "tick", Type: "fun(dt: number)", Doc: "every heartbeat, dt seconds after the one before"},
	{Name: "reload", Type: "fun(generation: integer, files: string[])", Doc: "the scripts were loaded anew"},
	{Name: "publication", Type: "fun(body: any[], from: loci.Entity?)", Doc: "somebody published something"},
	{Name: "close", Type: "fun()", Doc: "once, when the place closes"},
}

// emit queues what is to be called, and tells whether it will be.
func (r *Runtime) emit(run func(g *generation)) bool {
	q, limits := &r.events, &r.config.Limits
	switch {
	case q.depth >= limits.Chain:
		r.drop("handlers set each other off without end", "chain", limits.Chain)
	case len(q.queue) >= limits.Queue:
		r.drop("too many events wait for their handlers", "queue", limits.Queue)
	default:
		q.queue = append(q.queue, work{by: r.quotas.cause(r.turn), depth: q.depth + 1, run: run})
		return true
	}
	return false
}

// soon queues what must not be dropped, as what goes on with a task, of which there is a
// limited number.
func (r *Runtime) soon(by *quota, run func()) {
	r.events.queue = append(r.events.queue, work{by: by, must: true, run: func(*generation) { run() }})
}

// drop says now and then that events are lost.
func (r *Runtime) drop(why string, args ...any) {
	r.events.dropped++
	if n := r.events.dropped; n&(n-1) == 0 {
		r.log.Error("an event is dropped: "+why, append(args, "dropped", n)...)
	}
}

// event queues a call of all handlers of an event.
func (r *Runtime) event(name string, args ...any) {
	if len(r.gen.on[name]) > 0 {
		r.emit(func(g *generation) { g.tell(name, args) })
	}
}

// tell calls an event's handlers.
func (g *generation) tell(name string, args []any) {
	handlers := g.on[name]
	if len(handlers) == 0 {
		return
	}
	values := make([]lua.LValue, len(args))
	about := ""
	for i, arg := range args {
		var err error
		if values[i], err = g.given(arg, &about); err != nil {
			g.report(fmt.Sprintf("event %q", name), "", err)
			return
		}
	}
	for _, h := range handlers {
		_, _ = g.call(h, about, values...)
	}
}

// given makes a Lua value of what an event tells, and notes what it is about.
func (g *generation) given(arg any, about *string) (lua.LValue, error) {
	switch v := arg.(type) {
	case engine.Agent:
		*about = v.ID
		return g.agent(v), nil
	case *world.Entity:
		*about = v.ID()
		return g.entity(v.ID()), nil
	case entityID:
		*about = string(v)
		return g.entity(string(v)), nil
	case lua.LValue:
		return v, nil
	}
	return g.Value(arg)
}

// entityID is the id of an entity that may be gone.
type entityID string

// drain does what is queued, as far as it fits; what does not waits with its quota. What
// an event's handlers set off comes behind all that is queued already.
func (r *Runtime) drain() {
	q := &r.events
	for len(q.queue) > 0 {
		w := q.queue[0]
		q.queue[0] = work{}
		q.queue = q.queue[1:]
		switch {
		case r.quotas.fits(w.by):
			r.do(w)
		case !r.quotas.hold(w):
			r.drop("too many events of one agent wait for their handlers", "agent", w.by.who)
		}
	}
}

// do does work that fits, to its end.
func (r *Runtime) do(w work) {
	depth, begun := r.events.depth, r.quotas.begun
	defer func() { r.events.depth, r.quotas.begun = depth, begun }()
	r.events.depth, r.quotas.begun = w.depth, w.by
	r.quotas.act(w.by, func() { w.run(r.gen) })
}

// runHeld does what has waited for this heartbeat.
func (r *Runtime) runHeld() {
	for {
		w, ok := r.quotas.next()
		if !ok {
			return
		}
		r.do(w)
	}
}

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

// watches tells whether anybody hears of a component's changes.
func (g *generation) watches(name string) bool {
	k := g.kinds[name]
	return len(g.on["change"]) > 0 || k != nil && (k.added != nil || k.changed != nil || k.removed != nil)
}

// concerns tells whether anybody hears of a component's changes or has a say in them.
func (g *generation) concerns(name string) bool {
	k := g.kinds[name]
	return g.watches(name) || k != nil && k.validate != nil
}

// changed queues that a component has changed.
func (g *generation) changed(e *world.Entity, name string, had bool, old map[string]any) {
	r, key := g.r, changeKey{lifeOf(e), name}
	if k := g.kinds[name]; k != nil {
		k.follow(g, e)
	}
	if ent := g.entities[e.ID()]; ent != nil && !e.Has(name) {
		delete(ent.parts, name) // agents make up names without end
	}
	if c := r.events.changes[key]; c != nil {
		c.has = e.Has(name)
		return
	}
	if !g.watches(name) {
		return
	}
	c := &change{key: key, old: old, added: !had, has: e.Has(name)}
	if r.events.changes == nil {
		r.events.changes = map[changeKey]*change{}
	}
	if r.emit(func(g *generation) {
		delete(r.events.changes, key)
		g.tellChange(c)
	}) {
		r.events.changes[key] = c
	}
}

// tellChange calls the handlers of a component that was changed.
func (g *generation) tellChange(c *change) {
	switch {
	case c.has && c.key.over():
		return // it went with its entity, which is told next
	case !c.has && c.added:
		return // came and went meanwhile
	}
	id := c.key.e.ID()
	if k := g.kinds[c.key.component]; k != nil {
		switch {
		case !c.has:
			k.tellRemoved(g, id, c.old)
		case c.added:
			k.tellAdded(g, id)
		default:
			k.tellChanged(g, id, c.old)
		}
	}
	if len(g.on["change"]) == 0 {
		return
	}
	var now, old any = lua.LNil, lua.LNil
	if c.has {
		now = lua.LValue(g.part(id, c.key.component))
	}
	if !c.added {
		old = lua.LValue(g.was(c.key.component, c.old))
	}
	g.tell("change", []any{entityID(id), c.key.component, now, old})
}

// spawned queues that an entity has come.
func (g *generation) spawned(e *world.Entity) {
	g.r.event("spawn", e)
	for _, name := range e.Names() {
		if k := g.kinds[name]; k != nil {
			k.follow(g, e)
			g.r.emitAdded(name, e)
		}
	}
}

// emitAdded queues that an entity has a component.
func (r *Runtime) emitAdded(name string, e *world.Entity) {
	if k := r.gen.kinds[name]; k == nil || k.added == nil {
		return
	}
	l := lifeOf(e)
	r.emit(func(g *generation) {
		if k := g.kinds[name]; k != nil && !l.over() && e.Has(name) {
			k.tellAdded(g, e.ID())
		}
	})
}

// removed queues that an entity has gone.
func (g *generation) removed(e engine.Entity) {
	id := e.ID
	if ent := g.entities[id]; ent != nil {
		for name := range ent.parts {
			if k := g.kinds[name]; k != nil {
				k.gone = true
			}
		}
		delete(g.entities, id)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Components)) {
		old := e.Components[name]
		if k := g.kinds[name]; k != nil {
			g.r.emit(func(g *generation) {
				if k := g.kinds[name]; k != nil {
					k.tellRemoved(g, id, old)
				}
			})
		}
	}
	g.r.event("remove", entityID(id))
}
