package view

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

var propertyRuns = flag.Uint64("runs", 300, "how many random runs the property test of views makes")

// arena is a world with agents behind bad links, and a copy of each of its states.
type arena struct {
	*testing.T
	seed   uint64
	rng    *rand.Rand
	world  *world.World
	views  *Views
	agents []*viewer
	states map[world.Stamp]map[string]any
	now    time.Time
	calm   bool // the links are good, and nobody sheds
	quiet  bool // little happens, as for long somebody has been stopped
	window int  // how many states the world remembers
	stalls bool // somebody is stopped for a while
	crowd  int  // how many come and go at once; 0: nobody does
	sheds  bool // half of all states, as places do that are late
}

// viewer is an agent and its link. It holds and acknowledges states as C clients do: each
// in the slot of its revision modulo 64. What it cannot apply has versions 1 to 3 ask for
// everything, while version 4 keeps acknowledging the last state it made.
type viewer struct {
	arena   *arena
	id      string
	version int
	eye     mgl64.Vec3
	view    *View
	held    [64]uint64                  // revisions
	docs    map[uint64]netcode.Document // all it ever made, by revision
	made    map[uint64]world.Stamp      // of which state a revision is
	newest  uint64
	ack     uint64
	packets []flight
	acks    []flight
	newOnly bool // takes no packet older than its newest, as ENet has it
	stall   stall
}

// stall is when an agent gets nothing.
type stall struct {
	from, until int
	keeps       int  // packets that wait for it; the rest is lost
	talks       bool // it goes on to acknowledge
}

func (s *stall) on(n int) bool { return s.from <= n && n < s.until }

// flight is a packet or an acknowledgement on its way.
type flight struct {
	due  int
	data []byte
	rev  uint64
}

func (v *viewer) ID() string                      { return v.id }
func (v *viewer) Eye() mgl64.Vec3                 { return v.eye }
func (v *viewer) Own(e *world.Entity) bool        { return e.Owner() == v.id }
func (v *viewer) Relevance(*world.Entity) float64 { return 1 }

func newArena(t *testing.T, seed uint64) *arena {
	a := &arena{
		T: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 9)),
		world:  world.New(1),
		states: map[world.Stamp]map[string]any{0: {}},
		now:    time.Unix(0, 0),
	}
	switch {
	case seed%15 == 0:
		a.crowd = 240 // more than is drawn from a backlog at once
	case seed%3 == 0:
		a.crowd = crowd + 16 // more than an account is kept of
	}
	a.window = 40
	if a.stalls = seed%7 == 0; a.stalls && a.rng.IntN(2) == 0 {
		a.window = 600
	}
	cfg := Config{Window: 100, Budget: 300 + a.rng.IntN(3000), Together: a.rng.IntN(20000)}
	if a.rng.IntN(2) == 0 {
		cfg.Distance = 20
	}
	a.views = NewViews(a.world, cfg)
	a.spawn(placeID, placeID, "")
	for i := range 1 + a.rng.IntN(2) {
		v := &viewer{
			arena: a, id: fmt.Sprint("agent", i), version: 1 + a.rng.IntN(5), newOnly: a.rng.IntN(2) == 0,
			docs: map[uint64]netcode.Document{}, made: map[uint64]world.Stamp{},
		}
		if a.stalls {
			v.stall = stall{keeps: []int{0, 5, 1000}[a.rng.IntN(3)], talks: a.rng.IntN(2) == 0, from: 10 + a.rng.IntN(30)}
			v.stall.until = v.stall.from + 20<<a.rng.IntN(6)
		}
		v.view = a.views.Add(v, formOf(v.version))
		v.view.link.budget = 100 + a.rng.IntN(600) // small, so that little fits
		a.agents = append(a.agents, v)
		a.spawn("avatar"+v.id, v.id, "")
	}
	return a
}

func (a *arena) spawn(id, owner, parent string) {
	components := map[string]any{"n": map[string]any{"v": float64(a.rng.IntN(100)), "w": a.text()}}
	if parent != "" {
		components["relationships"] = map[string]any{"parent": parent}
	}
	e, err := a.world.Spawn(id, owner, components)
	if err != nil {
		return // stands there already
	}
	e.SetLocal(a.somewhere())
}

func (a *arena) text() string {
	const text = "some more or less of it, so that sizes differ from one to the next entity"
	return text[:a.rng.IntN(len(text))]
}

func (a *arena) pick() string { return string(rune('a' + a.rng.IntN(9))) }

