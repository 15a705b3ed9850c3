package view

import (
	"testing"
	"time"
)

// full lets a link earn its whole budget.
func full(t *testing.T, most int) (*link, time.Time) {
	t.Helper()
	l, now := newLink(most, usualPeriod), time.Unix(0, 0)
	for range 20 {
		now = now.Add(50 * time.Millisecond)
		l.acknowledged(l.budget, now.Add(-60*time.Millisecond), now)
	}
	if l.budget != most {
		t.Fatalf("budget is %d after 20 quick acknowledgements, want %d", l.budget, most)
	}
	return &l, now
}

func TestABudgetGrowsOnlyWhereItIsUsedAndAcknowledgedQuickly(t *testing.T) {
	now := time.Unix(0, 0)
	for name, c := range map[string]struct {
		size  int
		delay time.Duration
		want  int
	}{
		"used, quick":   {MinBudget, 100 * time.Millisecond, 2 * MinBudget},
		"unused, quick": {MinBudget / 3, 100 * time.Millisecond, MinBudget},
		"used, slow":    {MinBudget, 400 * time.Millisecond, MinBudget},
	} {
		l := newLink(1<<16, usualPeriod)
		l.acknowledged(c.size, now, now.Add(c.delay))
		if l.budget != c.want {
			t.Errorf("%s: budget is %d, want %d", name, l.budget, c.want)
		}
	}
	if l := newLink(10, usualPeriod); l.budget != MinBudget || l.most != MinBudget {
		t.Errorf("a budget below one datagram is %+v", l)
	}
}

func TestABudgetIsHalvedWhenNothingIsAcknowledgedAndStaysThereLongerEachTime(t *testing.T) {
	l, now := full(t, 1<<16)
	wait := wary
	for want := 1 << 15; want >= 1<<13; want /= 2 {
		now = now.Add(slow)
		l.tick(now, false)
		if l.budget != want {
			t.Fatalf("budget is %d, want %d", l.budget, want)
		}
		now = now.Add(wait - time.Millisecond)
		l.acknowledged(l.budget, now, now)
		if l.budget != want {
			t.Fatalf("budget grew to %d within %v", l.budget, wait)
		}
		wait *= 2
	}
}

func TestSkippedHeartbeatsCutTheBudgetSoonerOnAShortWay(t *testing.T) {
	for name, c := range map[string]struct {
		trip  time.Duration
		skips int // of every three heartbeats
		cut   bool
	}{
		"short, none":      {5 * time.Millisecond, 0, false},
		"short, every 3rd": {5 * time.Millisecond, 1, true},
		"long, 2 of 3":     {100 * time.Millisecond, 2, false},
		"long, all":        {100 * time.Millisecond, 3, true},
	} {
		l, now := full(t, 1<<14)
		l.trip = c.trip
		for beat := range 60 {
			now = now.Add(50 * time.Millisecond)
			if beat%3 < c.skips {
				l.skip(1<<14, now)
			} else {
				l.keepUp()
			}
		}
		if cut := l.budget < 1<<14; cut != c.cut {
			t.Errorf("%s: budget is %d", name, l.budget)
		}
	}
}

// TestSkippedTimeCountsAtAnyRate has an agent sent one packet a second that is acknowledged after
// 70 ms: nothing is cut for the heartbeats it is waited for.
func TestSkippedTimeCountsAtAnyRate(t *testing.T) {
	for _, rate := range []int{20, 30, 60, 120} {
		period := time.Second / time.Duration(rate)
		l, now := newLink(1<<16, period), time.Unix(0, 0)
		l.budget = 1 << 16
		for range 10 {
			for beat := range rate {
				now = now.Add(period)
				if at := time.Duration(beat) * period; at > 0 && at < 70*time.Millisecond {
					l.skip(1<<16, now)
				} else {
					l.keepUp()
				}
			}
		}
		cut := l.budget < 1<<16
		for range rate / 2 { // waited for half a second
			l.skip(1<<16, now)
		}
		if cut || l.budget == 1<<16 {
			t.Errorf("%d Hz: cut %v, then %d bytes", rate, cut, l.budget)
		}
	}
}
