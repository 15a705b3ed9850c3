package engine

import (
	"fmt"
	"slices"

	"github.com/loci-place/loci/engine/world"
)

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
		r.Refuse(fmt.Sprintf("%v %q", ErrNoEntity, id))
		return
	}
	for _, name := range unset {
		if _, ok := served[name]; ok {
			r.Refuse(fmt.Sprintf("%s is the place's to take away", name))
			return
		}
	}
	err := r.agent.place.checkComponents(set, true)
	if err == nil {
		err = r.agent.place.change(e, set, unset)
	}
	if err != nil {
		r.Refuse(err.Error())
		return
	}
	r.OK()
}

// changes reads what is to become of an entity, and tells whether that makes sense.
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
// away: all or nothing.
func (p *Place) change(e *world.Entity, set map[string]any, unset []string) error {
	if e == p.self && slices.Contains(unset, "clock") {
		return fmt.Errorf("%w: the place keeps its clock", ErrBadEntity)
	}
	if err := p.fits(e, set, unset); err != nil {
		return fmt.Errorf("%w: %w", ErrBadEntity, err)
	}
	if r, ok := asObject(set["relationships"]); ok {
		if parent, _ := r["parent"].(string); p.world.WouldCycle(e, parent) {
			return fmt.Errorf("%w: %q is below %q", ErrCycle, parent, e.ID())
		}
	}
	for name, c := range set {
		if err := e.Set(name, c); err != nil {
			return err // cannot be: the components were checked
		}
	}
	for _, name := range unset {
		e.Unset(name)
	}
	return nil
}
