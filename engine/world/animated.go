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

// Animated lists the entities that have property animations. The slice is the
// world's own, and its order means nothing: when an entity has no animations any
// more, the last takes its place. Who ends animations on the way goes backwards.
func (w *World) Animated() []*Animated { return w.animated }

// setAnimated follows a change of the property_animations component.
func (e *Entity) setAnimated(has bool) {
	w, a := e.w, e.typed.animated
	switch {
	case has && a == nil:
		e.typed.animated = &Animated{Entity: e, slot: len(w.animated)}
		w.animated = append(w.animated, e.typed.animated)
	case has:
		a.Parsed = nil
	case a != nil:
		last := len(w.animated) - 1
		w.animated[a.slot] = w.animated[last]
		w.animated[a.slot].slot = a.slot
		w.animated[last] = nil
		w.animated = w.animated[:last]
		e.typed.animated = nil
	}
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
