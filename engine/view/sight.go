package view

import (
	"math"

	"github.com/loci-place/loci/engine/world"
)

// sight is an entity that one agent has in view, or had, while its document may
// still have it.
type sight struct {
	view   *View
	entity *world.Entity
	held   world.Stamp // the base document has it as of this state; 0 = has it not
	since  world.Stamp // when it became owed; held is not more than a state older
	sent   world.Stamp // newest packet with it that may be acknowledged; 0 = none
	state  state
	ring   uint8
	gone   bool  // is not in view any more
	slot   int32 // in the audience, unless gone
	links  [2]links
}

// state is where a sight stands between a change and its acknowledgement.
type state uint8

const (
	settled state = iota // the base document has it right
	fresh                // it is owed since the last packet
	waiting              // it is owed, and did not fit: in the queues
	flying               // it is owed, and in a packet that may be acknowledged
)

// absent tells whether the document should not have it.
func (t *sight) absent() bool { return t.gone || !t.entity.Alive() }

// right tells whether the base document has the entity as it should.
func (t *sight) right() bool {
	if t.absent() {
		return t.held == 0
	}
	return t.held != 0 && t.entity.Changed() <= t.held
}

// rings sort what is owed by distance: the agent's own, then a ring for every
// half octave, from half a metre to a hundred.
const rings = 18

// ring is the ring for a squared distance in metres.
func ring(squared float64) uint8 {
	if !(squared > 0.25) {
		return 1
	}
	return uint8(min(4+math.Ilogb(squared), rings-1))
}

// queue is a list of waiting sights, first come first served. Each sight is in
// two: that of its ring and that by age.
type queue struct {
	head, tail *sight
	which      int // of a sight's links
}

type links struct{ prev, next *sight }

const (
	byRing = iota
	byAge
)

func (q *queue) push(t *sight) {
	t.links[q.which] = links{prev: q.tail}
	if q.tail != nil {
		q.tail.links[q.which].next = t
	} else {
		q.head = t
	}
	q.tail = t
}

func (q *queue) remove(t *sight) {
	l := &t.links[q.which]
	if l.prev != nil {
		l.prev.links[q.which].next = l.next
	} else {
		q.head = l.next
	}
	if l.next != nil {
		l.next.links[q.which].prev = l.prev
	} else {
		q.tail = l.prev
	}
	*l = links{}
}

// debts is what one agent is owed.
type debts struct {
	fresh  []*sight // some may have settled since
	near   [rings]queue
	old    queue
	flying []*sight
}

func (d *debts) init() { d.old.which = byAge }

// owe notes that the document of a settled sight is out of date.
func (d *debts) owe(t *sight, since world.Stamp) {
	t.since, t.state = since, fresh
	d.fresh = append(d.fresh, t)
}

// queueUp lets all that is fresh wait.
func (d *debts) queueUp() {
	for _, t := range d.fresh {
		if t.state == fresh {
			t.state = waiting
			d.near[t.ring].push(t)
			d.old.push(t)
		}
	}
	d.clearFresh()
}

func (d *debts) clearFresh() {
	clear(d.fresh)
	d.fresh = d.fresh[:0]
}

// settle takes a sight out of whatever it is in, unless it is flying.
func (d *debts) settle(t *sight) {
	if t.state == waiting {
		d.near[t.ring].remove(t)
		d.old.remove(t)
	}
	t.state = settled
}

// fly notes that a sight went out in packet s.
func (d *debts) fly(t *sight, s world.Stamp) {
	if t.state != flying {
		d.settle(t)
		t.state = flying
		d.flying = append(d.flying, t)
	}
	t.sent = s
}

// rerank gives a sight another ring.
func (d *debts) rerank(t *sight, ring uint8) {
	if ring == t.ring {
		return
	}
	if t.state == waiting {
		d.near[t.ring].remove(t)
		d.near[ring].push(t)
	}
	t.ring = ring
}

// land sorts out what was flying in packets up to s: of those no other can be
// acknowledged any more. What is not right yet is owed anew.
func (d *debts) land(s world.Stamp, discard func(*sight)) {
	still := d.flying[:0]
	for _, t := range d.flying {
		switch {
		case t.sent > s:
			still = append(still, t)
			continue
		case !t.right():
			t.sent = 0
			d.owe(t, t.since)
		case t.absent():
			t.state, t.sent = settled, 0
			discard(t)
		default:
			t.state, t.sent = settled, 0
		}
	}
	clear(d.flying[len(still):])
	d.flying = still
}

// clear forgets everything.
func (d *debts) clear() {
	*d = debts{fresh: d.fresh, flying: d.flying}
	d.clearFresh()
	clear(d.flying)
	d.flying = d.flying[:0]
	d.init()
}
