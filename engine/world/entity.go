package world

import (
	"fmt"

	"github.com/loci-place/loci/netcode"
)

// Entity is one thing in a place: an id, an owner and components. It is valid as
// long as [Entity.Alive] says so; one who keeps one for longer keeps the id.
type Entity struct {
	index int
	id    string
	owner string
	w     *World

	components   object
	life         life
	lives        int    // begun so far
	stamp        Stamp  // newest change
	edits        uint64 // changes so far
	readers      []Reader
	newer, older *Entity
	typed        typed
	root         *Entity // see Root
	fragment     *fragment
	operations   *fragment
	tombstones   int  // of keys in its objects
	heap         int  // bytes of memory, when last reckoned
	reckoned     bool // is to be reckoned again
	came         [indexes]uint64
}

// ID is the entity's id, fixed for life.
func (e *Entity) ID() string { return e.id }

// Index is a small number that no other entity of the world has had.
func (e *Entity) Index() int { return e.index }

// Owner is who the entity belongs to: an agent id, or "place".
func (e *Entity) Owner() string { return e.owner }

// Alive reports whether it still stands in the world.
func (e *Entity) Alive() bool { return e.life.alive() }

// Lives counts how often the entity has come. One that is removed and comes again under
// the same id may be the same value, with another life.
func (e *Entity) Lives() int { return e.lives }

// Existed reports whether it stood in the world in an earlier state, not before
// [World.Oldest].
func (e *Entity) Existed(at Stamp) bool {
	d := newDelta(at)
	return e.life.existed(&d)
}

// Changed is the state of its newest change.
func (e *Entity) Changed() Stamp { return e.stamp }

// Edits counts the changes of the entity, several in one state each.
func (e *Entity) Edits() uint64 { return e.edits }

// ComponentChanged is the state of a component's newest change, and whether the
// entity has it. With [Entity.Edits], which tells changes in one state apart, it says
// whether a copy of a component is still good.
func (e *Entity) ComponentChanged(name string) (Stamp, bool) {
	k := e.components.get(name)
	if k == nil {
		return 0, false
	}
	return k.stamp, true
}

// Has reports whether the entity has the component.
func (e *Entity) Has(name string) bool { return e.components.get(name) != nil }

// Component gives a component as decoded JSON (see [netcode.ParseValue]), a copy,
// and whether the entity has it.
func (e *Entity) Component(name string) (map[string]any, bool) {
	k := e.components.get(name)
	if k == nil {
		return nil, false
	}
	v, err := netcode.ParseValue(k.appendFull(nil))
	if err != nil {
		panic(fmt.Sprintf("world: stored component %s of %s: %v", name, e.id, err))
	}
	return v.(map[string]any), true
}

// Names lists the entity's components, sorted.
func (e *Entity) Names() []string {
	var names []string
	for _, k := range e.components.live {
		names = append(names, k.name)
	}
	return names
}

// Set returns the entity a component, replacing the one of that name whole; only
// the keys that differ count as changed. See [World.Spawn] for nulls and arrays. It may be
// a [Component].
func (e *Entity) Set(name string, component any) error {
	c, err := Encode(name, component)
	if err != nil {
		return err
	}
	ed, was := e.editor(), e.extent()
	if ed.set(&e.components, name, c.raw) {
		e.retype(name, c.value)
		e.touch()
		e.resettle(name)
		e.w.memory.changed(e, was, len(c.raw))
	}
	return nil
}

// Unset takes a component away and reports whether it was there.
func (e *Entity) Unset(name string) bool {
	ed := e.editor()
	if !ed.unset(&e.components, name) {
		return false
	}
	e.retype(name, nil)
	e.touch()
	e.resettle(name)
	e.w.memory.reckon(e)
	return true
}

func (e *Entity) touch() {
	e.stamp = e.w.now
	e.edits++
	if len(e.readers) > 0 {
		e.tellReaders()
	}
	e.w.promote(e)
	for _, f := range [...]*fragment{e.fragment, e.operations} {
		if f != nil {
			f.valid = false
		}
	}
}

func encodeAll(components map[string]any) (map[string]Component, error) {
	all := make(map[string]Component, len(components))
	for name, v := range components {
		if v == nil {
			continue
		}
		c, err := Encode(name, v)
		if err != nil {
			return nil, err
		}
		all[name] = c
	}
	return all, nil
}
