package view

import (
	"fmt"
	"testing"
	"time"

	"github.com/loci-place/loci/engine/world"
)

func TestPacketsWithoutResendCountAsLost(t *testing.T) {
	const size = 1000
	for name, c := range map[string]struct {
		sent         world.Stamp
		acknowledged []world.Stamp
		lost         int
	}{
		"all acknowledged":          {3, []world.Stamp{1, 2, 3}, 0},
		"none, as yet":              {3, nil, 0},
		"one in between":            {3, []world.Stamp{1, 3}, size},
		"two, the newest flies":     {4, []world.Stamp{3}, 2 * size},
		"acknowledged twice":        {3, []world.Stamp{2, 2}, size},
		"acknowledged late":         {3, []world.Stamp{2, 1}, size},
		"long ago, with no answers": {100, nil, 36 * size},
	} {
		var f noResends
		for s := range c.sent {
			f.sent(s+1, size)
		}
		for _, s := range c.acknowledged {
			f.acknowledged(s)
		}
		if f.lost != c.lost {
			t.Errorf("%s: %d bytes count as lost, want %d", name, f.lost, c.lost)
		}
	}
}

func TestTooManyLostPacketsEndNoResend(t *testing.T) {
	a := newArena(t, 1)
	v := a.agents[0].view
	data := make([]byte, NoResendBudget)
	v.link = newLink(1<<16, usualPeriod)
	v.link.budget, v.link.trip, v.base = 1<<16, 1<<40, 1
	if !v.noResend(data) || v.budget(false) != FarBudget {
		t.Errorf("a packet of %d bytes is resent, or %d is not the budget on a long way", len(data), FarBudget)
	}
	if v.noResend(data[:MinBudget]) || v.noResend(append(data, 0)) {
		t.Error("a packet of one datagram or of four is not resent")
	}
	v.noResends.lost = noResendLoss
	if v.noResend(data) || v.budget(false) != 1<<16 {
		t.Error("a packet is not resent, or the budget is for such, after too many got lost")
	}
	v.noResends.lost = 0
	v.link.trip = 0
	if got := v.budget(false); got != 1<<16 {
		t.Errorf("the budget on a short way is %d", got)
	}
}

func TestACrowdDoesNotMakeTheWayOfAnAgentLongerThatIsFar(t *testing.T) {
	f := follow(t, 1, true)
	f.take(f.beat())
	f.view.Acknowledge(f.doc.Revision, f.now)
	f.view.link.budget = 1 << 16
	f.view.SetRoundTrip(200 * time.Millisecond)
	for i := range 300 {
		text := map[string]any{"text": map[string]any{"string": "some text of a certain length"}}
		if _, err := f.world.Spawn(fmt.Sprint("e", i), "them", text); err != nil {
			t.Fatal(err)
		}
	}
	for beats := 0; len(f.doc.Entities) < 301; beats++ {
		if s := f.beat(); s != nil {
			f.take(s)
			f.view.Acknowledge(f.doc.Revision, f.now)
			f.view.link.budget = 1 << 16
		}
		if f.view.size > FarBudget || beats > 100 {
			t.Fatalf("a packet of %d bytes in state %d", f.view.size, beats)
		}
	}
}
