package world

import "unsafe"

// Memory that things take in addition to their names and values, in bytes: their structs, and
// approximately what maps and the allocator add. TestHeapIsWhatEntitiesTake compares the sum
// with the runtime's figures.
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

// memory tracks how much memory the entities of a world take, by owner. A change marks its
// entity; [World.ReckonHeap] computes marked entities again, once for all changes.
type memory struct {
	by    map[string]int
	dirty []*Entity
	large []*Entity // entities whose fragments are too large to reuse
}

// reckon marks the entity for [World.ReckonHeap].
func (m *memory) reckon(e *Entity) {
	if !e.reckoned {
		e.reckoned = true
		m.dirty = append(m.dirty, e)
	}
}

// extent is what is known about an entity's memory without computing it.
type extent struct{ components, bytes, tombstones int }

func (e *Entity) extent() extent { return extent{e.Components(), e.Size(), e.tombstones} }

// smallChange is the size up to which a component's change is counted without computing the
// rest of the entity.
const smallChange = 1 << 10

// changed counts a change of a component, which has the given number of bytes now.
func (m *memory) changed(e *Entity, was extent, bytes int) {
	now := e.extent()
	if bytes > smallChange || now.tombstones != was.tombstones || now.bytes < was.bytes-smallChange {
		m.reckon(e)
		return
	}
	m.add(e, now.bytes-was.bytes+(now.components-was.components)*keyHeap)
}

// ChangeHeap estimates the additional memory of replacing a component by c, which removes the
// given number of keys.
func ChangeHeap(c Component, gone int) int {
	return c.Size()*5/4 + c.Keys()*(keyHeap+16) + gone*deadHeap
}

// forget removes an entity of which nothing is left.
func (m *memory) forget(e *Entity) { m.add(e, -e.heap) }

func (m *memory) add(e *Entity, n int) {
	e.heap += n
	if m.by[e.owner] += n; m.by[e.owner] == 0 {
		delete(m.by, e.owner)
	}
}

// ReckonHeap brings [World.HeapOf] up to date. It reads all entities that have changed.
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

// HeapOf returns the memory of an owner's entities in bytes, as of the last
// [World.ReckonHeap]. Removed entities count as long as deltas can start from states that had
// them.
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

// keptFragment is the size up to which the memory of a fragment is reused for the next state:
// most entities that change do so again and again, and by little.
const keptFragment = 4 << 10

// encoded records a fragment that is too large to reuse.
func (m *memory) encoded(e *Entity, bytes int) {
	if bytes > keptFragment {
		m.large = append(m.large, e)
	}
}

// dropFragments frees the large fragments of a state that has been sent.
func (m *memory) dropFragments() {
	for _, e := range m.large {
		for _, f := range [...]**fragment{&e.fragment, &e.operations, &e.compact} {
			if *f != nil && cap((*f).bytes) > keptFragment {
				*f = nil
			}
		}
	}
	clear(m.large)
	m.large = m.large[:0]
}
