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

// View is what one agent knows of the world, and what it is owed. A view that is
// full knows all there was in its base state, and keeps no account of single
// entities. Any other keeps a sight for each entity that its base document has not
// as the world has it. With a view distance it keeps one for everything in view;
// without, what has neither a sight nor waits in the backlog is right.
type View struct {
	views *Views
	agent Agent
	form  Form
	link  link

	base      world.Stamp // newest state acknowledged; 0 = it has nothing
	newest    world.Stamp // newest packet sent; 0 = none
	numbers   numbering
	size      int  // of that, in bytes
	breaks    bool // it is not resent
	records   records
	full      bool
	by        map[*world.Entity]*sight
	backlog   backlog
	drawn     int // bytes of what was taken from it and is not acknowledged yet
	debts     debts
	noResends noResends
	avoids    bool      // every packet is resent
	set       time.Time // when the last packet without a base went out
	hold      time.Time // until when a large packet is waited for
	sets      uint64
	bulk      ration

	eye    mgl64.Vec3 // when the agent last looked around
	looked bool
}

// Sets counts how often the agent was sent a state from scratch.
func (v *View) Sets() uint64 { return v.sets }

// Bulky reports whether a packet over MinBudget that is resent was sent and not
// yet acknowledged: only then can one still be on its way.
func (v *View) Bulky() bool { return !v.hold.IsZero() }

// SetRoundTrip tells how long a packet takes to the agent and back.
func (v *View) SetRoundTrip(d time.Duration) { v.link.trip = d }

// Acknowledge notes that the agent holds a revision, or nothing at all if it is
// 0, and reports whether that can be: only what was sent to it lately counts.
func (v *View) Acknowledge(rev uint64, now time.Time) bool {
	v.numbers.hear(now)
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
	v.noResends.acknowledged(r.state)
	v.link.acknowledged(r.size, r.at, now)
	if !r.void && (r.base == v.base || r.complete || r.cumulative) {
		v.accept(r)
		v.records.drop(i + 1)
		if v.full {
			v.records.keepFull() // there are no sights to check others against
		}
	}
	return true
}

// late reports whether a revision was made lately, for an acknowledgement that was
// overtaken by a newer one.
func (v *View) late(rev uint64) bool {
	last := v.numbers.last
	if last == 0 || rev > MaxRevision {
		return false
	}
	behind := (Revision(last) + MaxRevision - rev) % MaxRevision
	return behind < uint64(v.views.cfg.Window) && behind < uint64(last)
}

// accept makes the document of a packet the base.
func (v *View) accept(r *record) {
	v.base, v.set, v.hold = r.state, time.Time{}, time.Time{}
	v.numbers.base = r.number
	if r.complete && v.views.cfg.Distance == 0 {
		v.full = true
		v.forget()
		return
	}
	for _, it := range r.items {
		t := it.sight
		v.arrived(t)
		if it.gone {
			t.held = 0
		} else {
			t.held, t.since = r.state, max(t.since, r.state+1)
		}
		t.first = false
	}
	v.debts.land(r.state, v.discard, v.settled)
}

// settled ends the account of an entity that has not changed for some time, if the
// agent sees everything: there may be very many.
func (v *View) settled(t *sight) {
	const some = 20
	if v.views.cfg.Distance == 0 && t.entity.Changed()+some < v.views.world.Now() {
		v.views.unwatch(t)
		v.discard(t)
	}
}

// forget ends all account of single entities.
func (v *View) forget() {
	for _, t := range v.by {
		if !t.gone {
			v.views.unwatch(t)
		}
	}
	clear(v.by)
	v.debts.clear()
	v.backlog, v.drawn = backlog{}, 0
}

// arrived notes that an entity from the backlog has been acknowledged, or need not
// be.
func (v *View) arrived(t *sight) {
	v.drawn -= t.drawn
	t.drawn = 0
}

// restart begins again with an agent that has nothing, or nothing that is known. What
// it may have seen and still stands is in the next state whatever the budget, as apps
// take what is missing for removed, for good.
func (v *View) restart() {
	known := v.known()
	v.base, v.numbers.base = 0, 0
	v.set, v.hold = time.Time{}, time.Time{}
	v.records.drop(len(v.records.list))
	if v.views.cfg.Distance == 0 {
		v.forget()
		if v.full = known == nil; v.full {
			return
		}
		v.backlog = newBacklog(v.views.world, v.ring)
		for _, e := range known {
			v.backlog.remove(e)
			t := v.track(e, 0)
			t.since = v.views.world.Now()
			v.debts.fly(t, v.newest)
		}
		return
	}
	v.debts.clear()
	for e, t := range v.by {
		shown := t.held != 0 || t.sent != 0
		t.held, t.sent, t.first, t.state = 0, 0, false, settled
		switch {
		case t.gone:
			delete(v.by, e)
		case shown:
			t.since = v.views.world.Now()
			v.debts.fly(t, v.newest)
		default:
			v.debts.owe(t, v.views.world.Now())
		}
	}
}

// known returns what stands in the world and the agent may have seen, nil if that is all
// there is.
func (v *View) known() (list []*world.Entity) {
	if v.full || v.backlog.empty() {
		return nil
	}
	list = []*world.Entity{}
	for e := range v.views.world.Entities() {
		if t := v.by[e]; !v.backlog.has(e) && (t == nil || t.held != 0 || t.sent != 0) {
			list = append(list, e)
		}
	}
	return list
}
