package world

import "slices"

// Reader has a copy of what it read of an entity.
type Reader interface {
	// Stale is called when the entity changes, in the midst of the change: it must not
	// look at the entity.
	Stale()
}

// Remember has r told when the entity next changes, once.
func (e *Entity) Remember(r Reader) { e.readers = append(e.readers, r) }

// Forget ends what Remember began.
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
