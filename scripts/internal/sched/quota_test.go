package sched

import (
	"fmt"
	"slices"
	"testing"

	"github.com/loci-place/loci/engine"
)

// quotas have a thousand instructions a heartbeat for the place, and for agents.
func quotas() *Quotas {
	q := newQuotas(&Limits{Heartbeat: 1000, Agents: 1000, Queue: 64, Deferred: 2})
	q.RefillWith(1000, 1000)
	return &q
}

func TestAgentLeavesAsMuchAsItUsed(t *testing.T) {
	q := quotas()
	greedy, late := q.Of("greedy"), q.Of("late")
	q.charge(greedy, 500)
	if !q.Open(greedy) {
		t.Error("half of the pool is too much")
	}
	q.charge(greedy, 1)
	if q.Open(greedy) {
		t.Error("more than half of the pool is allowed")
	}
	if !q.Open(late) || !q.Open(q.Place) {
		t.Error("others pay for it")
	}
	q.charge(late, 499)
	if q.Open(q.Of("newcomer")) {
		t.Error("there is something in an empty pool")
	}
}

func TestUseIsHalvedEachHeartbeat(t *testing.T) {
	q := quotas()
	q.charge(q.Of("a"), 800)
	for want := int64(400); want > 0; want /= 2 {
		q.RefillWith(1000, 1000)
		if got := q.Of("a").used; got != want {
			t.Fatalf("%d instructions are remembered, want %d", got, want)
		}
	}
	q.RefillWith(1000, 1000)
	if n := q.Known(); n != 0 {
		t.Errorf("%d quotas are known", n)
	}
}

func TestQuotaStaysWhileSomethingIsKept(t *testing.T) {
	q := quotas()
	q.Of("a").Kept.Timers = 1
	q.RefillWith(1000, 1000)
	if q.Known() != 1 {
		t.Error("forgotten, with a timer")
	}
	q.ForgetKept()
	q.RefillWith(1000, 1000)
	if q.Known() != 0 {
		t.Error("remembered, with nothing")
	}
}

func TestPlaceIsNoAgent(t *testing.T) {
	q := quotas()
	for _, id := range []string{"", engine.PlaceID} {
		if by := q.Of(id); !q.IsPlace(by) {
			t.Errorf("%q has a quota of its own", id)
		}
	}
	if a := q.Of("a"); q.IsPlace(a) || q.Of("a") != a {
		t.Error("an agent has no quota of its own")
	}
	q.charge(q.Place, 600)
	if !q.LeftToPlace(0.3) || q.LeftToPlace(0.5) {
		t.Error("400 of 1000 are left")
	}
}

func TestWhatWaitedComesFirst(t *testing.T) {
	q := quotas()
	a := q.Of("a")
	if !q.fits(a) || !q.hold(Work{By: a}) || q.fits(a) {
		t.Error("new work overtakes what waits")
	}
	if _, ok := q.next(); !ok || !q.fits(a) || q.Waiting() != 0 {
		t.Error("work waits for nothing")
	}
}

func TestThoseThatUsedLeastGoFirst(t *testing.T) {
	q := quotas()
	var order []string
	hold := func(who string, used int64) {
		by := q.Of(who)
		q.hold(Work{By: by, Run: func() { order = append(order, who) }})
		q.charge(by, used)
	}
	hold("c", 90)
	hold("b", 20)
	hold("a", 20)
	hold("", 0)
	hold("d", 950) // more than is left
	q.agents = 500
	for {
		w, ok := q.next()
		if !ok {
			break
		}
		w.Run()
	}
	if want := []string{"", "a", "b", "c"}; !slices.Equal(order, want) {
		t.Errorf("%q, want %q", order, want)
	}
	if q.Waiting() != 1 {
		t.Errorf("%d wait", q.Waiting())
	}
}

func TestPlaceKeepsHalfForWhatComesLater(t *testing.T) {
	q := quotas()
	q.hold(Work{By: q.Place})
	q.charge(q.Place, 500)
	if _, ok := q.next(); ok {
		t.Error("what waited takes more than half")
	}
}

func TestAgentHoldsPartOfTheQueue(t *testing.T) {
	for _, c := range []struct {
		by   string
		work Work
		want int
	}{
		{"a", Work{}, 64 / heldPart},
		{"a", Work{request: true}, 2},
		{"a", Work{Must: true}, 100},
		{"", Work{}, 64},
	} {
		t.Run(fmt.Sprintf("%s %+v", c.by, c.work), func(t *testing.T) {
			q := quotas()
			c.work.By = q.Of(c.by)
			held := 0
			for range 100 {
				if q.hold(c.work) {
					held++
				}
			}
			if held != c.want || q.Waiting() != c.want {
				t.Errorf("%d are held and %d wait, want %d", held, q.Waiting(), c.want)
			}
		})
	}
}

func TestAgentCrowdsOutNobody(t *testing.T) {
	q := quotas()
	a := q.Of("a")
	for _, c := range []struct {
		by        *Quota
		mine, all int
		want      bool
	}{
		{a, 0, 0, false}, {a, 49, 49, false}, {a, 50, 50, true}, {a, 0, 99, false}, {a, 1, 99, true},
		{q.Place, 99, 99, false}, {q.Place, 0, 100, true}, {a, 0, 100, true},
	} {
		if got := q.Crowds(c.by, c.mine, c.all, 100); got != c.want {
			t.Errorf("%q with %d of %d crowds: %v", c.by.who, c.mine, c.all, got)
		}
	}
}
