package engine

import (
	"fmt"

	"github.com/loci-place/loci/engine/sim"
	"github.com/loci-place/loci/engine/world"
)

// addPropertyAnimation animates a property of the entity that asks:
// ["add_property_animation", {…}] (protocol section 7).
func addPropertyAnimation(r *Request) {
	p, e := r.agent.place, r.agent.place.world.Entity(r.From)
	if len(r.Args) != 1 {
		r.Refuse("want one description of an animation")
		return
	}
	if err := p.checkAnimation(e, r.Args[0]); err != nil {
		r.Refuse(err.Error())
		return
	}
	id, err := p.animate(e, r.Args[0])
	if err != nil {
		r.Fail(err.Error())
		return
	}
	r.OK(id)
}

// checkedBytes is how large a component may be that is animated and that the place's
// behaviour has a say in: an animation is a short request, and makes the place read all
// of the component.
const checkedBytes = 4096

// checkAnimation tells what is wrong with an animation, and what the place's behaviour
// says to where it begins and ends.
func (p *Place) checkAnimation(e *world.Entity, animation any) error {
	a, err := sim.ParseAnimation(animation)
	if err != nil {
		return err
	}
	name := a.Component()
	if !p.hooks.checker.Checks(name) {
		return nil
	}
	if size := e.ComponentSize(name); size > checkedBytes {
		return fmt.Errorf("%s has %d bytes; what the place checks can be animated up to %d", name, size, checkedBytes)
	}
	for _, end := range a.Ends(e) {
		if err := p.hooks.checker.Check(e, e.Owner(), map[string]any{name: end}); err != nil {
			return err
		}
	}
	return nil
}

// animate adds an animation that makes sense to an entity and gives its id.
func (p *Place) animate(e *world.Entity, animation any) (id string, err error) {
	running := animations(e)
	if limit := p.cfg.Limits.Animations; len(running) >= limit {
		return "", fmt.Errorf("the entity has %d animations already", limit)
	}
	id = p.newID(func(id string) bool { return running[id] != nil })
	running[id] = animation
	if err := p.fits(e, map[string]any{"property_animations": running}, nil); err != nil {
		return "", err
	}
	return id, setAnimations(e, running)
}

// removePropertyAnimation ends an animation of the entity that asks, where it is:
// ["remove_property_animation", id].
func removePropertyAnimation(r *Request) {
	id, ok := text(r.Args, 0)
	if !ok || len(r.Args) != 1 {
		r.Refuse("want the id of an animation")
		return
	}
	e := r.agent.place.world.Entity(r.From)
	running := animations(e)
	if running[id] == nil {
		r.Fail(fmt.Sprintf("the entity has no animation %q", id))
		return
	}
	delete(running, id)
	if err := setAnimations(e, running); err != nil {
		r.Refuse(err.Error())
		return
	}
	r.OK(id)
}

// animations gives a copy of an entity's animations, by id.
func animations(e *world.Entity) map[string]any {
	c, _ := e.Component("property_animations")
	if list, ok := c["animations"].(map[string]any); ok {
		return list
	}
	return map[string]any{}
}

func setAnimations(e *world.Entity, list map[string]any) error {
	return e.Set("property_animations", map[string]any{"animations": list})
}
