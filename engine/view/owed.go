package view

import (
	"math"

	"github.com/loci-place/loci/engine/world"
)

// owed is an entity that the agent's document has wrong, or has and should not,
// or lacks.
type owed struct {
	entity *world.Entity
	held   world.Stamp // the document has it as of this state; 0 = has it not
	since  world.Stamp // when it became owed
	sent   world.Stamp // newest packet with it that may still be acknowledged; 0 = none
	gone   bool        // is not in view any more
	ring   int
	near   links // in the queue of its ring
	old    links // in the queue by age
}

// absent tells whether the document should not have it.
func (o *owed) absent() bool { return o.gone || !o.entity.Alive() }

// rings sort what is owed by distance: the agent's own, then a ring for every
// half octave, from half a metre to a hundred.
const rings = 18

// ring is the ring for a squared distance in metres.
func ring(squared float64) int {
	if !(squared > 0.25) {
		return 1
	}
	return min(4+math.Ilogb(squared), rings-1)
}

// queue is a list of owed entities, first come first served. Which of an entity's
// two links it uses is up to of.
type queue struct {
	head, tail *owed
	of         func(*owed) *links
}

type links struct{ prev, next *owed }

func nearLinks(o *owed) *links { return &o.near }
func oldLinks(o *owed) *links  { return &o.old }

func (q *queue) push(o *owed) {
	*q.of(o) = links{prev: q.tail}
	if q.tail != nil {
		q.of(q.tail).next = o
	} else {
		q.head = o
	}
	q.tail = o
}

func (q *queue) remove(o *owed) {
	l := q.of(o)
	if l.prev != nil {
		q.of(l.prev).next = l.next
	} else {
		q.head = l.next
	}
	if l.next != nil {
		q.of(l.next).prev = l.prev
	} else {
		q.tail = l.prev
	}
	*l = links{}
}

// debts is all that one agent is owed. Each entry either waits, in two queues, or
// is flying: in a packet that may still be acknowledged.
type debts struct {
	by     map[*world.Entity]*owed
	near   [rings]queue
	old    queue
	flying []*owed
	free   []*owed
}

func (d *debts) init() {
	d.by = map[*world.Entity]*owed{}
	for i := range d.near {
		d.near[i].of = nearLinks
	}
	d.old.of = oldLinks
}

// add makes an entry, which waits.
func (d *debts) add(e *world.Entity, held, since world.Stamp, ring int) *owed {
	var o *owed
	if n := len(d.free) - 1; n >= 0 {
		o, d.free = d.free[n], d.free[:n]
	} else {
		o = new(owed)
	}
	*o = owed{entity: e, held: held, since: since, ring: ring}
	d.by[e] = o
	d.wait(o)
	return o
}

func (d *debts) wait(o *owed) {
	d.near[o.ring].push(o)
	d.old.push(o)
}

// fly takes an entry out of the queues: it went out in packet s.
func (d *debts) fly(o *owed, s world.Stamp) {
	if o.sent == 0 {
		d.near[o.ring].remove(o)
		d.old.remove(o)
		d.flying = append(d.flying, o)
	}
	o.sent = s
}

// settle forgets an entry that waits.
func (d *debts) settle(o *owed) {
	d.near[o.ring].remove(o)
	d.old.remove(o)
	d.forget(o)
}

func (d *debts) forget(o *owed) {
	delete(d.by, o.entity)
	o.entity = nil
	d.free = append(d.free, o)
}

// clear forgets everything.
func (d *debts) clear() {
	for _, o := range d.by {
		*o = owed{}
		d.free = append(d.free, o)
	}
	clear(d.by)
	for i := range d.near {
		d.near[i].head, d.near[i].tail = nil, nil
	}
	d.old.head, d.old.tail = nil, nil
	d.flying = d.flying[:0]
	if most := 4096; len(d.free) > most {
		d.free = d.free[:most:most]
	}
}
