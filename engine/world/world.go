package world

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/go-faster/jx"
	"github.com/loci-place/loci/engine/grid"
)

var (
	// ErrExists: the world has an entity with that id.
	ErrExists = errors.New("world: entity exists")
	// ErrBadID: an entity id is empty.
	ErrBadID = errors.New("world: bad entity id")
)

// World holds the entities of a place. Create one with [New].
type World struct {
	now   Stamp // the current state
	floor Stamp // the oldest state a delta can start from

	entities   map[string]*Entity          // tombstones included
	alive      int                         // entities that are not tombstones
	indexes    int                         // assigned so far
	owned      map[string]map[*Entity]bool // by owner
	children   index                       // by relationships.parent
	followers  index                       // by intent.from_avatar
	animated   []*AnimatedBy               // owners of entities with property animations
	animatedBy map[string]*AnimatedBy      // the same by owner
	newest     *Entity                     // head of the list by last change
	roots      *grid.Grid[*Entity]         // by position
	rerooted   []Rerooted                  // in the current state
	graves     []grave                     // tombstones, oldest first
	memory     memory
	scratch    []byte
	text       []byte    // of numbers
	way        []*branch // to them
	decoder    jx.Decoder
}

// grave is a tombstone that Sweep will remove.
type grave struct {
	at     Stamp
	entity *Entity // the tombstone itself, or the entity that has it
	obj    *object // that holds it
	key    *key
}

// New returns an empty world whose first state has the number first; 0 means 1.
func New(first Stamp) *World {
	first = max(first, 1)
	return &World{
		now: first, floor: first - 1,
		entities:   map[string]*Entity{},
		owned:      map[string]map[*Entity]bool{},
		memory:     memory{by: map[string]int{}},
		animatedBy: map[string]*AnimatedBy{},
		children:   newIndex(byParent),
		followers:  newIndex(byAvatar),
		roots:      grid.New[*Entity](cellSize),
	}
}

// Now returns the current state, which edits belong to.
func (w *World) Now() Stamp { return w.now }

// Oldest returns the oldest state that a delta can start from.
func (w *World) Oldest() Stamp { return w.floor }

// Advance ends the current state and begins the next.
func (w *World) Advance() {
	w.now++
	w.memory.dropFragments()
	clear(w.rerooted)
	w.rerooted = w.rerooted[:0]
}

// Len returns the number of entities.
func (w *World) Len() int { return w.alive }

// Spawn adds an entity. Its components are objects by name. Nulls in them are dropped, and an
// empty array stands for an empty object (netcode/PROTOCOL.md, "Agents and entities").
func (w *World) Spawn(id, owner string, components map[string]any) (*Entity, error) {
	encoded, err := encodeAll(components)
	if err != nil {
		return nil, err
	}
	return w.SpawnEncoded(id, owner, encoded)
}

// SpawnEncoded is Spawn with encoded components.
func (w *World) SpawnEncoded(id, owner string, encoded map[string]Component) (*Entity, error) {
	if id == "" {
		return nil, ErrBadID
	}
	e := w.entities[id]
	switch {
	case e == nil:
		e = &Entity{id: id, w: w, index: w.indexes}
		w.indexes++
		e.components.life.begin(w.now)
		w.entities[id] = e
	case e.life.alive():
		return nil, fmt.Errorf("%w: %.100q", ErrExists, id)
	default:
		w.memory.forget(e)
		ed := e.editor()
		ed.reopen(&e.components)
	}
	e.owner = owner
	e.life.begin(w.now)
	e.lives++
	w.alive++
	if w.owned[owner] == nil {
		w.owned[owner] = map[*Entity]bool{}
	}
	w.owned[owner][e] = true
	ed := e.editor()
	e.components.live = slices.Grow(e.components.live, len(encoded))
	for _, name := range slices.Sorted(maps.Keys(encoded)) {
		ed.set(&e.components, name, encoded[name].raw)
		e.retype(name, encoded[name].value)
	}
	e.touch()
	e.settle()
	w.memory.reckon(e)
	return e, nil
}

// Removal says what happens to the children of a removed entity.
type Removal int

const (
	// Cascade removes them too, regardless of their owner.
	Cascade Removal = iota
	// Reparent makes them roots at their current position, without relationships.
	Reparent
)

// Remove removes an entity and returns everything that was removed with it, parents before
// children. It does nothing if there is no such entity.
func (w *World) Remove(id string, how Removal) []*Entity {
	e := w.Entity(id)
	if e == nil {
		return nil
	}
	removed := []*Entity{e}
	if how == Cascade {
		removed = w.Family(e)
	} else {
		for _, c := range slices.Clone(w.children.by[id]) {
			c.detach()
		}
	}
	for _, e := range slices.Backward(removed) {
		w.drop(e)
	}
	return removed
}

// Family returns an entity and its descendants, parents before children.
func (w *World) Family(e *Entity) []*Entity {
	family := []*Entity{e}
	in := map[*Entity]bool{e: true}
	for i := 0; i < len(family); i++ {
		for _, c := range w.children.by[family[i].id] {
			if !in[c] {
				in[c] = true
				family = append(family, c)
			}
		}
	}
	return family
}