// anybody is one of the crowd now and then.
func (a *arena) anybody() string {
	if a.crowd > 0 && a.rng.IntN(4) == 0 {
		return ofCrowd(a.rng.IntN(a.crowd))
	}
	return a.pick()
}

// parent is that of what comes: none, as a rule.
func (a *arena) parent() string {
	if a.rng.IntN(3) > 0 {
		return ""
	}
	return a.anybody()
}

func ofCrowd(i int) string { return fmt.Sprint("of a crowd ", i) }

func (a *arena) somewhere() mgl64.Mat4 {
	return mgl64.Translate3D(float64(a.rng.IntN(60)-30), 0, float64(a.rng.IntN(60)-30))
}

// come lets a crowd come, or go again.
func (a *arena) come() {
	gone := false
	for i := range a.crowd {
		id := ofCrowd(i)
		gone = a.world.Remove(id, world.Cascade) != nil || gone
		if !gone {
			a.spawn(id, placeID, a.parent())
		}
	}
}

func (a *arena) edit() {
	if a.crowd > 0 && a.rng.IntN(20) == 0 {
		a.come()
	}
	id := a.anybody()
	e := a.world.Entity(id)
	switch n := a.rng.IntN(12); {
	case e == nil:
		a.spawn(id, []string{placeID, "agent0", "agent1"}[a.rng.IntN(3)], a.parent())
	case n == 0:
		a.world.Remove(id, world.Cascade)
	case n == 1:
		a.world.Remove(id, world.Reparent)
	case n == 2:
		e.Unset("n")
	case n == 3:
		_ = e.Set("relationships", map[string]any{"parent": a.anybody()})
	case n == 4:
		e.Unset("relationships")
	case n < 8:
		e.SetLocal(a.somewhere())
	default:
		_ = e.Set("n", map[string]any{"v": float64(a.rng.IntN(100)), a.pick(): a.text()})
	}
}

// beat makes a state and lets the network do its worst.
func (a *arena) beat(n int) {
	a.now = a.now.Add(50 * time.Millisecond)
	still := a.quiet && a.rng.IntN(10) > 0
	if !a.calm && !still {
		for range a.rng.IntN(4) {
			a.edit()
		}
		a.shed()
	}
	if still {
		a.states[a.world.Now()] = a.states[a.world.Now()-1]
	} else {
		a.world.Entity(placeID).SetNumber("clock", "time", float64(n))
		a.states[a.world.Now()] = a.copy()
	}
	a.views.Observe()
	for _, v := range a.agents {
		v.beat(n)
	}
	a.world.Advance()
	if now, window := a.world.Now(), world.Stamp(a.window); now > window {
		a.world.Sweep(now - window)
	}
}

// shed changes now and then what the place does without.
func (a *arena) shed() {
	if a.rng.IntN(15) == 0 {
		a.sheds = !a.sheds
	}
	if a.rng.IntN(15) == 0 {
		a.views.Lean(a.rng.IntN(2) == 0)
	}
}

func (a *arena) copy() map[string]any {
	v, err := netcode.ParseValue(a.world.AppendSet(nil))
	if err != nil {
		a.Fatal(err)
	}
	return v.(map[string]any)
}

func (v *viewer) beat(n int) {
	a := v.arena
	if !a.calm && a.rng.IntN(3) == 0 {
		v.eye = a.somewhere().Col(3).Vec3()
	}
	v.acks = v.arrive(v.acks, n, func(f flight) { v.view.Acknowledge(f.rev, a.now) })
	if !a.quiet {
		v.check()
	}
	if !a.calm && a.rng.IntN(40) == 0 {
		v.view.link.budget = 100 + a.rng.IntN(900)
		v.view.hold = time.Time{}
	}
	if a.calm || !a.sheds || a.rng.IntN(2) == 0 {
		v.next(n)
	}
	stopped := v.stall.on(n)
	switch {
	case !stopped && v.stall.on(n-1): // of all that waits, it applies the last
		v.packets = v.packets[max(0, len(v.packets)-1):]
		fallthrough
	case !stopped:
		v.packets = v.arrive(v.packets, n, v.receive)
	case len(v.packets) > v.stall.keeps:
		v.packets = v.packets[:v.stall.keeps]
	}
	if (!stopped || v.stall.talks) && (a.calm || a.rng.IntN(3) > 0) {
		v.acks = append(v.acks, flight{due: v.due(n), rev: v.ack})
	}
	if !a.calm && !stopped && a.rng.IntN(60) == 0 {
		v.acks = append(v.acks, flight{due: n + 1, rev: 0}, flight{due: n + 1, rev: 1 << 40})
	}
}

