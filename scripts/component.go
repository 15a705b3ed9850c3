package scripts

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/world"
)

// kind is a custom component, as its file describes it.
type kind struct {
	name, file                              string
	defaults                                map[string]any
	validate, added, changed, removed, tick *handler
	verbs                                   map[string]*handler
	members                                 []member // entities that have one, as far as anybody ticks
	listed                                  map[*entity]bool
	gone                                    bool // some of the members may be gone
}

// member is an entity that has a component.
type member struct {
	entity *entity
	part   *part
}

// kindHandlers are what a component's file may return beside defaults and verbs.
var kindHandlers = []api.Field{
	{Name: "defaults", Type: "table", Doc: "what a component has that is set without it"},
	{Name: "validate", Type: "fun(component: table): boolean, string?", Doc: "says whether a component may be so, and if not why; of what agents send as well, and of an animated component as it will be at both ends of the animation, not between. It only looks: it may not change the place"},
	{Name: "added", Type: "fun(entity: loci.Entity, component: table)", Doc: "an entity has the component now; after a reload also those that had it before"},
	{Name: "changed", Type: "fun(entity: loci.Entity, component: table, old: table)", Doc: "the component changed; several changes in one turn are one"},
	{Name: "removed", Type: "fun(entity: loci.Entity, old: table)", Doc: "the component, or its entity, has gone"},
	{Name: "tick", Type: "fun(entity: loci.Entity, component: table, dt: number)", Doc: "every heartbeat, for each entity that has the component"},
}

// newKind reads what a component's file returned.
func (g *generation) newKind(file string, returned []lua.LValue) (*kind, error) {
	k := &kind{
		name: strings.TrimSuffix(path.Base(file), ".lua"), file: file,
		verbs: map[string]*handler{}, listed: map[*entity]bool{},
	}
	if len(returned) == 0 || returned[0].Type() != lua.LTTable {
		return nil, fmt.Errorf("%s:1: a component's file returns a table: return { added = function(entity, %s) … end }", file, k.name)
	}
	var failed error
	returned[0].(*lua.LTable).ForEach(func(key, value lua.LValue) {
		if err := k.take(g, key, value); err != nil && failed == nil {
			failed = fmt.Errorf("%s:1: %w", file, err)
		}
	})
	return k, failed
}

// take takes one item of the table.
func (k *kind) take(g *generation, key, value lua.LValue) error {
	name, ok := key.(lua.LString)
	if !ok {
		return fmt.Errorf("the table has the key %v, which is no name", key)
	}
	if name == "defaults" {
		defaults, err := g.Convert(value, bind.Component)
		if err != nil {
			return fmt.Errorf("defaults: %w", err)
		}
		if k.defaults, ok = defaults.(map[string]any); !ok {
			return errors.New("defaults must be a table of keys and values")
		}
		return nil
	}
	fn, ok := value.(*lua.LFunction)
	if !ok || fn.IsG {
		return fmt.Errorf("%s must be a function: what is not a handler is a verb", name)
	}
	h := newHandler(fn, fmt.Sprintf("component %s.%s", k.name, name))
	switch name {
	case "validate":
		k.validate = h
	case "added":
		k.added = h
	case "changed":
		k.changed = h
	case "removed":
		k.removed = h
	case "tick":
		k.tick = h
	default:
		k.verbs[string(name)] = h
	}
	return nil
}

// checkComponents fills in what an entity's new components lack, and has them
// validated.
func (g *generation) checkComponents(e *world.Entity, owner string, set map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(set)) {
		k := g.kinds[name]
		if k == nil {
			continue
		}
		c, _ := set[name].(map[string]any) // an empty list stands for an empty object
		c = k.complete(c)
		if err := k.valid(g, c); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		set[name] = c
	}
	if owner == engine.PlaceID {
		return g.checkVerbs(e, set)
	}
	return nil
}

// complete gives a component with the defaults for what it lacks.
func (k *kind) complete(c map[string]any) map[string]any {
	if len(k.defaults) == 0 && c != nil {
		return c
	}
	full := make(map[string]any, len(c)+len(k.defaults))
	maps.Copy(full, k.defaults)
	for key, v := range c {
		if v != nil {
			full[key] = v
		}
	}
	return full
}

