package lib

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/sched"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/world"
)

// kind is a custom component, as its file describes it.
type kind struct {
	name, file                              string
	defaults                                map[string]any
	validate, added, changed, removed, tick *sched.Handler
	verbs                                   map[string]*sched.Handler
	members                                 []member // entities that have one, as far as anybody ticks
	listed                                  map[*entity]bool
	gone                                    bool // some of the members may be gone
}

// member is an entity that has a component.
type member struct {
	entity *entity
	part   *part
}

// VerbHandler is the type of what answers a verb of a component.
const VerbHandler = "fun(entity: loci.Entity, request: loci.Request): ..."

// Handlers are what a component's file may return beside defaults and verbs.
var Handlers = []api.Field{
	{Name: "defaults", Type: "table", Doc: "what a component has that is set without it"},
	{Name: "validate", Type: "fun(component: table): boolean, string?", Doc: "says whether a component may be so, and if not why; of what agents send as well, and of an animated component as it will be at both ends of the animation, not between. It only looks: it may not change the place"},
	{Name: "added", Type: "fun(entity: loci.Entity, component: table)", Doc: "an entity has the component now; after a reload also those that had it before"},
	{Name: "changed", Type: "fun(entity: loci.Entity, component: table, old: table)", Doc: "the component changed; several changes in one turn are one"},
	{Name: "removed", Type: "fun(entity: loci.Entity, old: table)", Doc: "the component, or its entity, has gone"},
	{Name: "tick", Type: "fun(entity: loci.Entity, component: table, dt: number)", Doc: "every heartbeat, for each entity that has the component"},
}

// Components are the custom components, each described by a file in components.
type Components struct {
	*Env
	calls    *sched.Calls
	entities *Entities
	parts    *Parts
	kinds    map[string]*kind
	ticks    []*kind                    // that have a tick, in order
	next     struct{ kind, member int } // where ticking goes on
}

// Add adds the component that a file returned.
func (cs *Components) Add(file string, returned []lua.LValue) error {
	k, err := cs.newKind(file, returned)
	if err != nil {
		return err
	}
	cs.kinds[k.name] = k
	if k.tick != nil {
		cs.ticks = append(cs.ticks, k)
	}
	return nil
}

// Names returns the names of all components, in no order.
func (cs *Components) Names() []string { return slices.Collect(maps.Keys(cs.kinds)) }

// Has reports whether a file describes a component.
func (cs *Components) Has(name string) bool { return cs.kinds[name] != nil }

// Checks reports whether a component has a validate.
func (cs *Components) Checks(name string) bool {
	k := cs.kinds[name]
	return k != nil && k.validate != nil
}

// tells reports whether anybody hears of a component's changes.
func (cs *Components) tells(name string) bool {
	k := cs.kinds[name]
	return k != nil && (k.added != nil || k.changed != nil || k.removed != nil)
}

// newKind reads what a component's file returned.
func (cs *Components) newKind(file string, returned []lua.LValue) (*kind, error) {
	k := &kind{
		name: strings.TrimSuffix(path.Base(file), ".lua"), file: file,
		verbs: map[string]*sched.Handler{}, listed: map[*entity]bool{},
	}
	if len(returned) == 0 || returned[0].Type() != lua.LTTable {
		return nil, fmt.Errorf("%s:1: a component's file returns a table: return { added = function(entity, %s) … end }", file, k.name)
	}
	var failed error
	returned[0].(*lua.LTable).ForEach(func(key, value lua.LValue) {
		if err := cs.take(k, key, value); err != nil && failed == nil {
			failed = fmt.Errorf("%s:1: %w", file, err)
		}
	})
	return k, failed
}

