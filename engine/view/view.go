package view

import (
	"time"

	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/engine/world"
)

const (
	// SetInterval is how long an agent that was sent a first state may take to
	// acknowledge it before it is sent another.
	SetInterval = time.Second
	// holdInterval is how long an agent may take to acknowledge a packet too
	// large to be repeated before it counts as lost.
	holdInterval = time.Second
)

// View is what one agent knows of the world, and what it is owed. There are two
// kinds of base. A view that is full knows all there was in its base state, and
// keeps no account of single entities. Any other keeps an entry for each entity
// that its base document has not as the world has it.
type View struct {
	views *Views
	agent Agent
	patch bool // understands JSON Patch
	link  link

	base    world.Stamp // newest state acknowledged; 0 = it has nothing
	newest  world.Stamp // newest packet sent; 0 = none
	records records
	full    bool
	debts   debts
	set     time.Time // when the last packet without a base went out
	hold    time.Time // until when a large packet is waited for
	sets    uint64

	// With a view distance only:
	eye     mgl64.Vec3
	looked  bool
	members map[*world.Entity]bool // roots in view
}

// Sets counts how often the agent was sent a state from scratch.
func (v *View) Sets() uint64 { return v.sets }

// Budget is how many bytes the agent's packets may have at present.
func (v *View) Budget() int { return v.link.budget }

// Owed is how many entities the agent's document has wrong, as far as it is kept
// count of.
func (v *View) Owed() int { return len(v.debts.by) }

// Acknowledge notes that the agent holds a revision, or nothing at all if it is
// 0, and tells whether that can be: only what was sent to it lately counts.
func (v *View) Acknowledge(rev uint64, now time.Time) bool {
	if rev == 0 {
		if v.base != 0 {
			v.restart()
		}
		return true // it says so until something has reached it
	}
	i, ok := v.records.find(rev)
	if !ok {
		return v.late(rev)
	}
	r := &v.records.list[i]
	v.link.acknowledged(r.size, r.at, now)
	if r.base == v.base || r.complete || r.cumulative {
		v.accept(r)
		v.records.drop(i + 1)
		if v.full {
			v.records.keepFull() // there are no entries to check others against
		}
	}
	return true
}

// late tells whether a revision was made lately, for an acknowledgement that was
// overtaken by a newer one.
func (v *View) late(rev uint64) bool {
	if v.newest == 0 || rev > MaxRevision {
		return false
	}
	behind := (Revision(v.newest) + MaxRevision - rev) % MaxRevision
	return behind < uint64(v.views.cfg.Window) && behind < uint64(v.newest)
}

// accept makes the document of a packet the base.
func (v *View) accept(r *record) {
	v.base, v.set, v.hold = r.state, time.Time{}, time.Time{}
	if r.complete && v.views.cfg.Distance == 0 {
		v.full = true
		v.debts.clear()
		return
	}
	for _, it := range r.items {
		v.arrived(r.state, it)
	}
	v.land(r.state)
}

// arrived notes that the base document has an item as of state s.
func (v *View) arrived(s world.Stamp, it item) {
	o := v.debts.by[it.entity]
	switch {
	case o == nil:
		return
	case it.gone:
		o.held = 0
	default:
		o.held, o.since = s, max(o.since, s+1)
	}
	if o.sent == 0 && v.right(o) {
		v.debts.settle(o)
	}
}

// land sorts out what was flying in packets up to s: of those no other can be
// acknowledged any more.
func (v *View) land(s world.Stamp) {
	d := &v.debts
	flying := d.flying
	d.flying = d.flying[:0]
	for _, o := range flying {
		switch {
		case o.sent > s:
			d.flying = append(d.flying, o)
		case v.right(o):
			d.forget(o)
		default:
			o.sent = 0
			d.wait(o)
		}
	}
	clear(flying[len(d.flying):])
}

// right tells whether the base document has the entity as it should.
func (v *View) right(o *owed) bool {
	if o.absent() {
		return o.held == 0
	}
	return o.held != 0 && o.entity.Changed() <= o.held
}

// restart begins anew with an agent that has nothing, or nothing that is known.
func (v *View) restart() {
	v.base = 0
	v.set, v.hold = time.Time{}, time.Time{}
	v.records.drop(len(v.records.list))
	v.debts.clear()
	v.full = v.views.cfg.Distance == 0
	for root := range v.members {
		v.family(root, root, v.enter)
	}
}

// giveUp takes what is flying for lost. The packets it is in do not count any
// more, should they be acknowledged after all.
func (v *View) giveUp() {
	v.records.drop(len(v.records.list))
	for _, o := range v.debts.flying {
		o.sent = 0
		if v.right(o) {
			v.debts.forget(o)
		} else {
			v.debts.wait(o)
		}
	}
	clear(v.debts.flying)
	v.debts.flying = v.debts.flying[:0]
}
