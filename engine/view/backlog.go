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
	whole bool            // there is still some of the world that it came into
	in    indexes
}

// indexes are a set of entities, by index. They come in pages, as the indexes of a world
// that has long been there lie far apart, and next to each other those of a crowd.
type indexes struct {
	pages map[int]*page
	last  *page // that was looked at
	at    int
}

const pageBits = 1024

type page [pageBits / 64]uint64

// word gives where an index has its bit, nil if there is none and none is to be made.
func (x *indexes) word(i int, create bool) (word *uint64, bit uint64) {
	at := i / pageBits
	if x.last == nil || x.at != at {
		p := x.pages[at]
		switch {
		case p != nil:
		case !create:
			return nil, 0
		default:
			if x.pages == nil {
				x.pages = map[int]*page{}
			}
			p = &page{}
			x.pages[at] = p
		}
		x.last, x.at = p, at
	}
	return &x.last[i%pageBits/64], 1 << (i % 64)
}

func (x *indexes) add(i int) {
	word, bit := x.word(i, true)
	*word |= bit
}

func (x *indexes) has(i int) bool {
	word, bit := x.word(i, false)
	return word != nil && *word&bit != 0
}

func (x *indexes) remove(i int) (was bool) {
	word, bit := x.word(i, false)
	if was = word != nil && *word&bit != 0; was {
		*word &^= bit
	}
	return was
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
	b := backlog{queue: make([]*world.Entity, len(ringOf)), whole: true}
	i := 0
	for e := range w.Entities() {
		at := &counts[ringOf[i]]
		b.queue[*at] = e
		b.in.add(e.Index())
		*at++
		i++
	}
	return b
}

// add puts an entity behind all others.
func (b *backlog) add(e *world.Entity) {
	b.later = append(b.later, e)
	b.in.add(e.Index())
}

// has reports whether an entity is still to be sent.
func (b *backlog) has(e *world.Entity) bool { return b.in.has(e.Index()) }

// remove takes an entity out, and reports whether it was in it.
func (b *backlog) remove(e *world.Entity) bool { return b.in.remove(e.Index()) }

// next takes out the nearest, nil if none is left.
func (b *backlog) next() *world.Entity {
	for !b.empty() {
		if len(b.queue) == 0 {
			slices.Reverse(b.later)
			b.queue, b.later, b.whole = b.later, nil, false
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

// empty reports whether all has been taken out.
func (b *backlog) empty() bool { return len(b.queue) == 0 && len(b.later) == 0 }
