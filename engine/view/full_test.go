package view

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// follower is a world, the view an agent has of it, and the agent's document.
type follower struct {
	t     *testing.T
	world *world.World
	views *Views
	view  *View
	doc   netcode.Document
	now   time.Time
	edits int
}

// spirit is an agent without a body.
type spirit struct{}

func (spirit) ID() string                      { return "spirit" }
func (spirit) Eye() mgl64.Vec3                 { return mgl64.Vec3{} }
func (spirit) Own(*world.Entity) bool          { return false }
func (spirit) Relevance(*world.Entity) float64 { return 1 }

func follow(t *testing.T, first world.Stamp, patch bool) *follower {
	form := Merge
	if patch {
		form = Patch
	}
	w := world.New(first)
	if _, err := w.Spawn("place", "place", map[string]any{"clock": map[string]any{"time": 0.0}}); err != nil {
		t.Fatal(err)
	}
	views := NewViews(w, Config{Window: 100, Budget: 1 << 16, Together: 1 << 20})
	return &follower{
		t: t, world: w, views: views, view: views.Add(spirit{}, form),
		now: time.Unix(0, 0),
	}
}

// beat changes something, and gives the agent's packet of the new state, if any.
func (f *follower) beat() *netcode.State {
	f.t.Helper()
	f.edits++
	f.world.Entity("place").SetNumber("clock", "time", float64(f.edits))
	f.now = f.now.Add(50 * time.Millisecond)
	f.views.Observe()
	packet := f.view.Next(f.now, false).Data
	var s *netcode.State
	if packet != nil {
		parsed, err := netcode.ParseState(append([]byte(nil), packet...))
		if err != nil {
			f.t.Fatalf("%v: %s", err, packet)
		}
		s = &parsed
	}
	f.world.Advance()
	return s
}

// take applies a packet as the agent would.
func (f *follower) take(s *netcode.State) {
	f.t.Helper()
	if err := f.doc.Apply(s); err != nil {
		f.t.Fatalf("%v", err)
	}
	clock, _ := f.doc.Component("place", "clock")
	if clock["time"] != float64(f.edits) {
		f.t.Fatalf("the agent's clock says %v, the place's %d", clock["time"], f.edits)
	}
}

func TestTheFirstStateIsWholeAndIsNotRepeatedBeforeASecond(t *testing.T) {
	f := follow(t, 1, false)
	if s := f.beat(); s == nil || s.Style != netcode.StyleSet || s.Revision != 1 {
		t.Fatalf("first state is %+v", s)
	}
	for beat := 2; beat <= 20; beat++ {
		f.view.Acknowledge(0, f.now)
		if s := f.beat(); s != nil {
			t.Fatalf("sent again after %d ms: %+v", (beat-1)*50, s)
		}
	}
	if s := f.beat(); s == nil || s.Style != netcode.StyleSet || s.Revision != 21 {
		t.Fatalf("after a second: %+v", s)
	}
}

func TestDeltasStartFromWhatWasAcknowledgedNotFromWhatWasSent(t *testing.T) {
	f := follow(t, 1, false)
	f.take(f.beat())
	f.view.Acknowledge(1, f.now)
	for range 5 {
		if s := f.beat(); s.Style != netcode.StyleMerge || s.From != 1 {
			t.Fatalf("got %+v", s)
		}
	}
	f.take(f.beat()) // the five before were lost
	f.view.Acknowledge(f.doc.Revision, f.now)
	if s := f.beat(); s.From != 7 {
		t.Fatalf("got %+v", s)
	}
}

func TestAcknowledgements(t *testing.T) {
	for name, c := range map[string]struct {
		acks []uint64 // of an agent that was sent 1 to 10 and acknowledged 5
		ok   bool     // the last of them
		base uint64   // of the next packet; 0 = whole
	}{
		"newest":                       {[]uint64{10}, true, 10},
		"late":                         {[]uint64{3}, true, 5},
		"twice":                        {[]uint64{7, 7}, true, 7},
		"out of order":                 {[]uint64{9, 8}, true, 9},
		"from the future":              {[]uint64{11}, false, 5},
		"far from the future":          {[]uint64{1 << 53}, false, 5},
		"beyond any revision":          {[]uint64{MaxRevision + 10}, false, 5},
		"everything is asked for":      {[]uint64{0}, true, 0},
		"everything, then one it held": {[]uint64{0, 6}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := follow(t, 1, false)
			f.beat()
			f.view.Acknowledge(1, f.now)
			for range 9 {
				f.beat()
			}
			f.view.Acknowledge(5, f.now)
			ok := false
			for _, a := range c.acks {
				ok = f.view.Acknowledge(a, f.now)
			}
			s := f.beat()
			if ok != c.ok || s == nil || s.From != c.base || (s.Style == netcode.StyleSet) != (c.base == 0) {
				t.Errorf("ok %v, next %+v; want ok %v from %d", ok, s, c.ok, c.base)
			}
		})
	}
}

func TestAnAcknowledgementOlderThanTheWorldRemembersGetsEverything(t *testing.T) {
	f := follow(t, 1, false)
	f.beat()
	f.view.Acknowledge(1, f.now)
	for range 10 {
		f.beat()
	}
	f.world.Sweep(5)
	if s := f.beat(); s.Style != netcode.StyleSet {
		t.Errorf("got %+v", s)
	}
}

