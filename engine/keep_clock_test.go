package engine

import (
	"fmt"
	"maps"
	"sync/atomic"
	"testing"
	"time"
)

// machine is a clock that is set while it goes.
type machine struct{ set atomic.Int64 } // by so many nanoseconds

func (m *machine) now() time.Time { return time.Now().Add(time.Duration(m.set.Load())) }

// killed gives what a place that is killed leaves.
func (s *shelf) killed() *shelf {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &shelf{records: maps.Clone(s.records)}
}

// TestTheClockNeverGoesBack sets the machine's clock while the place runs, while it is
// closed, or both, and closes the place or kills it.
func TestTheClockNeverGoesBack(t *testing.T) {
	const ran, closed = 90 * time.Second, 10 * time.Second
	for name, c := range map[string]struct {
		running, between time.Duration // by how much the machine's clock is set
		kill             bool
		want             time.Duration // on the place's clock, after the restart
	}{
		"never set":                    {0, 0, false, ran + closed},
		"never set, killed":            {0, 0, true, ran + closed},
		"ahead while it runs":          {time.Minute, 0, false, ran + closed},
		"ahead while it runs, killed":  {time.Minute, 0, true, ran + closed},
		"back while it runs":           {-time.Minute, 0, false, ran + closed},
		"back while it runs, killed":   {-time.Minute, 0, true, ran + closed},
		"to 1970 while it runs":        {-30 * 365 * 24 * time.Hour, 0, true, ran + closed},
		"ahead and back again":         {time.Minute, -time.Minute, true, ran},
		"ahead between":                {0, time.Minute, false, ran + closed + time.Minute},
		"back between":                 {0, -time.Minute, false, ran},
		"back between, killed":         {0, -time.Minute, true, ran},
		"back by little between":       {0, -5 * time.Second, false, ran + closed - 5*time.Second},
		"back by much between, killed": {0, -time.Hour, true, ran},
	} {
		t.Run(name, func(t *testing.T) {
			kept, clock := newShelf(), &machine{}
			var left *shelf
			var before float64
			inPlace(t, Config{Store: kept, wall: clock.now}, func(r *rig) {
				time.Sleep(ran / 2)
				clock.set.Store(int64(c.running))
				time.Sleep(ran/2 - time.Second)
				r.do(func(t *Turn) { _ = t.Change(PlaceID, map[string]any{"weather": map[string]any{"rain": true}}) })
				time.Sleep(time.Second)
				before, left = r.place.Time(), kept.killed()
			})
			if !c.kill {
				left = kept
			}
			inPlace(t, Config{Store: left, wall: func() time.Time {
				// Each place has a bubble of its own, and all begin at the same time.
				return clock.now().Add(ran + closed + c.between)
			}}, func(r *rig) {
				time.Sleep(time.Millisecond) // until it serves
				got := r.place.Time()
				// Of a place that is killed, what it was last said to be is known.
				least := before
				if c.kill {
					least -= 1.1
				}
				if got < least || got < c.want.Seconds()-1.1 || got > c.want.Seconds()+0.1 {
					t.Errorf("the clock says %v, said %v before, want %v", got, before, c.want.Seconds())
				}
			})
		})
	}
}

func TestTheClockLosesAMinuteAtMostIfTheMachinesWasSetBackAfterAKill(t *testing.T) {
	kept := newShelf()
	var left *shelf
	var before float64
	inPlace(t, Config{Store: kept}, func(r *rig) {
		time.Sleep(90 * time.Second) // in which nothing is kept but the clock
		before, left = r.place.Time(), kept.killed()
	})
	wall := func() time.Time { return time.Now().Add(-time.Hour) }
	inPlace(t, Config{Store: left, wall: wall}, func(r *rig) {
		time.Sleep(time.Millisecond) // until it serves
		if got := r.place.Time(); got < before-keepClockEvery.Seconds()-1.1 {
			t.Errorf("the clock says %v, said %v before", got, before)
		}
	})
}

func TestAClockThatWasKeptByAMachineAheadIsRightFromThenOn(t *testing.T) {
	kept := newShelf()
	began := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // as bubbles do
	kept.Put([]Record{{Kind: KindPlace, Key: "clock", Value: fmt.Appendf(nil, `{"began":%d,"time":3600}`, began.Add(time.Minute).Unix())}}, nil)
	for i := range 2 {
		wall := func() time.Time { return time.Now().Add(time.Duration(i) * 2 * time.Second) } // a second in between
		inPlace(t, Config{Store: kept, wall: wall}, func(r *rig) {
			time.Sleep(time.Second)
			if got, want := r.place.Time(), 3601+2*float64(i); got < want || got > want+0.01 {
				t.Errorf("start %d: the clock says %v, want %v", i, got, want)
			}
		})
	}
}

func TestAnIdlePlaceKeepsItsClockNowAndThen(t *testing.T) {
	kept := newShelf()
	inPlace(t, Config{Store: kept}, func(r *rig) {
		time.Sleep(time.Second)
		first := kept.all(KindPlace)["clock"]
		time.Sleep(30 * time.Second)
		if got := kept.all(KindPlace)["clock"]; got != first {
			t.Errorf("kept is %s, which was %s, and nothing has happened", got, first)
		}
		time.Sleep(31 * time.Second)
		if got := kept.all(KindPlace)["clock"]; got == first {
			t.Errorf("after a minute there is still %s", got)
		}
	})
}