// next has the agent sent the state.
func (v *viewer) next(n int) {
	a := v.arena
	data := v.view.Next(a.now, !a.calm && a.rng.IntN(8) == 0).Data
	if !a.quiet {
		v.check()
	}
	if data != nil {
		v.made[Revision(v.view.numbers.last)] = a.world.Now()
		v.packets = append(v.packets, flight{due: v.due(n), data: append([]byte(nil), data...)})
	}
}

func (v *viewer) due(n int) int {
	if v.arena.calm {
		return n
	}
	return n + v.arena.rng.IntN(4)
}

// arrive hands over what is due, in any order, and loses some of it.
func (v *viewer) arrive(list []flight, n int, take func(flight)) []flight {
	a := v.arena
	a.rng.Shuffle(len(list), func(i, j int) {
		if !a.calm {
			list[i], list[j] = list[j], list[i]
		}
	})
	var rest []flight
	for _, f := range list {
		switch {
		case f.due > n:
			rest = append(rest, f)
		case a.calm || a.rng.IntN(5) > 0:
			take(f)
		}
	}
	return rest
}

// receive applies a packet as agents do: to the document of the revision that it
// starts from, if that is still held.
func (v *viewer) receive(f flight) {
	a := v.arena
	s, err := parseState(v.version, f.data)
	if err != nil {
		a.Fatalf("seed %d: %v: %q", a.seed, err, f.data)
	}
	if v.newOnly && s.Revision <= v.newest {
		return
	}
	if s.Style != netcode.StyleSet {
		if s.Revision-s.From > Reach {
			a.Fatalf("seed %d: a patch from %d to %d", a.seed, s.From, s.Revision)
		}
		if v.held[s.From%64] != s.From {
			if v.version < 4 {
				v.ack = 0
			}
			return
		}
	}
	doc := v.docs[s.From]
	checkNulls(a, &s.State, doc)
	if err := s.apply(&doc); err != nil {
		a.Fatalf("seed %d: %v: %q", a.seed, err, f.data)
	}
	if v.newOnly {
		v.checkSteady(&doc)
	}
	v.checkParents(&doc)
	v.docs[s.Revision] = doc
	v.held[s.Revision%64] = s.Revision
	v.newest, v.ack = s.Revision, s.Revision
}

// anyState is a state of any dialect.
type anyState struct {
	netcode.State
	compact *netcode.CompactState // in version 5: then State has no content
}

// formOf returns the form for agents of a version.
func formOf(version int) Form {
	d, ok := netcode.DialectOf(version)
	if !ok {
		panic(version)
	}
	return FormOf(d)
}

// parseState reads a state as an agent of a version does.
func parseState(version int, data []byte) (s anyState, err error) {
	if formOf(version) != Compact {
		s.State, err = netcode.ParseState(data)
		return s, err
	}
	compact, err := netcode.ParseCompactState(data)
	s.compact = &compact
	s.Style, s.From, s.Revision = compact.Style, compact.From, compact.Revision
	return s, err
}

func (s *anyState) apply(doc *netcode.Document) error {
	if s.compact != nil {
		return doc.ApplyCompact(s.compact)
	}
	return doc.Apply(&s.State)
}

// checkSteady makes sure that no state, of whichever form, takes away what the agent saw
// and what has stood there ever since: apps never forgive that. With a view distance it
// may have gone out of view, but what is the agent's own never has.
func (v *viewer) checkSteady(doc *netcode.Document) {
	a := v.arena
	for id := range v.docs[v.newest].Entities {
		if _, sees := doc.Entities[id]; sees {
			continue
		}
		e := a.world.Entity(id)
		own := e != nil && e.Lives() == 1 && v.made[v.newest] >= a.world.Oldest() && (e.Owner() == v.id || id == placeID)
		if a.views.cfg.Distance != 0 && !own {
			continue
		}
		stood := true
		for s := v.made[v.newest]; s <= v.made[doc.Revision] && stood; s++ {
			_, stood = a.states[s][id]
		}
		if stood {
			a.Fatalf("seed %d: %s stands in document %d of %s and in the world since, but not in document %d", a.seed, id, v.newest, v.id, doc.Revision)
		}
	}
}

