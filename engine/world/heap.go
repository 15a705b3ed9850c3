package world

import "unsafe"

// Bytes of memory that things take beside what they name and hold: their structs, and about
// what maps and the allocator add to them. TestHeapIsWhatEntitiesTake compares the sum with
// what the runtime says.
const (
	entityHeap  = int(unsafe.Sizeof(Entity{})) + 320
	keyHeap     = int(unsafe.Sizeof(key{}))
	objectHeap  = int(unsafe.Sizeof(object{}))
	spanHeap    = int(unsafe.Sizeof(span{}))
	pointerHeap = int(unsafe.Sizeof((*key)(nil)))
	branchHeap  = int(unsafe.Sizeof(branch{}))
	nodeHeap    = int(unsafe.Sizeof(node{}))
	nameHeap    = 48                                   // of an object's key: in a map, and in order
	deadHeap    = 64 + int(unsafe.Sizeof(grave{}))*5/4 // of a tombstone: in a map, and as slices grow ahead
)

// memory is how much memory the entities of a world take, by owner. What changes what an entity
// holds has it reckoned again, at most once for all changes between two calls of [World.ReckonHeap].
type memory struct {
	by    map[string]int
	dirty []*Entity
	large []*Entity // whose fragments are not kept for the next state
}

// reckon has the entity reckoned again.
func (m *memory) reckon(e *Entity) {
	if !e.reckoned {
		e.reckoned = true
		m.dirty = append(m.dirty, e)
	}
}

// extent is what of an entity's memory is known without reckoning.
type extent struct{ components, bytes, tombstones int }

func (e *Entity) extent() extent { return extent{e.Components(), e.Size(), e.tombstones} }

// smallChange is how large a component may be for its change to be counted without looking at
// the rest of the entity.
const smallChange = 1 << 10

// changed counts a change of a component that has so many bytes now.
func (m *memory) changed(e *Entity, was extent, bytes int) {
	now := e.extent()
	if bytes > smallChange || now.tombstones != was.tombstones || now.bytes < was.bytes-smallChange {
		m.reckon(e)
		return
	}
	m.add(e, now.bytes-was.bytes+(now.components-was.components)*keyHeap)
}

// ChangeHeap is about how much more memory is taken when a component replaces another and so
// many keys go with that.
func ChangeHeap(c Component, gone int) int {
	return c.Size()*5/4 + c.Keys()*(keyHeap+16) + gone*deadHeap
}

// forget is for an entity of which nothing is left.
func (m *memory) forget(e *Entity) { m.add(e, -e.heap) }

func (m *memory) add(e *Entity, n int) {
	e.heap += n
	if m.by[e.owner] += n; m.by[e.owner] == 0 {
		delete(m.by, e.owner)
	}
}

// ReckonHeap brings [World.HeapOf] up to date. It takes as long as reading what has changed.
func (w *World) ReckonHeap() {
	for _, e := range w.memory.dirty {
		e.reckoned = false
		if w.entities[e.id] == e {
			w.memory.add(e, entityHeap+2*len(e.id)+e.components.heap()-e.heap)
		}
	}
	clear(w.memory.dirty)
	w.memory.dirty = w.memory.dirty[:0]
}

// HeapOf is how many bytes of memory an owner's entities take, as of the last
// [World.ReckonHeap]: those that are gone too, as long as states can start from when they
// were there.
func (w *World) HeapOf(owner string) int { return w.memory.by[owner] }

func (o *object) heap() int {
	n := objectHeap + cap(o.live)*pointerHeap + cap(o.life.past)*spanHeap + len(o.dead)*deadHeap
	for k := o.newest; k != nil; k = k.older {
		n += keyHeap + max(8, len(k.name)) + cap(k.raw) + cap(k.life.past)*spanHeap
		if k.obj != nil {
			n += k.obj.heap()
		}
		if k.former != nil {
			n += cap(k.former.raw)
		}
		if k.inner != nil {
			n += k.inner.heap()
		}
	}
	return n
}

func (b *branch) heap() int {
	n := branchHeap + cap(b.kids)*nodeHeap + b.width
	for _, name := range b.order {
		n += len(name) + nameHeap
	}
	for i := range b.kids {
		if inner := b.kids[i].inner; inner != nil {
			n += inner.heap()
		}
	}
	return n
}

// keptFragment is how large a fragment may be for its memory to be kept for that of the next
// state: most entities that change do so again and again, and by little.
const keptFragment = 4 << 10

// encoded notes a fragment that is too large to be kept.
func (m *memory) encoded(e *Entity, bytes int) {
	if bytes > keptFragment {
		m.large = append(m.large, e)
	}
}

// dropFragments lets go of what was encoded for a state that has been sent.
func (m *memory) dropFragments() {
	for _, e := range m.large {
		for _, f := range [...]**fragment{&e.fragment, &e.operations} {
			if *f != nil && cap((*f).bytes) > keptFragment {
				*f = nil
			}
		}
	}
	clear(m.large)
	m.large = m.large[:0]
}
