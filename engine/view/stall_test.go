package view

import (
	"fmt"
	"testing"
	"time"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// stalled is one way in which an agent's connection stops for a while.
type stalled struct {
	version  int
	talks    bool // acknowledges meanwhile
	distance float64
	budget   int // of the link
	entities int
	rate     int
}

func (s stalled) String() string {
	return fmt.Sprintf("version %d, talks %v, sees %v m, %d bytes, %d entities, %d Hz", s.version, s.talks, s.distance, s.budget, s.entities, s.rate)
}

// TestAStallIsOverWithinASecond stops agents for 1 to 30 s: right after, the next state
// that reaches them can be applied, and nothing that stands is missing in it.
func TestAStallIsOverWithinASecond(t *testing.T) {
	for _, version := range []int{2, 3, 4, 5} {
		for _, s := range []stalled{
			{version, false, 0, 1 << 16, 50, 20},
			{version, true, 0, 1 << 16, 50, 20},
			{version, true, 20, 1 << 16, 50, 20},
			{version, false, 0, MinBudget, 200, 20},
			{version, true, 0, MinBudget, 200, 20},
			{version, false, 0, 1 << 16, 50, 60},
			{version, true, 0, 1 << 16, 50, 60},
		} {
			t.Run(s.String(), func(t *testing.T) {
				for _, d := range []time.Duration{1, 3, 5, 10, 30} {
					testStall(t, s, d*time.Second)
				}
			})
		}
	}
}

func testStall(t *testing.T, s stalled, d time.Duration) {
	period, window := time.Second/time.Duration(s.rate), world.Stamp(30*s.rate)
	w := world.New(1)
	views := NewViews(w, Config{Window: int(window), Budget: 1 << 16, Together: 1 << 20, Distance: s.distance, Period: period})
	v := views.Add(spirit{}, formOf(s.version))
	v.link = newLink(s.budget, period)
	v.link.budget = s.budget
	for i := range s.entities {
		if _, err := w.Spawn(fmt.Sprint("e", i), "them", map[string]any{"text": map[string]any{"string": "some text"}}); err != nil {
			t.Fatal(err)
		}
	}
	var doc netcode.Document
	held, ack, now := [64]netcode.Document{}, uint64(0), time.Unix(0, 0)
	steady := 5 * time.Second // more than loading takes
	applied, late := time.Duration(0), time.Duration(0)
	for at := time.Duration(0); at < steady+d+20*time.Second; at += period {
		stopped := at >= steady && at < steady+d
		now = now.Add(period)
		w.Entity(fmt.Sprint("e", int(at/period)%s.entities)).SetNumber("n", "v", at.Seconds())
		views.Observe()
		data := v.Next(now, false).Data
		w.Advance()
		if now := w.Now(); now > window {
			w.Sweep(now - window)
		}
		if data != nil && !stopped {
			state, err := parseState(s.version, append([]byte(nil), data...))
			if err != nil {
				t.Fatal(err)
			}
			base := held[state.From%64]
			switch {
			case state.Style != netcode.StyleSet && base.Revision != state.From:
				if s.version < 4 {
					ack = 0
				}
			default:
				before := len(doc.Entities)
				doc = base
				if err := state.apply(&doc); err != nil {
					t.Fatal(err)
				}
				if len(doc.Entities) < before {
					t.Fatalf("stopped for %v: %d entities are left of %d", d, len(doc.Entities), before)
				}
				held[state.Revision%64], ack, applied = doc, state.Revision, at
			}
		}
		if !stopped {
			late = max(late, at-max(applied, min(at, steady+d)))
		}
		if !stopped || s.talks {
			v.Acknowledge(ack, now)
		}
	}
	if late > time.Second {
		t.Errorf("stopped for %v: the next state came after %v", d, late)
	}
	if v.numbers.last != w.Now()-1 {
		t.Errorf("stopped for %v: 20 s later its numbers are %d behind", d, w.Now()-1-v.numbers.last)
	}
	if sets := v.Sets(); d < 30*time.Second && sets != 1 {
		t.Errorf("stopped for %v: it was sent %d states from scratch", d, sets)
	}
	if len(doc.Entities) != w.Len() {
		t.Errorf("stopped for %v: %d of %d entities in the end", d, len(doc.Entities), w.Len())
	}
}

func TestRevisionsOfAnAgentThatStallsStayInReach(t *testing.T) {
	for _, rate := range []int{5, 20, 60} {
		n := newNumbering(time.Second / time.Duration(rate))
		n.base, n.last = 100, 100
		state, now := world.Stamp(100), time.Unix(0, 0)
		n.hear(now)
		beats := 25 * rate
		for beat := range beats {
			state++
			now = now.Add(time.Second / time.Duration(rate))
			if n.waits(now) {
				continue
			}
			if n.spent() {
				t.Fatalf("%d Hz: no number is left after %d heartbeats", rate, beat)
			}
			number := n.next(state)
			if number <= n.last || number > state || number > n.base+Reach {
				t.Fatalf("%d Hz: state %d has number %d after %d, from %d", rate, state, number, n.last, n.base)
			}
			n.send(number, now)
		}
		n.send(n.last, now)
		waits := n.waits(now)
		n.hear(now.Add(silence))
		if !waits || n.waits(now) {
			t.Errorf("%d Hz: it waits for an agent that is back", rate)
		}
		for trips := 0; n.last != state; trips++ {
			if trips > 2*beats/stride {
				t.Fatalf("%d Hz: %d behind after %d round trips", rate, state-n.last, trips)
			}
			n.base = n.last
			state++
			n.send(n.next(state), now)
		}
	}
}

// TestRevisionsThatWrapTakeNoSlotOfABase has all revisions within reach of a base, in the
// ring that C clients keep, in other slots than that.
func TestRevisionsThatWrapTakeNoSlotOfABase(t *testing.T) {
	for base := world.Stamp(MaxRevision - 2*Reach); base < MaxRevision+2*Reach; base++ {
		for n := base + 1; n <= base+Reach; n++ {
			if Revision(n)%64 == Revision(base)%64 {
				t.Fatalf("revision %d takes the slot of %d", Revision(n), Revision(base))
			}
		}
	}
}

func TestAStateFromScratchHoldsAllThatTheAgentHeld(t *testing.T) {
	for name, budget := range map[string]int{"full": 1 << 16, "partial": MinBudget} {
		t.Run(name, func(t *testing.T) {
			f := follow(t, 1, false)
			for i := range 300 {
				if _, err := f.world.Spawn(fmt.Sprint("e", i), "them", map[string]any{"text": map[string]any{"string": "some text of a certain length"}}); err != nil {
					t.Fatal(err)
				}
			}
			for beats := 0; len(f.doc.Entities) < 200; beats++ {
				if s := f.beat(); s != nil {
					f.take(s)
					f.view.Acknowledge(f.doc.Revision, f.now)
				}
			}
			held := len(f.doc.Entities)
			f.view.link.budget = budget
			f.view.Acknowledge(0, f.now)
			s := f.beat()
			if s == nil || s.Style != netcode.StyleSet {
				t.Fatalf("got %+v", s)
			}
			f.doc = netcode.Document{}
			f.take(s)
			if got := len(f.doc.Entities); got < held {
				t.Errorf("%d entities are left of %d", got, held)
			}
		})
	}
}

func TestStatesFromScratchArePacedByTheirSize(t *testing.T) {
	f := follow(t, 1, false)
	f.views.cfg.Budget, f.view.link = MinBudget, newLink(MinBudget, usualPeriod)
	for i := range 300 {
		if _, err := f.world.Spawn(fmt.Sprint("e", i), "them", map[string]any{"text": map[string]any{"string": "some text of a certain length"}}); err != nil {
			t.Fatal(err)
		}
	}
	bytes, beats := 0, 1000
	for range beats { // it asks for everything with every other intent
		s := f.beat()
		if s == nil {
			continue
		}
		bytes += len(s.Entities)
		f.view.Acknowledge(s.Revision, f.now)
		if len(s.Entities) > 100 {
			f.view.Acknowledge(0, f.now)
		}
	}
	if most := (beats + 30) * MinBudget * 2; bytes > most {
		t.Errorf("%d bytes in %d states, at most %d", bytes, beats, most)
	}
}

// TestLateAcknowledgementsCostNoStates has an agent on a long way: it acknowledges all that it is sent, but
// each state half a second later.
func TestLateAcknowledgementsCostNoStates(t *testing.T) {
	for _, rate := range []int{20, 30, 60} {
		t.Run(fmt.Sprint(rate, " Hz"), func(t *testing.T) {
			period, late := time.Second/time.Duration(rate), 500*time.Millisecond
			w := world.New(1)
			views := NewViews(w, Config{Window: 600, Budget: 1 << 16, Together: 1 << 20, Period: period})
			v := views.Add(spirit{}, Merge)
			spawned, err := w.Spawn("e", "them", nil)
			if err != nil {
				t.Fatal(err)
			}
			type sent struct {
				revision uint64
				at       time.Time
			}
			var underWay []sent
			now := time.Unix(0, 0)
			for beat := range 10 * rate {
				now = now.Add(period)
				for len(underWay) > 0 && now.Sub(underWay[0].at) >= late {
					v.Acknowledge(underWay[0].revision, now)
					underWay = underWay[1:]
				}
				spawned.SetNumber("n", "v", float64(beat))
				views.Observe()
				data := v.Next(now, false).Data
				w.Advance()
				if data == nil {
					if beat > 2*rate { // a state from scratch is not followed by another at once
						t.Errorf("no state in heartbeat %d", beat)
					}
					continue
				}
				state, err := netcode.ParseState(data)
				if err != nil {
					t.Fatal(err)
				}
				underWay = append(underWay, sent{state.Revision, now})
			}
			if v.numbers.last != w.Now()-1 {
				t.Errorf("in the end its numbers are %d behind", w.Now()-1-v.numbers.last)
			}
		})
	}
}
