package view

import (
	"slices"

	"github.com/loci-place/loci/engine/world"
)

// backlog is what an agent that sees everything has not been sent yet of a world it
// came into, nearest first, and of crowds that came after it. It takes little memory for
// each entity, however large the world.
type backlog struct {
	queue []*world.Entity // what is left, nearest last
	later []*world.Entity // what comes behind that
	in    map[int]uint64  // a bit for each entity in it, by index
}

// newBacklog sorts entities by ring.
func newBacklog(w *world.World, ring func(*world.Entity) uint8) backlog {
	var counts [rings]int
	ringOf := make([]uint8, 0, w.Len())
	for e := range w.Entities() {
		r := ring(e)
		ringOf = append(ringOf, r)
		counts[r]++
	}
	end := 0
	for r := rings - 1; r >= 0; r-- {
		end, counts[r] = end+counts[r], end
	}
	b := backlog{queue: make([]*world.Entity, len(ringOf)), in: map[int]uint64{}}
	i := 0
	for e := range w.Entities() {
		at := &counts[ringOf[i]]
		b.queue[*at] = e
		b.set(e.Index())
		*at++
		i++
	}
	return b
}

func (b *backlog) set(i int) { b.in[i/64] |= 1 << (i % 64) }

// add puts an entity behind all others.
func (b *backlog) add(e *world.Entity) {
	if b.in == nil {
		b.in = map[int]uint64{}
	}
	b.later = append(b.later, e)
	b.set(e.Index())
}

// has tells whether an entity is still to be sent.
func (b *backlog) has(e *world.Entity) bool {
	i := e.Index()
	return b.in[i/64]&(1<<(i%64)) != 0
}

// remove takes an entity out, and tells whether it was in it.
func (b *backlog) remove(e *world.Entity) bool {
	if !b.has(e) {
		return false
	}
	i := e.Index()
	b.in[i/64] &^= 1 << (i % 64)
	return true
}

// next takes out the nearest, nil if none is left.
func (b *backlog) next() *world.Entity {
	for !b.empty() {
		if len(b.queue) == 0 {
			slices.Reverse(b.later)
			b.queue, b.later = b.later, nil
		}
		e := b.queue[len(b.queue)-1]
		b.queue = b.queue[:len(b.queue)-1]
		if b.remove(e) {
			return e
		}
	}
	*b = backlog{}
	return nil
}

// empty tells whether all has been taken out.
func (b *backlog) empty() bool { return len(b.queue) == 0 && len(b.later) == 0 }
