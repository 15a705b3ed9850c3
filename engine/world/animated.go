package world

import (
	"fmt"

	"github.com/loci-place/loci/netcode"
)

// Animated is an entity that has property animations: at least one under
// property_animations.animations (netcode/PROTOCOL.md, "Property animations").
type Animated struct {
	Entity *Entity
	// Parsed belongs to the simulation, which caches the parsed component in it. The world
	// sets it to nil when the component is replaced.
	Parsed any
	// Edited are the ids of animations that [Entity.SetAnimation] has set or removed since
	// Parsed. The simulation clears it.
	Edited []string
	slot   int
}

// AnimatedBy are the entities of one owner that have property animations.
type AnimatedBy struct {
	Owner string
	// Entities is owned by the world and in no particular order: when an entity loses its
	// last animation, the last entity takes its index. Iterate backwards while ending
	// animations.
	Entities []*Animated
	slot     int
}

// Animated returns the owners of entities that have property animations. The slice is owned
// by the world; as in Entities, the last owner takes the index of one that is removed.
func (w *World) Animated() []*AnimatedBy { return w.animated }

// setAnimated updates the lists after a change of the property_animations component.
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

// EndAnimations removes animations from the entity's property_animations, which stays even
// if it becomes empty. Parsed stays too: the caller removes the ended ones from it.
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

// SetAnimation sets one of the entity's animations, or removes it if animation is nil. The
// cost does not depend on the number of others.
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

// Animation returns one of the entity's animations as decoded JSON, nil if there is none.
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

// Animations returns the number of the entity's animations.
func (e *Entity) Animations() int {
	if list := e.animations(); list != nil {
		return len(list.open().live)
	}
	return 0
}

// animations returns the key property_animations.animations, nil if that is no object.
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