func (w *World) drop(e *Entity) {
	e.forget()
	e.components.life.end(w.now, w.floor)
	e.life.end(w.now, w.floor)
	e.touch()
	e.settle()
	w.alive--
	delete(w.owned[e.owner], e)
	if len(w.owned[e.owner]) == 0 {
		delete(w.owned, e.owner)
	}
	w.graves = append(w.graves, grave{at: w.now, entity: e})
}

// Entity returns the entity with an id, or nil.
func (w *World) Entity(id string) *Entity {
	if e := w.entities[id]; e != nil && e.life.alive() {
		return e
	}
	return nil
}

// Entities iterates over all entities, last changed first. The world must not be edited
// meanwhile.
func (w *World) Entities() iter.Seq[*Entity] {
	return func(yield func(*Entity) bool) {
		for e := w.newest; e != nil; e = e.older {
			if e.life.alive() && !yield(e) {
				return
			}
		}
	}
}

// Changed iterates over the entities that have changed since a state, removed ones included,
// last changed first. The world must not be edited meanwhile.
func (w *World) Changed(since Stamp) iter.Seq[*Entity] {
	return func(yield func(*Entity) bool) {
		for e := w.newest; e != nil && e.stamp > since; e = e.older {
			if !yield(e) {
				return
			}
		}
	}
}

// OwnedBy returns the entities of an owner, sorted by id.
func (w *World) OwnedBy(owner string) []*Entity {
	return slices.SortedFunc(maps.Keys(w.owned[owner]), func(a, b *Entity) int {
		return strings.Compare(a.id, b.id)
	})
}

// Children returns the entities whose relationships name id as their parent, in the order
// they were added. The slice is owned by the world.
func (w *World) Children(id string) []*Entity { return w.children.by[id] }

// Followers returns the entities whose intent component takes its pose from the avatar id
// (from_avatar). The slice is owned by the world.
func (w *World) Followers(id string) []*Entity { return w.followers.by[id] }

// Sweep removes what no delta from oldest or later needs. Earlier states cannot be the base
// of a delta any more.
func (w *World) Sweep(oldest Stamp) {
	if oldest <= w.floor || oldest > w.now {
		return
	}
	w.floor = oldest
	n := 0
	for ; n < len(w.graves) && w.graves[n].at <= oldest; n++ {
		w.graves[n].bury(w)
	}
	w.graves = slices.Delete(w.graves, 0, n)
}

func (g grave) bury(w *World) {
	if g.obj != nil {
		g.obj.bury(g.key, w.floor)
		g.entity.tombstones--
		w.memory.reckon(g.entity)
		return
	}
	if e := g.entity; !e.life.alive() && e.stamp <= w.floor {
		w.unlink(e)
		delete(w.entities, e.id)
		w.memory.forget(e)
	}
}

func (e *Entity) editor() editor {
	return editor{now: e.w.now, floor: e.w.floor, buried: e.tombstone}
}

func (e *Entity) tombstone(o *object, k *key) {
	e.tombstones++
	e.w.graves = append(e.w.graves, grave{at: e.w.now, entity: e, obj: o, key: k})
}

// promote moves e to the head of the list by last change.
func (w *World) promote(e *Entity) {
	if w.newest == e {
		return
	}
	w.unlink(e)
	e.older = w.newest
	if w.newest != nil {
		w.newest.newer = e
	}
	w.newest = e
}

func (w *World) unlink(e *Entity) {
	if e.newer != nil {
		e.newer.older = e.older
	} else if w.newest == e {
		w.newest = e.older
	}
	if e.older != nil {
		e.older.newer = e.newer
	}
	e.newer, e.older = nil, nil
}

// index finds entities by the id of another that they name, in the order they were added.
type index struct {
	by    map[string][]*Entity
	which int    // index into Entity.came
	came  uint64 // number of entities added so far
}

const (
	byParent = iota
	byAvatar
	indexes
)

func newIndex(which int) index { return index{by: map[string][]*Entity{}, which: which} }

// move moves e from one id to another; "" means none.
func (x *index) move(e *Entity, from, to string) {
	if from == to {
		return
	}
	if from != "" {
		if rest := x.without(x.by[from], e); len(rest) == 0 {
			delete(x.by, from)
		} else {
			x.by[from] = rest
		}
	}
	if to != "" {
		x.came++
		e.came[x.which] = x.came
		x.by[to] = append(x.by[to], e)
	}
}

// without removes e from a list that contains it, moving the shorter side of the list.
func (x *index) without(list []*Entity, e *Entity) []*Entity {
	i, _ := slices.BinarySearchFunc(list, e.came[x.which], func(o *Entity, came uint64) int {
		return cmp.Compare(o.came[x.which], came)
	})
	if i >= len(list)/2 {
		return slices.Delete(list, i, i+1)
	}
	copy(list[1:i+1], list[:i])
	list[0] = nil
	return list[1:]
}
