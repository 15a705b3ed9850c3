package world

import "slices"

// Animated is an entity that has property animations: at least one under
// property_animations.animations (protocol section 7).
type Animated struct {
	Entity *Entity
	// Parsed is what the one who steps the animations made of the component. The
	// world only sets it to nil, whenever the component becomes another.
	Parsed any
	slot   int
}

// AnimatedBy are the entities of one owner that have property animations.
type AnimatedBy struct {
	Owner string
	// Entities is the world's own, and its order means nothing: when an entity has no
	// animations any more, the last takes its place. Who ends animations on the way goes
	// backwards.
	Entities []*Animated
	slot     int
}

// Animated lists the owners of entities that have property animations. The slice is the
// world's own; as with the entities of each, the last takes the place of one that goes.
func (w *World) Animated() []*AnimatedBy { return w.animated }

// setAnimated follows a change of the property_animations component.
func (e *Entity) setAnimated(has bool) {
	a := e.typed.animated
	switch {
	case has && a == nil:
		by := e.w.animatedBy[e.owner]
		if by == nil {
			by = &AnimatedBy{Owner: e.owner, slot: len(e.w.animated)}
			e.w.animatedBy[e.owner] = by
			e.w.animated = append(e.w.animated, by)
		}
		e.typed.animated = &Animated{Entity: e, slot: len(by.Entities)}
		by.Entities = append(by.Entities, e.typed.animated)
	case has:
		a.Parsed = nil
	case a != nil:
		by := e.w.animatedBy[e.owner]
		last := len(by.Entities) - 1
		by.Entities[a.slot] = by.Entities[last]
		by.Entities[a.slot].slot = a.slot
		by.Entities[last] = nil
		by.Entities = by.Entities[:last]
		e.typed.animated = nil
		if last == 0 {
			e.w.forgetAnimatedBy(by)
		}
	}
}

func (w *World) forgetAnimatedBy(by *AnimatedBy) {
	last := len(w.animated) - 1
	w.animated[by.slot] = w.animated[last]
	w.animated[by.slot].slot = by.slot
	w.animated[last] = nil
	w.animated = w.animated[:last]
	delete(w.animatedBy, by.Owner)
}

// EndAnimations takes animations out of the entity's property_animations, which
// stays, even if it is left without any. What is Parsed of the others stays too: it
// is the caller's to forget those that ended.
func (e *Entity) EndAnimations(ids ...string) {
	component := e.components.get("property_animations")
	if component == nil {
		return
	}
	list := component.open().get("animations")
	if list == nil || !list.isObj {
		return
	}
	ed, o, ended := e.w.editor(), list.open(), false
	for _, id := range ids {
		ended = ed.unset(o, id) || ended
	}
	if !ended {
		return
	}
	list.stamp, component.stamp = e.w.now, e.w.now
	e.touch()
	if !slices.ContainsFunc(o.keys, func(k key) bool { return k.life.alive() }) {
		e.setAnimated(false)
	}
}
