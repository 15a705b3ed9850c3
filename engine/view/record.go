package view

import (
	"time"

	"github.com/loci-place/loci/engine/world"
)

// record is one packet that may still be acknowledged.
type record struct {
	state  world.Stamp
	number world.Stamp // see [numbering]
	base   world.Stamp // it starts from; 0 = from nothing
	size   int
	at     time.Time
	// full: it held the whole world. Complete: it held all that was owed, so the
	// document is right whatever its base. Cumulative: it held all that any
	// packet did that might have been acknowledged meanwhile.
	full, complete, cumulative bool
	// void: no account is kept any more of what it held, so that it cannot become the
	// base. It says still what the agent may have seen.
	void  bool
	items []item // what it held, unless full
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

// find returns the index of the packet that made the document revision rev.
func (r *records) find(rev uint64) (int, bool) {
	for i := len(r.list) - 1; i >= 0; i-- {
		if Revision(r.list[i].number) == rev {
			return i, true
		}
	}
	return 0, false
}

// keepFull voids all packets that held only a part of the world.
func (r *records) keepFull() {
	for i := range r.list {
		r.list[i].void = r.list[i].void || !r.list[i].full
	}
}

// seen is what an agent may have seen of a world since its base, in packets that it has
// not acknowledged.
type seen struct {
	whole      world.Stamp            // all that there was in this state; 0 = none
	came, went map[*world.Entity]bool // in packets that held only a part
}

// seen returns what the packets held.
func (r *records) seen() seen {
	s := seen{came: map[*world.Entity]bool{}, went: map[*world.Entity]bool{}}
	for _, rec := range r.list {
		if rec.full {
			s.whole = rec.state
		}
		for _, it := range rec.items {
			if it.gone {
				s.went[it.sight.entity] = true
			} else {
				s.came[it.sight.entity] = true
			}
		}
	}
	return s
}

// shown reports whether the agent may have seen the entity.
func (s *seen) shown(e *world.Entity) bool {
	return s.came[e] || s.whole != 0 && e.Existed(s.whole)
}

// hidden reports whether it may have seen that the entity is not there.
func (s *seen) hidden(e *world.Entity) bool {
	return s.went[e] || s.whole != 0 && !e.Existed(s.whole)
}
