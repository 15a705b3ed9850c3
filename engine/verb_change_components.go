package engine

import (
	"fmt"
	"maps"
	"slices"

	"github.com/loci-place/loci/engine/world"
)

var changeComponentsVerb = official{
	name: "change_components", answer: changeComponents, own: true,
	components: func(c *command) (all []map[string]any) {
		for _, arg := range c.args {
			if components, ok := arg.(map[string]any); ok {
				all = append(all, components)
			}
		}
		return all
	},
	uses: usesComponentBytes,
}

// usesComponentBytes is the cost of what brings components.
func usesComponentBytes(c *command, cost *usedUp) { cost[componentBytes] = float64(c.size) }

// changeComponents replaces components of an entity, each whole, and takes others
// away: ["change_components", id, "add_or_change", {…}, "remove", […]].
func changeComponents(r *Request) {
	const want = `want an entity id, "add_or_change", an object of components, "remove" and a list of names`
	id, ok := text(r.Args, 0)
	set, unset, whole := changes(after(r.Args, 1))
	if !ok || !whole {
		r.Refuse(want)
		return
	}
	e := r.agent.place.world.Entity(id)
	if e == nil {
		r.Refuse(fmt.Sprintf("%v %.100q", ErrNoEntity, id))
		return
	}
	for _, name := range unset {
		if _, ok := served[name]; ok {
			r.Refuse(fmt.Sprintf("%s is the place's to take away", name))
			return
		}
	}
	err := r.place.check(e, e.Owner(), set, true)
	if err == nil {
		err = r.changeComponents(e, set, unset)
	}
	if err != nil {
		r.refuse(err)
		return
	}
	r.OK()
}

// changeComponents makes a change that makes sense, as far as the rules let the agent hang
// the entity where it is to be. What it takes off its own stays where it stands.
func (r *Request) changeComponents(e *world.Entity, set map[string]any, unset []string) error {
	p, h := r.place, r.place.hanging()
	detaches := h.detaches(r.agent.id, e, set, unset)
	if r.detaches && !detaches {
		return fmt.Errorf("%.100q hangs on nothing of yours", e.ID()) // any more
	}
	if err := h.attachComponents(*r.asker(), e, set); err != nil {
		return err
	}
	stood, hung := e.World(), e.ParentID()
	if err := p.change(e, set, unset, r.encoded, r.agent.id); err != nil {
		return err
	}
	if detaches {
		p.stand(e, stood)
	}
	if e.Owner() == r.agent.id && (e.ParentID() != hung || slices.Contains(unset, "relationships")) {
		p.offers.takeBack(e)
	}
	return nil
}

// changes reads what is to become of an entity, and reports whether that makes sense.
func changes(args []any) (set map[string]any, unset []string, ok bool) {
	ok = halves(args, func(what string, v any) (ok bool) {
		switch what {
		case "add_or_change":
			set, ok = object([]any{v}, 0)
		case "remove":
			unset, ok = names(v)
		}
		return ok
	})
	return set, unset, ok
}

// change replaces components of an entity, which have been checked, and takes others
// away: all or nothing. By is the agent who wants that, or PlaceID.
func (p *Place) change(e *world.Entity, set map[string]any, unset []string, known encodings, by string) error {
	if e == p.self && slices.Contains(unset, "clock") {
		return fmt.Errorf("%w: the place keeps its clock", ErrBadEntity)
	}
	encoded, err := known.all(set)
	if err == nil {
		err = p.fits(e, encoded, unset)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBadEntity, err)
	}
	grows := 0
	for name, c := range encoded {
		grows += c.Size() - e.ComponentSize(name)
	}
	if err := p.mayHold(by, growthRoom(grows)); err != nil {
		return err
	}
	before := e.Tombstones()
	defer func() {
		takes := 0
		for _, c := range encoded {
			takes += world.ChangeHeap(c, 0)
		}
		p.holdings.took(e.Owner(), takes+world.ChangeHeap(world.Component{}, e.Tombstones()-before))
	}()
	if r, ok := asObject(set["relationships"]); ok {
		if parent, _ := r["parent"].(string); p.world.WouldCycle(e, parent) {
			return fmt.Errorf("%w: %.100q is below %.100q", ErrCycle, parent, e.ID())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(set)) { // the order in which it is heard of
		c := encoded[name]
		if err := p.changeOne(e, name, &c); err != nil {
			return err // cannot be: the components were checked
		}
	}
	for _, name := range unset {
		_ = p.changeOne(e, name, nil)
	}
	return nil
}

// changeOne sets one component, or takes it away if there is nothing to set, and has
// the place's behaviour hear of it.
func (p *Place) changeOne(e *world.Entity, name string, c *world.Component) error {
	return p.edit(e, name, func() error {
		if c == nil {
			e.Unset(name)
			return nil
		}
		return e.Set(name, *c)
	})
}

// edit makes a change to one component, and has the place's behaviour hear of it.
func (p *Place) edit(e *world.Entity, name string, change func() error) error {
	var old map[string]any
	if p.hooks.watcher.Watches(name) {
		old, _ = e.Component(name)
	}
	had, before := e.Has(name), e.Edits()
	err := change()
	if e.Edits() != before {
		p.hooks.watcher.Changed(e, name, had, old)
	}
	return err
}

// watchRemoval takes down what the place's behaviour will hear of entities that are
// about to be removed, and gives what tells it.
func (p *Place) watchRemoval(id string, how world.Removal) (tell func()) {
	e := p.world.Entity(id)
	if e == nil {
		return func() {}
	}
	family := []*world.Entity{e}
	if how == world.Cascade {
		family = p.world.Family(e)
	}
	going := make([]Entity, len(family))
	for i, e := range family {
		going[i] = copyOf(e, p.hooks.watcher.Watches)
	}
	return func() {
		for _, e := range going {
			p.hooks.watcher.Removed(e)
		}
	}
}
