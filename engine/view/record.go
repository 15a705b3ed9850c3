package view

import (
	"time"

	"github.com/loci-place/loci/engine/world"
)

// record is one packet that may still be acknowledged.
type record struct {
	state world.Stamp
	base  world.Stamp // it starts from; 0 = from nothing
	size  int
	at    time.Time
	// full: it held the whole world. Complete: it held all that was owed, so the
	// document is right whatever its base. Cumulative: it held all that any
	// packet did that might have been acknowledged meanwhile.
	full, complete, cumulative bool
	items                      []item // what it held, unless full
}

// item is an entity in a packet: its content, or that it is gone.
type item struct {
	sight *sight
	gone  bool
}

// records are the packets of one agent that may still be acknowledged, oldest
// first.
type records struct {
	list  []record
	spare [][]item
}

// add appends a record; the oldest goes when there are more than window.
func (r *records) add(rec record, window int) {
	if n := len(r.list) - window + 1; n > 0 {
		r.drop(n)
	}
	r.list = append(r.list, rec)
}

// take gives memory for the items of a packet.
func (r *records) take() []item {
	n := len(r.spare) - 1
	if n < 0 {
		return nil
	}
	items := r.spare[n][:0]
	r.spare = r.spare[:n]
	return items
}

// drop forgets the n oldest.
func (r *records) drop(n int) {
	for i := range r.list[:n] {
		if items := r.list[i].items; items != nil && len(r.spare) < 8 {
			clear(items)
			r.spare = append(r.spare, items)
		}
	}
	kept := copy(r.list, r.list[n:])
	clear(r.list[kept:])
	r.list = r.list[:kept]
}

// find gives the index of the packet that made the document revision rev.
func (r *records) find(rev uint64) (int, bool) {
	for i := len(r.list) - 1; i >= 0; i-- {
		if Revision(r.list[i].state) == rev {
			return i, true
		}
	}
	return 0, false
}

// keepFull forgets all packets that held only a part of the world.
func (r *records) keepFull() {
	kept := r.list[:0]
	for _, rec := range r.list {
		if rec.full {
			kept = append(kept, rec)
		}
	}
	clear(r.list[len(kept):])
	r.list = kept
}
