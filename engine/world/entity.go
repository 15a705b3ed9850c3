package world

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/loci-place/loci/netcode"
)

// Entity is one thing in a place: an id, an owner and components. It is valid while
// [Entity.Alive] returns true; keep the id to refer to it for longer.
type Entity struct {
	index int
	id    string
	owner string
	w     *World

	components   object
	life         life
	lives        int    // how often it has been spawned
	stamp        Stamp  // newest change
	edits        uint64 // number of changes
	readers      []Reader
	newer, older *Entity
	typed        typed
	root         *Entity // see Root
	fragment     *fragment
	operations   *fragment
	compact      *fragment
	tombstones   int  // of keys in its objects
	heap         int  // bytes of memory, when last computed
	reckoned     bool // heap must be computed again
	came         [indexes]uint64
}

// ID returns the entity's id, which never changes.
func (e *Entity) ID() string { return e.id }

// Index returns a small number that no other entity of the world has had.
func (e *Entity) Index() int { return e.index }

// Owner returns the id of the agent that the entity belongs to, or "place".
func (e *Entity) Owner() string { return e.owner }

// Alive reports whether the entity is in the world.
func (e *Entity) Alive() bool { return e.life.alive() }

// Lives returns how often the entity has been spawned. An entity that is removed and spawned
// again with the same id may be the same *Entity.
func (e *Entity) Lives() int { return e.lives }

// Existed reports whether the entity was in the world in an earlier state, not before
// [World.Oldest].
func (e *Entity) Existed(at Stamp) bool {
	d := newDelta(at)
	return e.life.existed(&d)
}

// Changed returns the state of its newest change.
func (e *Entity) Changed() Stamp { return e.stamp }

// Edits returns the number of changes of the entity, of which one state may have several.
func (e *Entity) Edits() uint64 { return e.edits }

// ComponentChanged returns the state of a component's newest change, and whether the entity
// has it. With [Entity.Edits], which distinguishes changes within a state, it shows whether a
// copy of a component is up to date.
func (e *Entity) ComponentChanged(name string) (Stamp, bool) {
	k := e.components.get(name)
	if k == nil {
		return 0, false
	}
	return k.stamp, true
}

// Has reports whether the entity has the component.
func (e *Entity) Has(name string) bool { return e.components.get(name) != nil }

// Component returns a copy of a component as decoded JSON (see [netcode.ParseValue]), and
// whether the entity has it.
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

// Names returns the names of the entity's components, sorted.
func (e *Entity) Names() []string {
	var names []string
	for _, k := range e.components.live {
		names = append(names, k.name)
	}
	return names
}

// Set sets a component, decoded JSON or a [Component]. It replaces the old one as a whole;
// only keys that differ count as changed. See [World.Spawn] for nulls and arrays.
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

// Unset removes a component and reports whether the entity had it.
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
	for _, f := range [...]*fragment{e.fragment, e.operations, e.compact} {
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

// Field returns a copy of one key of a component as decoded JSON (see [netcode.ParseValue]),
// and its encoded size. It does not read the rest of the component.
func (e *Entity) Field(component, key string) (v any, bytes int, ok bool) {
	c := e.components.get(component)
	if c == nil || !c.isObj {
		return nil, 0, false
	}
	k := c.open().get(key)
	if k == nil {
		return nil, 0, false
	}
	raw := k.appendFull(nil)
	v, err := netcode.ParseValue(raw)
	if err != nil {
		panic(fmt.Sprintf("world: stored field %s of %s of %s: %v", key, component, e.id, err))
	}
	return v, len(raw), true
}

// Sizes are kept up to date with each change, so that reading them costs nothing.

// Size returns the size of the whole entity in a state, in bytes.
func (e *Entity) Size() int {
	return 2*nameWidth(e.id) + len(`:{"id":,"components":}`) + e.components.width()
}

// ComponentSize returns the size of a component in a state, in bytes, 0 if there is none.
func (e *Entity) ComponentSize(name string) int {
	if k := e.components.get(name); k != nil {
		return k.width()
	}
	return 0
}

// Components returns the number of the entity's components.
func (e *Entity) Components() int { return len(e.components.live) }

// Tombstones returns the number of keys removed from the entity's objects since
// [World.Oldest]. Each takes memory, and space in the states of agents that had it.
func (e *Entity) Tombstones() int { return e.tombstones }

// CountOwned returns the number of entities of an owner.
func (w *World) CountOwned(owner string) int { return len(w.owned[owner]) }

// nameWidth returns the length of a name as a JSON string.
func nameWidth(name string) int {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return len(netcode.AppendString(nil, name))
		}
	}
	return len(name) + 2
}

// Reader is a cache of something read from an entity.
type Reader interface {
	// Stale is called when the entity changes, during the change: it must not access the
	// entity.
	Stale()
}

// Remember makes the next change of the entity call r.Stale, once.
func (e *Entity) Remember(r Reader) { e.readers = append(e.readers, r) }

// Forget undoes Remember.
func (e *Entity) Forget(r Reader) {
	e.readers = slices.DeleteFunc(e.readers, func(o Reader) bool { return o == r })
}

func (e *Entity) tellReaders() {
	readers := e.readers
	e.readers = nil
	for _, r := range readers {
		r.Stale()
	}
}
