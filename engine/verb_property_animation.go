package engine

import (
	"fmt"

	"github.com/loci-place/loci/engine/sim"
	"github.com/loci-place/loci/engine/world"
)

var (
	addPropertyAnimationVerb    = official{name: "add_property_animation", answer: addPropertyAnimation, own: true, uses: usesComponentBytes}
	removePropertyAnimationVerb = official{name: "remove_property_animation", answer: removePropertyAnimation, own: true}
)

// addPropertyAnimation animates a property of the entity that asks:
// ["add_property_animation", {…}] (netcode/PROTOCOL.md, "add_property_animation").
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

// animate adds an animation that makes sense to an entity and returns its id. It costs
// what the animation does, not what the entity has already.
func (p *Place) animate(e *world.Entity, animation any) (id string, err error) {
	limits := &p.cfg.Limits
	if e.Animations() >= limits.Animations {
		return "", fmt.Errorf("the entity has %d animations already", limits.Animations)
	}
	description, _ := animation.(map[string]any)
	c, err := world.Encode("property_animations", description)
	if err != nil {
		return "", err
	}
	if c.Size() > limits.AnimationBytes {
		p.counts.hit(limitAnimationBytes)
		return "", fmt.Errorf("an animation takes at most %d bytes", limits.AnimationBytes)
	}
	if err := p.fitsMore(e, c.Size()); err != nil {
		return "", err
	}
	if err := p.mayHold(e.Owner(), growthRoom(c.Size())); err != nil {
		return "", err
	}
	defer p.holdings.took(e.Owner(), c.Size())
	id = p.newID(e.HasAnimation)
	return id, e.SetAnimation(id, c)
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
	if !e.HasAnimation(id) {
		r.Fail(fmt.Sprintf("the entity has no animation %.100q", id))
		return
	}
	if err := e.SetAnimation(id, nil); err != nil {
		r.Refuse(err.Error())
		return
	}
	r.OK(id)
}
