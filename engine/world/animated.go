package world

import (
	"fmt"

	"github.com/loci-place/loci/netcode"
)

// Animated is an entity that has property animations: at least one under
// property_animations.animations (netcode/PROTOCOL.md, "Property animations").
type Animated struct {
	Entity *Entity
	// Parsed is what the one who steps the animations made of the component. The
	// world only sets it to nil, whenever the component becomes another.
	Parsed any
	// Edited are the animations that have come, become others or gone since it was
	// parsed, by [Entity.SetAnimation]. One who steps them clears it.
	Edited []string
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
		a.Parsed, a.Edited = nil, nil
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
	list := e.animations()
	if list == nil {
		return
	}
	if e.editAnimations(list, func(ed *editor, o *object) (ended bool) {
		for _, id := range ids {
			ended = ed.unset(o, id) || ended
		}
		return ended
	}) && len(list.obj.live) == 0 {
		e.setAnimated(false)
	}
}

// SetAnimation returns the entity an animation, or takes it away if that is nil. It costs
// what that one does, however many there are.
func (e *Entity) SetAnimation(id string, animation any) error {
	list := e.animations()
	switch {
	case animation == nil:
		e.EndAnimations(id)
	case list == nil:
		c, err := Encode("property_animations", animation)
		if err != nil {
			return err
		}
		return e.Set("property_animations", map[string]any{"animations": map[string]any{id: c.value}})
	default:
		c, err := Encode("property_animations", animation)
		if err != nil {
			return err
		}
		e.editAnimations(list, func(ed *editor, o *object) bool { return ed.set(o, id, c.raw) })
		if e.typed.animated == nil {
			e.setAnimated(true)
		}
	}
	if a := e.typed.animated; a != nil && a.Parsed != nil {
		a.Edited = append(a.Edited, id)
	}
	return nil
}

// Animation decodes one of the entity's animations, nil if there is none of that id.
func (e *Entity) Animation(id string) any {
	list := e.animations()
	if list == nil {
		return nil
	}
	k := list.open().get(id)
	if k == nil {
		return nil
	}
	v, err := netcode.ParseValue(k.appendFull(nil))
	if err != nil {
		panic(fmt.Sprintf("world: stored animation %s of %s: %v", id, e.id, err))
	}
	return v
}

// HasAnimation reports whether the entity has an animation of that id.
func (e *Entity) HasAnimation(id string) bool {
	list := e.animations()
	return list != nil && list.open().get(id) != nil
}

// Animations is how many the entity has.
func (e *Entity) Animations() int {
	if list := e.animations(); list != nil {
		return len(list.open().live)
	}
	return 0
}

// animations is the key property_animations.animations, nil if that is no object.
func (e *Entity) animations() *key {
	component := e.components.get("property_animations")
	if component == nil {
		return nil
	}
	list := component.open().get("animations")
	if list == nil || !list.isObj {
		return nil
	}
	return list
}

// editAnimations edits the object of animations, and reports whether that changed it.
func (e *Entity) editAnimations(list *key, edit func(ed *editor, o *object) bool) bool {
	o, was := list.open(), list.width()
	ed := e.editor()
	if !edit(&ed, o) {
		return false
	}
	component := e.components.get("property_animations")
	longer := list.width() - was
	component.obj.put(list, e.w.now)
	component.obj.size += longer
	e.components.put(component, e.w.now)
	e.components.size += longer
	e.touch()
	return true
}