// checkParents makes sure that nothing comes before its parent. It may be something that
// has gone, or had the same id before, that is seen once more, or a parent that came
// to a child: that is let pass.
func (v *viewer) checkParents(doc *netcode.Document) {
	a := v.arena
	for id := range doc.Entities {
		_, before := v.docs[v.newest].Entities[id]
		relationships, _ := doc.Component(id, "relationships")
		parent, _ := relationships["parent"].(string)
		at := v.made[doc.Revision]
		now := a.states[at]
		_, sees := doc.Entities[parent]
		if now[id] != nil && now[parent] != nil && !sees && !before && a.lives(id, at) == 1 && a.lives(parent, at) == 1 && a.born(parent) <= a.born(id) && a.views.cfg.Distance == 0 {
			a.Fatalf("seed %d: %s came to %s in %d before its parent %s", a.seed, id, v.id, doc.Revision, parent)
		}
	}
}

// born is the first state that something of an id stood in.
func (a *arena) born(id string) world.Stamp {
	for s := world.Stamp(0); ; s++ {
		if _, is := a.states[s][id]; is {
			return s
		}
	}
}

// lives counts how many entities have had an id up to a state.
func (a *arena) lives(id string, until world.Stamp) int {
	n, was := 0, false
	for s := range until + 1 {
		_, is := a.states[s][id]
		if is && !was {
			n++
		}
		was = is
	}
	return n
}

// checkNulls makes sure that only what the document has is removed from it.
func checkNulls(a *arena, s *netcode.State, doc netcode.Document) {
	if s.Style != netcode.StyleMerge || s.Entities == nil {
		return // a compact state says it itself where it removes what is not there
	}
	patch, err := netcode.ParseValue(s.Entities)
	if err != nil {
		a.Fatal(err)
	}
	for id, v := range patch.(map[string]any) {
		if _, ok := doc.Entities[id]; v == nil && !ok {
			a.Fatalf("seed %d: %s is removed from a document without it: %s", a.seed, id, s.Entities)
		}
	}
}

// check compares what the view believes of the agent's document with what the
// agent made of its packets.
func (v *viewer) check() {
	a, view := v.arena, v.view
	if view.base == 0 {
		return
	}
	got := v.docs[Revision(view.numbers.base)].Entities
	want := v.believed()
	if !same(got, want) {
		a.Fatalf("seed %d: at %d, %s's document %d\nis       %s\nbelieved %s", a.seed, a.world.Now(), v.id, view.base,
			netcode.AppendValue(nil, got), netcode.AppendValue(nil, want))
	}
}

func (v *viewer) believed() map[string]any {
	a, view := v.arena, v.view
	if view.full {
		return a.states[view.base]
	}
	doc := map[string]any{}
	for e, t := range view.by {
		switch {
		case t.state == settled && !t.gone:
			doc[e.ID()] = a.states[a.world.Now()][e.ID()]
		case t.held != 0:
			doc[e.ID()] = a.states[t.held][e.ID()]
		}
	}
	if a.views.cfg.Distance == 0 {
		for e := range a.world.Entities() {
			if view.by[e] == nil && !view.backlog.has(e) {
				doc[e.ID()] = a.states[a.world.Now()][e.ID()]
			}
		}
	}
	return doc
}

// same is reflect.DeepEqual for JSON, many times faster.
func same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, v := range a {
			if w, ok := b[k]; !ok || !same(v, w) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	}
	return a == b
}

func TestADocumentIsAlwaysWhatItsLogSaysAndInTheEndWhatIsInView(t *testing.T) {
	for seed := range *propertyRuns {
		a := newArena(t, seed)
		n, beats, bound := 0, 30, 40+a.crowd/4
		for _, v := range a.agents {
			beats = max(beats, v.stall.until)
		}
		if a.stalls {
			bound *= 2
		}
		for ; n < beats; n++ {
			a.quiet = a.stalls && n > 50 && n < beats-10
			a.beat(n)
		}
		a.calm = true
		for ; n < beats+bound; n++ {
			a.beat(n)
		}
		for _, v := range a.agents {
			v.checkEnd()
		}
	}
}

// checkEnd makes sure that the document is the world, as far as it is in view.
func (v *viewer) checkEnd() {
	a := v.arena
	want := map[string]any{}
	last := a.states[a.world.Now()-1]
	for e := range a.world.Entities() {
		seen := a.views.cfg.Distance == 0 || e.Root().ID() == placeID || e.Root().Owner() == v.id || e.Owner() == v.id ||
			e.Root().Position().Sub(v.view.eye).Len() <= a.views.cfg.Distance
		if seen {
			want[e.ID()] = last[e.ID()]
		}
	}
	if got := v.docs[v.newest].Entities; !same(got, want) {
		a.Fatalf("seed %d: in the end %s's document %d\nis   %s\nwant %s\nbudget %d", a.seed, v.id, v.newest,
			netcode.AppendValue(nil, got), netcode.AppendValue(nil, want), v.view.link.budget)
	}
}