// take takes one item of the table.
func (cs *Components) take(k *kind, key, value lua.LValue) error {
	name, ok := key.(lua.LString)
	if !ok {
		return fmt.Errorf("the table has the key %v, which is no name", key)
	}
	if name == "defaults" {
		defaults, err := cs.Convert(value, bind.Component)
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
	h := sched.NewHandler(fn, fmt.Sprintf("component %s.%s", k.name, name))
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

// Check fills in what an entity's new components lack, and has them
// validated.
func (cs *Components) Check(e *world.Entity, owner string, set map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(set)) {
		k := cs.kinds[name]
		if k == nil {
			continue
		}
		c, _ := set[name].(map[string]any) // an empty list stands for an empty object
		c = k.complete(c)
		if err := cs.valid(k, c); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		set[name] = c
	}
	if owner == engine.PlaceID {
		return cs.checkVerbs(e, set)
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
func (cs *Components) valid(k *kind, c map[string]any) error {
	if k.validate == nil {
		return nil
	}
	arg, err := cs.Value(c)
	if err != nil {
		return err
	}
	results, err := cs.calls.Look(k.validate, "", arg)
	switch {
	case err != nil && !cs.Live():
		return err // the author is told all
	case err != nil:
		return errors.New(sched.Explain(err))
	case len(results) == 0 || lua.LVAsBool(results[0]):
		return nil
	case len(results) > 1 && results[1].Type() == lua.LTString:
		return errors.New(results[1].String())
	}
	return errors.New("not valid")
}

// checkVerbs refuses an entity two of whose components would answer the same verb.
func (cs *Components) checkVerbs(e *world.Entity, set map[string]any) error {
	answering := func(name string) bool { return cs.kinds[name] != nil && len(cs.kinds[name].verbs) > 0 }
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
		for verb := range cs.kinds[name].verbs {
			if other := by[verb]; other != "" {
				return fmt.Errorf("the components %s and %s of one entity both answer %q", other, name, verb)
			}
			by[verb] = name
		}
	}
	return nil
}

// follow notes that an entity may have come to have the component.
func (cs *Components) follow(k *kind, e *world.Entity) {
	if k.tick == nil {
		return
	}
	if !e.Has(k.name) { // of what is removed with its entity the sweep hears by gone
		k.gone = true
		return
	}
	ent := cs.entities.of(e.ID())
	if !k.listed[ent] {
		k.listed[ent] = true
		k.members = append(k.members, member{ent, cs.parts.of(ent, k.name)})
	}
}

// sweep forgets members that are gone.
func (cs *Components) sweep(k *kind) {
	if !k.gone {
		return
	}
	k.gone = false
	k.members = slices.DeleteFunc(slices.Clone(k.members), func(m member) bool {
		e := m.entity.live(cs.entities) // one that has come again has another member
		gone := e == nil || !e.Has(k.name) || cs.entities.byID[m.entity.id] != m.entity
		if gone {
			delete(k.listed, m.entity)
		}
		return gone
	})
}

func (cs *Components) tellAdded(k *kind, id string) {
	if k.added != nil {
		_, _ = cs.calls.Call(k.added, id, cs.entities.Value(id), cs.parts.Value(id, k.name))
	}
}

func (cs *Components) tellChanged(k *kind, id string, old map[string]any) {
	if k.changed == nil {
		return
	}
	_, _ = cs.calls.Call(k.changed, id, cs.entities.Value(id), cs.parts.Value(id, k.name), cs.parts.was(k.name, old))
}

func (cs *Components) tellRemoved(k *kind, id string, old map[string]any) {
	if k.removed == nil {
		return
	}
	_, _ = cs.calls.Call(k.removed, id, cs.entities.Value(id), cs.parts.was(k.name, old))
}

// Tick calls the tick handlers, after what is called first. Where the place's pool is used up, the next heartbeat
// goes on with those that have not had their turn. What an agent's entities take is its
// own: where that is used up they have none in this heartbeat.
func (cs *Components) Tick(dt float64, first func(dt float64)) {
	at := &cs.next
	if at.kind == 0 && at.member == 0 && cs.calls.Open(cs.calls.Place) {
		first(dt)
	}
	for ; at.kind < len(cs.ticks); at.kind, at.member = at.kind+1, 0 {
		if !cs.tickMembers(cs.ticks[at.kind], lua.LNumber(dt)) {
			return
		}
	}
	at.kind = 0
}

func (cs *Components) tickMembers(k *kind, dt lua.LValue) (done bool) {
	if cs.next.member == 0 {
		cs.sweep(k)
	}
	for ; cs.next.member < len(k.members); cs.next.member++ {
		m := k.members[cs.next.member]
		if !m.part.load() {
			continue
		}
		by := cs.calls.Of(m.entity.e.Owner())
		switch {
		case cs.calls.Open(by):
		case cs.calls.IsPlace(by):
			return false
		default:
			continue
		}
		_, _ = cs.calls.CallFor(by, k.tick, m.entity.id, m.entity.ud, m.part.ud, dt)
	}
	return true
}