func TestRevisionsWrapAndSkipZero(t *testing.T) {
	f := follow(t, MaxRevision-4, false)
	for beat := range 10 {
		s := f.beat()
		f.take(s)
		want := uint64(MaxRevision - 4 + beat)
		if want > MaxRevision {
			want -= MaxRevision
		}
		if s.Revision != want || s.Revision == 0 {
			t.Fatalf("revision %d, want %d", s.Revision, want)
		}
		if !f.view.Acknowledge(s.Revision, f.now) {
			t.Fatalf("revision %d is not known", s.Revision)
		}
	}
	if f.view.Sets() != 1 {
		t.Errorf("%d whole states sent", f.view.Sets())
	}
}

func TestJSONPatchIsSentOnlyWhereItIsSmallerAndUnderstood(t *testing.T) {
	deep := func(v float64) map[string]any {
		m := map[string]any{"value": v}
		for i := range 45 {
			m = map[string]any{fmt.Sprint("level", i): m}
		}
		return m
	}
	for name, c := range map[string]struct {
		patch, deep bool
		want        netcode.PatchStyle
	}{
		"understood and smaller": {true, true, netcode.StyleApply},
		"understood and larger":  {true, false, netcode.StyleMerge},
		"not understood":         {false, true, netcode.StyleMerge},
	} {
		t.Run(name, func(t *testing.T) {
			f := follow(t, 1, c.patch)
			e, err := f.world.Spawn("e", "me", map[string]any{"deep": deep(0)})
			if err != nil {
				t.Fatal(err)
			}
			f.take(f.beat())
			f.view.Acknowledge(1, f.now)
			if c.deep {
				if err := e.Set("deep", deep(1)); err != nil {
					t.Fatal(err)
				}
			}
			s := f.beat()
			f.take(s)
			if s.Style != c.want {
				t.Errorf("style is %v, want %v", s.Style, c.want)
			}
		})
	}
}

func TestLeanViewsGetADatagramAtATimeOfWhatTheyAreBehindWith(t *testing.T) {
	largest := func(lean bool) (largest, beats int) {
		f := follow(t, 1, false)
		for i := range 300 {
			text := map[string]any{"text": map[string]any{"string": "some text of a certain length"}}
			if _, err := f.world.Spawn(fmt.Sprint("e", i), "them", text); err != nil {
				t.Fatal(err)
			}
		}
		f.views.Lean(lean)
		for ; len(f.doc.Entities) < 301 && beats < 1000; beats++ {
			if s := f.beat(); s != nil {
				f.take(s)
				largest = max(largest, len(s.Entities))
				f.view.Acknowledge(f.doc.Revision, f.now)
			}
		}
		return largest, beats
	}
	if size, beats := largest(false); size < 4*MinBudget || beats > 20 {
		t.Errorf("not lean: up to %d bytes, all in %d states", size, beats)
	}
	if size, beats := largest(true); size > MinBudget+100 || beats > 100 {
		t.Errorf("lean: up to %d bytes, all in %d states", size, beats)
	}
}

func TestWhatAgentsAreBehindWithHasABudgetTogether(t *testing.T) {
	const agents, together = 10, 40_000
	w := world.New(1)
	views := NewViews(w, Config{Window: 100, Budget: 1 << 16, Together: together})
	for i := range 2000 {
		if _, err := w.Spawn(fmt.Sprint("e", i), "them", map[string]any{"text": map[string]any{"string": "some text"}}); err != nil {
			t.Fatal(err)
		}
	}
	var all []*View
	for range agents {
		all = append(all, views.Add(spirit{}, Patch))
	}
	now, most, sent := time.Unix(0, 0), 0, 0
	for range 60 {
		now = now.Add(50 * time.Millisecond)
		views.Observe()
		sum := 0
		for _, v := range all {
			sum += len(v.Next(now, false).Data)
		}
		w.Advance()
		for _, v := range all {
			v.Acknowledge(Revision(w.Now()-1), now)
		}
		most, sent = max(most, sum), sent+sum
	}
	if most > together || most < together/2 {
		t.Errorf("up to %d bytes in a state, %d may be", most, together)
	}
	if sent < agents*2000*50 {
		t.Errorf("not all was sent in the end: %d bytes", sent)
	}
}

func TestASteadyCrowdHoldsUpNoChangeForLong(t *testing.T) {
	const window = 600
	f := follow(t, 1, false)
	x, err := f.world.Spawn("x", "them", map[string]any{"a": map[string]any{"v": 1.0}, "b": map[string]any{"v": 1.0}})
	if err != nil {
		t.Fatal(err)
	}
	x.SetLocal(mgl64.Translate3D(90, 0, 0)) // far
	beat := func(budget int) {
		f.view.link.budget = budget
		if s := f.beat(); s != nil {
			f.take(s)
			f.view.Acknowledge(f.doc.Revision, f.now)
		}
		if now := f.world.Now(); now > window {
			f.world.Sweep(now - window)
		}
	}
	for range 5 {
		beat(MinBudget)
	}
	waited := 0
	for n := range 900 {
		if n%4 == 0 {
			for i := range 40 {
				text := map[string]any{"text": map[string]any{"string": strings.Repeat("x", 200)}}
				if _, err := f.world.Spawn(fmt.Sprint("e", n, "-", i), "him", text); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n == 10 {
			x.Unset("b")
		}
		beat(MinBudget)
		if _, has := f.doc.Component("x", "b"); has && n >= 10 {
			waited++
		}
	}
	if waited > 100 {
		t.Errorf("the change was told after %d states", waited)
	}
	for range 3000 {
		beat(1 << 16)
	}
	if _, has := f.doc.Component("x", "b"); has {
		t.Error("the document has for good what is gone")
	}
	if got, want := len(f.doc.Entities), f.world.Len(); got != want {
		t.Errorf("the document has %d entities, the world %d", got, want)
	}
}
