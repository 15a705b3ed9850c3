package engine

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/loci-place/loci/engine/bucket"
)

// admission spreads over time what announces cost: all of them together take at most
// [Limits].AnnounceTime of each second of the turn, with what they spawn and its removal.
// Otherwise connections that join with much and leave, again and again, keep the place busy.
// They share it as if all that wait were let in side by side: a small one is soon through.
type admission struct {
	rate    float64 // seconds of the turn per second
	closing <-chan struct{}

	mu      sync.Mutex
	given   bucket.Bucket
	waiting []*entrant // in the order in which they are let in
	each    float64    // seconds that one which waits all the time has been given
}

// entrant is an announce that waits.
type entrant struct {
	until float64       // which value of admission.each it waits for
	first chan struct{} // full when it has become the first
}

// admissionBurst is how many seconds' worth may be let in at once.
const admissionBurst = 5

func newAdmission(perSecond time.Duration, closing <-chan struct{}) *admission {
	return &admission{rate: perSecond.Seconds(), closing: closing}
}

// enter waits until an announce may be heard that takes so many seconds of the turn. It
// returns false when its connection is gone, or the place closes.
func (a *admission) enter(seconds float64, now func() time.Time, gone <-chan struct{}) bool {
	e := &entrant{first: make(chan struct{}, 1)}
	a.mu.Lock()
	e.until = a.each + seconds
	i, _ := slices.BinarySearchFunc(a.waiting, e, func(x, e *entrant) int { return cmp.Or(cmp.Compare(x.until, e.until), -1) })
	a.waiting = slices.Insert(a.waiting, i, e)
	a.mu.Unlock()
	defer a.leave(e)
	for {
		wait, first := a.try(e, seconds, now())
		if first && wait == 0 {
			return true
		}
		var again <-chan time.Time
		if first {
			again = time.After(wait)
		}
		select {
		case <-again:
		case <-e.first:
		case <-gone:
			return false
		case <-a.closing:
			return false
		}
	}
}

// cost is what an announce counts that takes the turn for so many seconds: as many times more as it
// is longer than others should have to wait for it. So a few large ones do not show in how long
// everybody else waits, and small ones are let in as they come.
func (a *admission) cost(seconds float64) float64 {
	const unnoticed = 0.003
	return min(seconds*max(1, seconds/unnoticed), admissionBurst*a.rate)
}

func (a *admission) try(e *entrant, seconds float64, now time.Time) (wait time.Duration, first bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.waiting[0] != e {
		return 0, false
	}
	wait = a.given.Take(seconds, a.rate, admissionBurst*a.rate, now)
	if wait == 0 {
		a.each += seconds / float64(len(a.waiting))
	}
	return wait, true
}

func (a *admission) leave(e *entrant) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting = slices.DeleteFunc(a.waiting, func(x *entrant) bool { return x == e })
	if len(a.waiting) > 0 {
		select {
		case a.waiting[0].first <- struct{}{}:
		default:
		}
	}
}