// valid asks a component's validate.
func (k *kind) valid(g *generation, c map[string]any) error {
	if k.validate == nil {
		return nil
	}
	arg, err := g.Value(c)
	if err != nil {
		return err
	}
	results, err := g.look(k.validate, "", arg)
	switch {
	case err != nil && !g.live:
		return err // whoever wrote it is told all
	case err != nil:
		return errors.New(explain(err))
	case len(results) == 0 || lua.LVAsBool(results[0]):
		return nil
	case len(results) > 1 && results[1].Type() == lua.LTString:
		return errors.New(results[1].String())
	}
	return errors.New("not valid")
}

// checkVerbs refuses an entity two of whose components would answer the same verb.
func (g *generation) checkVerbs(e *world.Entity, set map[string]any) error {
	answering := func(name string) bool { return g.kinds[name] != nil && len(g.kinds[name].verbs) > 0 }
	fresh := false
	for name := range set {
		fresh = fresh || answering(name) && (e == nil || !e.Has(name))
	}
	if !fresh {
		return nil
	}
	names := slices.Collect(maps.Keys(set))
	if e != nil {
		names = append(names, e.Names()...)
	}
	slices.Sort(names)
	by := map[string]string{}
	for _, name := range slices.Compact(names) {
		if !answering(name) {
			continue
		}
		for verb := range g.kinds[name].verbs {
			if other := by[verb]; other != "" {
				return fmt.Errorf("the components %s and %s of one entity both answer %q", other, name, verb)
			}
			by[verb] = name
		}
	}
	return nil
}

// follow notes that an entity may have come to have the component.
func (k *kind) follow(g *generation, e *world.Entity) {
	if k.tick == nil {
		return
	}
	if !e.Has(k.name) { // of what is removed with its entity the sweep hears by gone
		k.gone = true
		return
	}
	ent := g.entityOf(e.ID())
	if !k.listed[ent] {
		k.listed[ent] = true
		k.members = append(k.members, member{ent, ent.part(g, k.name)})
	}
}

// sweep forgets members that are gone.
func (k *kind) sweep(g *generation) {
	if !k.gone {
		return
	}
	k.gone = false
	k.members = slices.DeleteFunc(slices.Clone(k.members), func(m member) bool {
		e := m.entity.live(g) // one that has come again has another member
		gone := e == nil || !e.Has(k.name) || g.entities[m.entity.id] != m.entity
		if gone {
			delete(k.listed, m.entity)
		}
		return gone
	})
}

func (k *kind) tellAdded(g *generation, id string) {
	if k.added != nil {
		_, _ = g.call(k.added, id, g.entity(id), g.part(id, k.name))
	}
}

func (k *kind) tellChanged(g *generation, id string, old map[string]any) {
	if k.changed == nil {
		return
	}
	_, _ = g.call(k.changed, id, g.entity(id), g.part(id, k.name), g.was(k.name, old))
}

func (k *kind) tellRemoved(g *generation, id string, old map[string]any) {
	if k.removed == nil {
		return
	}
	_, _ = g.call(k.removed, id, g.entity(id), g.was(k.name, old))
}

// runTicks calls the tick handlers. Where the place's pool is used up, the next heartbeat
// goes on with those that have not had their turn. What an agent's entities take is its
// own: where that is used up they have none in this heartbeat.
func (g *generation) runTicks(dt float64) {
	at := &g.tick
	if at.kind == 0 && at.member == 0 && g.r.quotas.open(g.r.quotas.place) {
		g.tell("tick", []any{dt})
	}
	for ; at.kind < len(g.ticks); at.kind, at.member = at.kind+1, 0 {
		if !g.tickMembers(g.ticks[at.kind], lua.LNumber(dt)) {
			return
		}
	}
	at.kind = 0
}

func (g *generation) tickMembers(k *kind, dt lua.LValue) (done bool) {
	q := &g.r.quotas
	if g.tick.member == 0 {
		k.sweep(g)
	}
	for ; g.tick.member < len(k.members); g.tick.member++ {
		m := k.members[g.tick.member]
		if !m.part.load(g) {
			continue
		}
		by := q.of(m.entity.e.Owner())
		switch {
		case q.open(by):
		case by == q.place:
			return false
		default:
			continue
		}
		q.acting = by
		_, _ = g.call(k.tick, m.entity.id, m.entity.ud, m.part.ud, dt)
		q.acting = nil
	}
	return true
}
