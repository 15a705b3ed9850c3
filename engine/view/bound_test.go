package view

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// TestNothingWaitsLongerThanTheBound holds the packets to what doc.go promises.
func TestNothingWaitsLongerThanTheBound(t *testing.T) {
	for _, movers := range []int{10, 50, 300} {
		for _, budget := range []int{MinBudget, 4096, 16384} {
			for _, delay := range []int{0, 4} {
				name := fmt.Sprintf("%d movers, %d bytes, acknowledged %d heartbeats later", movers, budget, delay)
				t.Run(name, func(t *testing.T) { testBound(t, movers, budget, delay) })
			}
		}
	}
}

func testBound(t *testing.T, movers, budget, delay int) {
	f := followMovers(t, movers, budget)
	waits := f.waits(movers, 600*(1+delay/2), delay, func(int) {})
	f.hold(waits, movers*moverBytes(f), moverBytes(f), budget, delay)
}

// TestNothingWaitsLongerThanTheBoundForCrowds has more come all the time than the link
// takes.
func TestNothingWaitsLongerThanTheBoundForCrowds(t *testing.T) {
	const movers, size, text = 50, 1500, 20
	for _, link := range []struct{ budget, delay int }{{MinBudget, 0}, {MinBudget, 4}, {4096, 0}} {
		budget, delay := link.budget, link.delay
		t.Run(fmt.Sprintf("%d bytes, acknowledged %d heartbeats later", budget, delay), func(t *testing.T) {
			f, every := followMovers(t, movers, budget), 150*(1+delay) // longer than any wait
			come := func(beat int) {
				if (beat+1)%every != 0 { // not at first: that would be the world that it comes into
					return
				}
				for i := range size * budget / MinBudget {
					f.spawnFar(fmt.Sprintf("crowd%d.%d", beat/every, i), text)
				}
			}
			waits := f.waits(movers, 600*(1+delay/2), delay, come)
			if f.view.backlog.empty() {
				t.Fatal("the crowds are no more than the link takes")
			}
			// Of a crowd some are owed at once, and of the rest some that were drawn.
			one := len(f.world.Entity("crowd0.0").Fragment(0)) + 1
			drawn := max(16<<10, 2*budget)
			f.hold(waits, movers*moverBytes(f)+crowd*one+drawn, one, budget, delay)
		})
	}
}

// followMovers gives an agent whose link takes so many bytes, and entities to be moved.
func followMovers(t *testing.T, movers, budget int) *follower {
	f := follow(t, 1, false)
	for i := range movers {
		if _, err := f.world.Spawn(fmt.Sprint("mover", i), "them", nil); err != nil {
			t.Fatal(err)
		}
	}
	f.view.link = newLink(budget, usualPeriod)
	f.view.link.budget = budget
	return f
}

// spawnFar has an entity come that is farther off than all that move.
func (f *follower) spawnFar(id string, text int) {
	e, err := f.world.Spawn(id, "them", map[string]any{"text": map[string]any{"string": strings.Repeat("x", text)}})
	if err != nil {
		f.t.Fatal(err)
	}
	e.SetLocal(mgl64.Translate3D(90, 0, 0))
}

// hold makes sure that nothing waited longer than what is owed takes, in entities of up
// to most bytes.
func (f *follower) hold(waits []int, owed, most, budget, delay int) {
	f.t.Helper()
	old := share(share(budget-overhead, 1-growth), oldShare) - most
	bound := ((owed+old-1)/old + 1) * (1 + delay)
	f.t.Logf("%d bytes owed at once; the nearest waits %d heartbeats at most, the farthest %d, bound %d",
		owed, waits[0], waits[len(waits)-1], bound)
	for i, w := range waits {
		if w > bound {
			f.t.Fatalf("mover %d waited %d heartbeats, bound %d", i, w, bound)
		}
	}
}

// waits moves everybody each heartbeat, the farther the higher their number, after more
// has happened, and gives the most heartbeats that each was out of date in the agent's
// document.
func (f *follower) waits(movers, beats, delay int, more func(beat int)) []int {
	var acks []uint64 // on their way
	docs := map[uint64]netcode.Document{}
	last, most := make([]int, movers), make([]int, movers)
	for beat := range beats {
		more(beat)
		for i := range movers {
			angle := float64(beat)/10 + float64(i)
			at := mgl64.HomogRotate3DY(angle).Mul4(mgl64.Translate3D(1+float64(i)/3, 0, angle))
			f.world.Entity(fmt.Sprint("mover", i)).SetLocal(at)
		}
		state := f.world.Now()
		s := f.beat()
		if s == nil {
			if len(acks) > 0 {
				f.view.Acknowledge(acks[0], f.now)
				acks = acks[1:]
			}
			continue
		}
		doc := docs[s.From]
		if err := doc.Apply(s); err != nil {
			f.t.Fatal(err)
		}
		docs[s.Revision] = doc
		for _, it := range f.newestItems(state) {
			var i int
			if _, err := fmt.Sscanf(it.ID(), "mover%d", &i); err == nil {
				if beat > beats/4 { // the join is over
					most[i] = max(most[i], beat-last[i])
				}
				last[i] = beat
			}
		}
		if acks = append(acks, s.Revision); len(acks) > delay {
			f.view.Acknowledge(acks[0], f.now)
			acks = acks[1:]
		}
	}
	for i := range most { // who still waits
		most[i] = max(most[i], beats-1-last[i])
	}
	return most
}

// newestItems is what the packet of a state held: all that changed, if full.
func (f *follower) newestItems(state world.Stamp) []*world.Entity {
	var all []*world.Entity
	r := f.view.records.list[len(f.view.records.list)-1]
	if r.full {
		for e := range f.world.Changed(state - 1) {
			all = append(all, e)
		}
	}
	for _, it := range r.items {
		all = append(all, it.sight.entity)
	}
	return all
}

func moverBytes(f *follower) int { return len(f.world.Entity("mover0").Fragment(f.world.Now()-2)) + 1 }
