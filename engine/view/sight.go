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
	nulled world.Stamp // newest packet that removed it
	state  state
	ring   uint8
	ranked uint32 // as of which look of the agent's that is, 0 = none
	first  bool   // no packet with it has been acknowledged since it was settled
	aged   bool   // it went out for its age, not for being near
	gone   bool   // is not in view any more
	drawn  int    // bytes, if it came from the backlog and is not acknowledged yet
	slot   int32  // in the audience, unless gone
	links  [2]links
}

// state is where a sight stands between a change and its acknowledgement.
type state uint8

const (
	settled state = iota // the base document has it right
	fresh                // it is owed since the last packet
	waiting              // it is owed, and did not fit: in the queues
	flying               // it is owed, and in the newest packet or one before
)

// absent reports whether the document should not have it.
func (t *sight) absent() bool { return t.gone || !t.entity.Alive() }

// cameOrWent reports whether a packet that leaves it out could show what has gone, or
// hide what stands there, after another that did not.
func (t *sight) cameOrWent() bool {
	if t.absent() {
		return t.held != 0
	}
	return t.held == 0 || t.nulled > t.view.base
}

// right reports whether the base document has the entity as it should.
func (t *sight) right() bool {
	if t.absent() {
		return t.held == 0
	}
	return t.held != 0 && t.entity.Changed() <= t.held
}

// rings sort what is owed by distance: the agent's own, then a ring for every
// quarter octave, from half a metre to a hundred.
const rings = 33

// ring is the ring for a squared distance in metres.
func ring(squared float64) uint8 {
	if !(squared > 0.25) {
		return 1
	}
	// The exponent and the first bit of the fraction are twice the logarithm.
	const zero = 2 * 1023
	return uint8(min(5+int(math.Float64bits(squared)>>51)-zero, rings-1))
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

// pushFirst is push for what has been owed longest.
func (q *queue) pushFirst(t *sight) {
	t.links[q.which] = links{next: q.head}
	if q.head != nil {
		q.head.links[q.which].prev = t
	} else {
		q.tail = t
	}
	q.head = t
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
	fresh []*sight // some may have settled since
	near  [rings]queue
	old   queue
	aloft []*sight // all that have a packet on its way, whatever their state
	looks uint32   // how often the agent has looked around, from 1
	turn  int      // the ring to rank again next
}

func (d *debts) init() {
	d.old.which = byAge
	d.looks = max(1, d.looks)
}

// owe notes that the document of a settled sight is out of date.
func (d *debts) owe(t *sight, since world.Stamp) {
	t.since, t.state = since, fresh
	d.fresh = append(d.fresh, t)
}

// queueUp lets all that is fresh wait.
func (d *debts) queueUp(ring func(*world.Entity) uint8) {
	for _, t := range d.fresh {
		if t.state == fresh {
			t.state = waiting
			if t.ranked != d.looks {
				t.ring = ring(t.entity)
			}
			d.enqueue(t, t.ring)
			if t.since == 1 {
				d.old.pushFirst(t)
			} else {
				d.old.push(t)
			}
		}
	}
	d.clearFresh()
}

func (d *debts) clearFresh() {
	clear(d.fresh)
	d.fresh = d.fresh[:0]
}

// settle takes a sight out of the queues, if it is in them.
func (d *debts) settle(t *sight) {
	if t.state == waiting {
		d.near[t.ring].remove(t)
		d.old.remove(t)
	}
	t.state = settled
}

// fly notes that a sight went out in packet s.
func (d *debts) fly(t *sight, s world.Stamp) {
	d.settle(t)
	t.state = flying
	if t.sent == 0 {
		t.first = true
		d.aloft = append(d.aloft, t)
	}
	t.sent = s
}

// hold keeps a sight aloft that the base document has right, or rightly lacks,
// while a packet that says otherwise is on its way.
func (d *debts) hold(t *sight) {
	d.settle(t)
	t.state, t.first = flying, true
}

// recall lets what flies, has been acknowledged before and did not come or go be owed
// as anything else is: to leave it out of a packet takes it back to what is not long ago.
func (d *debts) recall() {
	for _, t := range d.aloft {
		if t.state == flying && !t.first && !t.cameOrWent() {
			d.owe(t, t.since)
		}
	}
}

func (d *debts) enqueue(t *sight, ring uint8) {
	t.ring, t.ranked = ring, d.looks
	d.near[ring].push(t)
}

// rank gives a sight another ring.
func (d *debts) rank(t *sight, ring uint8) {
	switch {
	case ring == t.ring:
	case t.state == waiting:
		d.near[t.ring].remove(t)
		d.enqueue(t, ring)
	default:
		t.ring = ring
	}
}

// rankAgain gives those that wait since before the agent last looked around the ring that
// they are in now: some with every heartbeat, ring after ring, as there may be very many.
func (d *debts) rankAgain(ring func(*world.Entity) uint8) {
	if d.old.head == nil {
		return
	}
	const some = 128
	left := some
	for range rings {
		q := &d.near[d.turn]
		for t := q.head; t != nil && t.ranked != d.looks; t = q.head {
			if left--; left < 0 {
				return
			}
			q.remove(t)
			d.enqueue(t, ring(t.entity))
		}
		d.turn = (d.turn + 1) % rings
	}
}

// land sorts out what is aloft when packet s has been acknowledged: none before it
// can be any more. What is not right is still owed.
func (d *debts) land(s world.Stamp, discard, done func(*sight)) {
	still := d.aloft[:0]
	for _, t := range d.aloft {
		right := t.right()
		if t.sent > s && (!right || t.absent() || t.nulled > s) {
			still = append(still, t)
			if right {
				d.hold(t)
			}
			continue
		}
		t.sent, t.first = 0, false
		switch {
		case !right && (t.state == flying || t.state == settled):
			d.owe(t, t.since)
		case !right: // waits already
		case t.absent():
			discard(t)
		default:
			d.settle(t)
			done(t)
		}
	}
	clear(d.aloft[len(still):])
	d.aloft = still
}

// clear forgets everything.
func (d *debts) clear() {
	*d = debts{fresh: d.fresh, aloft: d.aloft, looks: d.looks}
	d.clearFresh()
	clear(d.aloft)
	d.aloft = d.aloft[:0]
	d.init()
}
