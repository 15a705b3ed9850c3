package view

import (
	"time"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// overhead is what a packet has beside the fragments of its entities.
const overhead = 96

// Next gives the agent's packet for the newest state, or nil if it should wait.
// Busy says that a packet over MinBudget is still on its way to the agent. Shared
// packets are good until the world advances, others until the next call of any
// view's.
func (v *View) Next(now time.Time, busy bool) (data []byte, shared bool) {
	v.link.tick(now)
	if v.outdated() {
		v.restart()
	}
	if v.base == 0 && !v.set.IsZero() && now.Sub(v.set) < SetInterval {
		return nil, false
	}
	if v.full {
		if data, fits := v.whole(busy); fits {
			v.send(data, record{full: true, complete: true}, now)
			return data, true
		}
		if busy {
			return nil, false
		}
		v.split()
	}
	return v.part(now, busy), false
}

// outdated tells whether the world has forgotten what the agent's document is.
func (v *View) outdated() bool {
	oldest := v.views.world.Oldest()
	if v.base != 0 && v.base < oldest {
		return true
	}
	if o := v.debts.old.head; o != nil && o.held != 0 && o.held < oldest {
		return true
	}
	for _, o := range v.debts.flying {
		if o.held != 0 && o.held < oldest {
			return true
		}
	}
	return false
}

// whole gives the packet with all there is, if the link takes it.
func (v *View) whole(busy bool) ([]byte, bool) {
	const leastPerEntity = 40
	budget := v.link.budget
	if busy {
		budget = MinBudget
	}
	if v.base == 0 && v.views.world.Len()*leastPerEntity > budget {
		return nil, false // not worth encoding
	}
	data := v.views.press.Packet(v.base, v.patch)
	return data, len(data) <= budget
}

// split begins to keep account of single entities: all that changed since the
// base, which had the whole world.
func (v *View) split() {
	w := v.views.world
	v.full = false
	v.eye = v.agent.Eye()
	v.records.drop(len(v.records.list))
	for e := range w.Changed(v.base) {
		switch {
		case v.base != 0 && e.Existed(v.base):
			v.debts.add(e, v.base, v.base+1, v.ring(e))
		case e.Alive():
			v.debts.add(e, 0, v.base+1, v.ring(e))
		}
	}
}

// send keeps a record of a packet.
func (v *View) send(data []byte, r record, now time.Time) {
	w := v.views.world
	r.state, r.base, r.size, r.at = w.Now(), v.base, len(data), now
	v.newest = r.state
	if v.base == 0 {
		v.set = now
		v.sets++
	}
	if len(data) > MinBudget {
		v.hold = now.Add(holdInterval)
	}
	v.records.add(r, v.views.cfg.Window)
}

// part gives a packet with as much of what is owed as the link takes.
func (v *View) part(now time.Time, busy bool) []byte {
	budget := v.link.budget
	if busy {
		budget = MinBudget
	}
	b := builder{view: v, budget: budget - overhead, now: v.views.world.Now()}
	if !b.room() {
		if busy || now.Before(v.hold) {
			return nil // anything else would take back what is on its way
		}
		v.giveUp()
	}
	b.begin()
	b.again()
	b.nearest()
	b.oldest(busy)
	data := b.finish()
	v.send(data, record{complete: b.complete(), cumulative: !b.ghosts, items: b.items}, now)
	return data
}

// builder fills one packet.
type builder struct {
	view   *View
	budget int
	size   int
	ghosts bool // something flies that must not be in this packet
	items  []item
	now    world.Stamp
}

func (b *builder) begin() {
	vs := b.view.views
	vs.body, vs.ops = append(vs.body[:0], '{'), append(vs.ops[:0], '[')
	b.items = b.view.records.take()
}

// room tells whether all that flies fits, or nearly: what moves takes a few bytes
// more or less each time.
func (b *builder) room() bool {
	size := 0
	for _, o := range b.view.debts.flying {
		size += b.cost(o)
	}
	return size <= b.budget+b.budget/4
}

// again puts in all that flies.
func (b *builder) again() {
	for _, o := range b.view.debts.flying {
		if o.absent() && o.held == 0 {
			b.ghosts = true
			continue
		}
		b.add(o)
	}
}

// nearest puts in what is nearest, up to two thirds of the budget.
func (b *builder) nearest() {
	for i := range b.view.debts.near {
		for o := b.view.debts.near[i].head; o != nil && b.size <= b.budget*2/3; {
			next := o.near.next
			if b.fits(o) {
				b.add(o)
			}
			o = next
		}
	}
}

// oldest fills the packet with what has been owed longest. What is too large for
// any packet goes, one at a time, when it has waited long enough.
func (b *builder) oldest(busy bool) {
	const patience, misfits = 10, 8
	missed := 0
	for o := b.view.debts.old.head; o != nil && missed < misfits; {
		next := o.old.next
		switch {
		case b.fits(o):
			b.add(o)
		case missed == 0 && !busy && b.now-o.since >= patience:
			b.add(o)
			missed = misfits
		default:
			missed++
		}
		o = next
	}
}

func (b *builder) fits(o *owed) bool { return b.size+b.cost(o) <= b.budget }

// cost is how many bytes an entity takes in the packet.
func (b *builder) cost(o *owed) int {
	if o.absent() {
		return len(o.entity.ID()) + len(`"":null,`)
	}
	return len(o.entity.Fragment(o.held)) + 1
}

// add puts an entity in the packet.
func (b *builder) add(o *owed) {
	vs, v := b.view.views, b.view
	gone := o.absent()
	b.size += b.cost(o)
	if gone {
		vs.body = world.AppendRemoval(vs.body, o.entity.ID())
	} else {
		vs.body = append(vs.body, o.entity.Fragment(o.held)...)
	}
	vs.body = append(vs.body, ',')
	if v.patch && v.base != 0 {
		vs.ops = o.entity.AppendOperations(vs.ops, o.held, gone)
	}
	b.items = append(b.items, item{o.entity, gone})
	v.debts.fly(o, b.now)
}

// complete tells whether nothing is left that the agent is owed.
func (b *builder) complete() bool {
	return b.view.debts.old.head == nil && !b.ghosts
}

// finish gives the packet, as a JSON Patch where that is allowed and smaller.
func (b *builder) finish() []byte {
	v, vs := b.view, b.view.views
	s := netcode.State{Style: netcode.StyleSet, Revision: Revision(b.now)}
	if v.base != 0 {
		s.Style, s.From = netcode.StyleMerge, Revision(v.base)
	}
	vs.body = world.CloseObject(vs.body)
	s.Entities = vs.body
	vs.merge = s.Append(vs.merge[:0])
	if !v.patch || v.base == 0 {
		return vs.merge
	}
	vs.ops = world.CloseOperations(vs.ops, s.Revision)
	s.Style, s.Patches = netcode.StyleApply, vs.ops
	vs.apply = s.Append(vs.apply[:0])
	if len(vs.apply) < len(vs.merge) {
		return vs.apply
	}
	return vs.merge
}
