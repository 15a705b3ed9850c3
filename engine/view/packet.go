package view

import (
	"cmp"
	"slices"
	"time"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// The budget's shares. The nearest must be many enough to be those that an agent
// sees well, and the rest must not take for ever: 4 KB give the nearest 20 of 300
// walkers every state, and all others one in two seconds.
const (
	nearShare = 0.7
	oldShare  = 1 - nearShare
	// growth is set aside: what moves takes a few bytes more or less each time.
	growth = 1.0 / 64
)

// largeEvery is how many budgets pass for each that a large entity took. An agent is sent
// nothing else until that has been acknowledged, which may be two heartbeats: with 480 KB
// and a budget of 64 KB, two of every 29.
const largeEvery = 4

func share(budget int, of float64) int { return int(float64(budget) * of) }

// overhead is what a packet has beside the fragments of its entities.
const overhead = 96

// sentWindow is how many packets may be acknowledged, each of which takes memory. No
// more than Reach can be under way from one base, and as many from the one before.
const sentWindow = 2 * Reach

// Packet is what to send to an agent.
type Packet struct {
	Data     []byte // nil: nothing
	Shared   bool   // others get the same, and it is good until the world advances
	NoResend bool   // see netcode.Packet
}

// Next returns the agent's packet for the newest state, or none if it should wait.
// Busy says that a packet over MinBudget that is resent is still on its way to
// the agent. Packets that are not shared are good until the next call of any view's.
func (v *View) Next(now time.Time, busy bool) Packet {
	v.link.tick(now, v.numbers.stalled())
	switch {
	case v.numbers.waits(now):
		return Packet{}
	case v.outdated() || v.numbers.spent():
		v.restart()
	}
	if v.base == 0 && !v.set.IsZero() && now.Sub(v.set) < SetInterval {
		return Packet{}
	}
	if v.full {
		if data, fits := v.whole(busy); fits {
			v.link.keepUp()
			v.send(data, record{full: true, complete: true}, now)
			return Packet{Data: data, Shared: true, NoResend: v.breaks}
		}
		if busy || v.again() {
			v.link.skip(v.size, now)
			return Packet{}
		}
		v.split()
	}
	data := v.part(now, busy)
	return Packet{Data: data, NoResend: data != nil && v.breaks}
}

// noResend reports whether a packet is to be lost if one of its fragments is.
func (v *View) noResend(data []byte) bool {
	return len(data) > MinBudget && len(data) <= NoResendBudget && !v.avoids && !v.noResends.spent()
}

// budget is how many bytes the next packet may have. On a long way it is no more
// than can be lost without stalling what follows, unless there is a world to load.
func (v *View) budget(busy bool) int {
	switch {
	case busy:
		return MinBudget
	case v.link.short() || v.noResends.spent() || v.base == 0 || v.backlog.whole:
		return v.link.budget
	case v.avoids:
		return MinBudget
	default:
		return min(v.link.budget, FarBudget)
	}
}

// outdated reports whether the world has forgotten what the agent's document is.
func (v *View) outdated() bool {
	oldest := v.views.world.Oldest()
	if v.base != 0 && v.base < oldest {
		return true
	}
	// What waits is in order of age, and held is never more than a state older.
	for t := v.debts.old.head; t != nil && t.since <= oldest; t = t.links[byAge].next {
		if t.held != 0 {
			return true
		}
	}
	return anyOlder(v.debts.aloft, oldest) || anyOlder(v.debts.fresh, oldest)
}

func anyOlder(sights []*sight, oldest world.Stamp) bool {
	for _, t := range sights {
		if t.held != 0 && t.held < oldest && t.state != settled {
			return true
		}
	}
	return false
}

// again reports whether the agent is to be sent a state from scratch after others, of
// which it may hold all.
func (v *View) again() bool { return v.base == 0 && v.newest != 0 }

// mayBulk reports whether the agent may be sent more than any budget now.
func (v *View) mayBulk() bool {
	now := v.views.world.Now()
	return v.bulk.free(now) && v.views.bulk.free(now)
}

// spendBulk notes that it was, and that so many heartbeats' budgets are to pass for each
// that it took.
func (v *View) spendBulk(size, times int) {
	now := v.views.world.Now()
	v.bulk.spend(size*times, v.link.ceiling, now)
	v.views.bulk.spend(size*times, v.views.cfg.Together, now)
}

// whole returns the packet with all there is, if the link takes it, or if the agent may
// hold all of it.
func (v *View) whole(busy bool) ([]byte, bool) {
	const leastPerEntity = 40
	budget := v.budget(busy)
	if v.again() && !busy && v.mayBulk() {
		data := v.views.press.Packet(v.span(), v.form)
		if len(data) > budget {
			v.spendBulk(len(data), 1)
		}
		return data, true
	}
	if v.base == 0 && v.views.world.Len()*leastPerEntity > budget || v.views.press.Came(v.base)*leastPerEntity > budget {
		return nil, false // not worth encoding
	}
	data := v.views.press.Packet(v.span(), v.form)
	return data, len(data) <= budget
}

// span is where the next packet starts, and its number.
func (v *View) span() span {
	return span{v.base, v.numbers.base, v.numbers.next(v.views.world.Now())}
}

// split begins to keep account of single entities, from a base that had the whole
// world.
func (v *View) split() {
	w := v.views.world
	v.full = false
	v.views.watching = len(v.views.all) // the next will not do any better
	v.eye, v.looked = v.agent.Eye(), true
	if v.base == 0 {
		v.backlog = newBacklog(w, v.ring)
		return
	}
	came, seen := 0, v.records.seen()
	for e := range w.Changed(v.base) {
		existed := e.Existed(v.base)
		switch {
		case e.Alive() && existed:
			t := v.track(e, v.base)
			v.debts.owe(t, v.base+1)
			if seen.hidden(e) { // it went and came again
				t.nulled = v.newest
				v.debts.fly(t, v.newest)
			}
		case e.Alive() && came >= crowd && !seen.shown(e) && !v.agent.Own(e):
			v.backlog.add(e)
			continue
		case e.Alive():
			came++
			v.debts.owe(v.track(e, 0), v.base+1)
		case existed:
			v.vanished(e, v.base)
		default:
			continue
		}
		// What came or went in a packet on its way must not be taken back.
		if e.Alive() && !existed && seen.shown(e) || !e.Alive() && existed && seen.hidden(e) {
			v.debts.fly(v.by[e], v.newest)
		}
	}
}

// send keeps a record of a packet.
func (v *View) send(data []byte, r record, now time.Time) {
	r.state, r.number = v.views.world.Now(), v.numbers.next(v.views.world.Now())
	r.base, r.size, r.at = v.base, len(data), now
	v.newest, v.size = r.state, r.size
	v.numbers.send(r.number, now)
	if v.base == 0 {
		v.set = now
		v.sets++
	}
	v.breaks = v.noResend(data)
	switch {
	case v.breaks:
		v.noResends.sent(r.state, len(data))
	case len(data) > MinBudget:
		v.hold = now.Add(holdInterval)
	}
	v.records.add(r, min(v.views.cfg.Window, sentWindow))
}

// part gives a packet with as much of what is owed as the link takes.
func (v *View) part(now time.Time, busy bool) []byte {
	b := builder{view: v, budget: min(v.budget(busy), v.views.portion()) - overhead, now: v.views.world.Now()}
	v.debts.recall()
	v.refill(b.budget)
	flying := b.total(v.debts.aloft, flying)
	switch bulky := flying > b.budget; {
	case bulky && (busy || now.Before(v.hold)), bulky && v.again() && !v.mayBulk():
		v.link.skip(v.size, now)
		return nil // anything else would take back what is on its way
	case bulky && v.again():
		v.spendBulk(flying, 1)
	}
	v.link.keepUp()
	b.begin()
	b.again()
	b.budget -= share(b.budget, growth)
	if v.debts.old.head == nil && flying+b.total(v.debts.fresh, fresh) <= b.budget {
		b.all()
	} else {
		v.debts.queueUp(v.ring)
		quick := len(v.debts.aloft) == 0 // what goes now takes no room next time
		b.own()
		end, left := b.budget, b.budget-b.size
		near := b.candidates(2 * left)
		near = b.nearest(near, b.size+share(left, nearShare))
		b.oldest(busy, share(left, oldShare))
		if quick {
			b.nearest(near, end)
		}
		clear(v.views.candidates) // else it holds on to agents that have left
	}
	data := b.finish()
	cumulative := b.cumulative()
	v.send(data, record{
		complete:   cumulative && v.debts.old.head == nil && v.backlog.empty(),
		cumulative: cumulative, items: b.items,
	}, now)
	return data
}

// refill takes from the backlog what may be of use for a packet of size bytes, as
// long as not too much that was taken from it is still on its way or waits.
func (v *View) refill(size int) {
	const least = 16 << 10
	for v.drawn < max(least, 2*size) {
		e := v.backlog.next()
		if e == nil {
			return
		}
		v.draw(e)
	}
}

// draw begins to keep account of an entity from the backlog.
func (v *View) draw(e *world.Entity) *sight {
	t := v.track(e, 0)
	t.drawn = v.sizeOf(e, 0)
	v.drawn += t.drawn
	since := v.views.world.Now()
	if v.backlog.whole {
		since = 1 // nothing is owed for longer
	}
	v.debts.owe(t, since)
	return t
}

// sizeOf is how many bytes an entity takes in a packet, from a state on.
func (v *View) sizeOf(e *world.Entity, held world.Stamp) int {
	if v.form == Compact {
		return e.CompactSize(held)
	}
	return e.FragmentSize(held)
}

// missing returns the sight of an entity that the document should have and has not, nil
// for any other.
func (v *View) missing(e *world.Entity) *sight {
	if e == nil {
		return nil
	}
	if v.backlog.remove(e) {
		return v.draw(e)
	}
	if t := v.by[e]; t != nil && !t.absent() && t.held == 0 {
		return t
	}
	return nil
}

// builder fills one packet.
type builder struct {
	view   *View
	budget int
	size   int
	items  []item
	now    world.Stamp
}

func (b *builder) begin() {
	vs := b.view.views
	vs.body, vs.ops, vs.records = vs.body[:0], append(vs.ops[:0], '['), 0
	if b.view.form != Compact {
		vs.body = append(vs.body, '{')
	}
	b.items = b.view.records.take()
}

// total is what the sights of a state cost together.
func (b *builder) total(sights []*sight, in state) int {
	size := 0
	for _, t := range sights {
		if t.state == in {
			size += b.cost(t)
		}
	}
	return size
}

// again puts in what flies for the first time, but for what the document neither has
// nor should: all that came or went, which agents take badly if it is taken back, and
// of what only changed as much as fits a link that has become worse.
func (b *builder) again() {
	for _, t := range b.view.debts.aloft {
		if t.state == flying && t.cameOrWent() {
			b.add(t)
		}
	}
	for _, t := range b.view.debts.aloft {
		if t.state == flying && t.sent != b.now && !t.absent() && b.fits(t) {
			b.add(t)
		}
	}
}

// cumulative reports whether all that is aloft is in this packet.
func (b *builder) cumulative() bool {
	for _, t := range b.view.debts.aloft {
		if t.sent != b.now {
			return false
		}
	}
	return true
}

// all puts in all that is fresh.
func (b *builder) all() {
	for _, t := range b.view.debts.fresh {
		if t.state == fresh {
			b.add(t)
		}
	}
	b.view.debts.clearFresh()
}

// own puts in the agent's own and the place's.
func (b *builder) own() {
	for t := b.view.debts.near[0].head; t != nil; {
		next := t.links[byRing].next
		if b.fits(t) {
			b.add(t)
		}
		t = next
	}
}

// nearest puts in what is nearest, until the packet has some size, and gives what is
// left. What is too large for that goes by age.
func (b *builder) nearest(list []candidate, end int) []candidate {
	for i, c := range list {
		cost := b.cost(c.sight)
		switch {
		case c.sight.state != waiting: // went for its age
		case b.size+cost <= end:
			c.sight.aged = false
			b.add(c.sight)
		case cost <= end:
			return list[i:]
		}
	}
	return nil
}

// candidate is what may be among the nearest.
type candidate struct {
	sight   *sight
	squared float64 // distance in metres, as it matters
}

// candidates are so many bytes of the nearest that wait, in order. The rings are
// coarse and not quite up to date, so it takes more than what is wanted.
func (b *builder) candidates(size int) []candidate {
	v := b.view
	list, eye := v.views.candidates[:0], v.agent.Eye()
	for i := 1; i < rings && size > 0; i++ {
		for t := v.debts.near[i].head; t != nil && size > 0; t = t.links[byRing].next {
			list = append(list, candidate{t, v.squared(t.entity, eye)})
			size -= b.cost(t)
		}
	}
	slices.SortFunc(list, func(a, b candidate) int { return cmp.Compare(a.squared, b.squared) })
	v.views.candidates = list
	return list
}

// oldest puts in what has been owed longest, up to its share of the budget less
// what flies for the first time already. What is too large for that goes, one at a
// time, when it has waited long enough.
func (b *builder) oldest(busy bool, room int) {
	const patience, misfits = 10, 8
	missed, most := 0, b.budget/4
	for _, t := range b.view.debts.aloft {
		if t.aged && t.state == flying && t.first {
			room -= b.cost(t)
		}
	}
	b.budget = min(b.budget, b.size+max(0, room))
	for t := b.view.debts.old.head; t != nil && missed < misfits; {
		next := t.links[byAge].next
		switch {
		case b.fits(t):
			t.aged = true
			b.add(t)
		case missed == 0 && !busy && b.now-t.since >= patience && b.cost(t) > most && b.view.mayBulk():
			b.view.spendBulk(b.cost(t), largeEvery)
			b.add(t)
			missed = misfits
		default:
			missed++
		}
		t = next
	}
}

func (b *builder) fits(t *sight) bool { return b.size+b.cost(t) <= b.budget }

// cost is how many bytes an entity takes in the packet.
func (b *builder) cost(t *sight) int {
	const number = 5 // bytes at most
	switch {
	case t.absent() && b.view.form == Compact:
		return number + 1
	case t.absent():
		return len(t.entity.ID()) + len(`"":null,`)
	}
	return b.view.sizeOf(t.entity, t.held) + 1
}

// add puts an entity in the packet, once. Its parent, if the document has that not yet,
// goes with it, whatever the budget: some agents stumble over a child without.
func (b *builder) add(t *sight) {
	if t.sent == b.now {
		return
	}
	vs, v := b.view.views, b.view
	gone, start := t.absent(), len(vs.body)
	if gone {
		t.nulled = b.now
	}
	b.append(t, gone)
	b.size += len(vs.body) - start
	if v.form == Patch && v.base != 0 {
		vs.ops = t.entity.AppendOperations(vs.ops, t.held, gone)
	}
	b.items = append(b.items, item{t, gone})
	v.debts.fly(t, b.now)
	if gone {
		return
	}
	if p := v.missing(t.entity.Parent()); p != nil {
		b.add(p)
	}
}

// append appends what the packet says of an entity.
func (b *builder) append(t *sight, gone bool) {
	vs := b.view.views
	if b.view.form != Compact {
		if gone {
			vs.body = world.AppendRemoval(vs.body, t.entity.ID())
		} else {
			vs.body = append(vs.body, t.entity.Fragment(t.held)...)
		}
		vs.body = append(vs.body, ',')
		return
	}
	before := len(vs.body)
	switch {
	case !gone:
		vs.body = append(vs.body, t.entity.Compact(t.held)...)
	case t.held != 0: // only what the document has can go
		vs.body = t.entity.AppendCompactRemoval(vs.body)
	}
	if len(vs.body) > before {
		vs.records++
	}
}

// finish returns the packet, as a JSON Patch where that is allowed and smaller.
func (b *builder) finish() []byte {
	v, vs := b.view, b.view.views
	from := v.span()
	if v.form == Compact {
		s := from.compact()
		s.Count, s.Entities = vs.records, vs.body
		vs.merge = s.Append(vs.merge[:0])
		return vs.merge
	}
	s := netcode.State{Style: netcode.StyleSet, Revision: Revision(from.to)}
	if v.base != 0 {
		s.Style, s.From = netcode.StyleMerge, Revision(from.from)
	}
	vs.body = world.CloseObject(vs.body)
	s.Entities = vs.body
	vs.merge = s.Append(vs.merge[:0])
	if v.form != Patch || v.base == 0 {
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
