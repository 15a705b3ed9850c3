package engine

import (
	"time"

	"github.com/loci-place/loci/engine/bucket"
	"github.com/loci-place/loci/engine/sim"
	"github.com/loci-place/loci/engine/world"
)

// upkeep is what the entities of each agent cost in every heartbeat without anybody asking:
// their animations, and the intents that move more than an avatar. (What scripts do with
// them is counted by the scripts.) It is measured in time, owner by owner, and goes on while
// an agent is waited for. What is beyond
// [Limits].UpkeepTime is done less often, what was done longest ago first: animations then
// move at a lower rate, to where they are by then. Where all together take more than
// [Limits].PlaceUpkeepTime, those go on that take less than an even part of that. The place's
// own entities cost what they cost.
type upkeep struct {
	rate  float64 // of each owner, in seconds per second
	place float64 // of all together
	all   bucket.Bucket
	clock func() time.Time
	slow  func(owner string) // hears of owners whose entities are slowed
	by    map[string]*account
}

// account is what one owner's entities have cost.
type account struct {
	used  bucket.Bucket
	even  bucket.Bucket // the same, which fills with an even part of what there is for all
	left  int           // animated entities of this round that have not been stepped
	chunk int           // how many are stepped between two looks at the clock
}

const (
	// upkeepBurst is how many seconds' worth an owner may cost at once.
	upkeepBurst = 0.25
	// upkeepChunk is about how much is done between two looks at the clock.
	upkeepChunk = 250 * time.Microsecond
)

func newUpkeep(each, all time.Duration, slow func(owner string)) *upkeep {
	return &upkeep{rate: each.Seconds(), place: all.Seconds(), clock: time.Now, slow: slow, by: map[string]*account{}}
}

func (u *upkeep) of(owner string) *account {
	a := u.by[owner]
	if a == nil {
		a = &account{}
		u.by[owner] = a
	}
	return a
}

// affords reports whether the owner has anything left.
func (u *upkeep) affords(a *account, now time.Time) bool {
	if a.used.Spent(u.rate, now) >= upkeepBurst*u.rate {
		return false
	}
	even := u.even()
	return u.all.Spent(u.place, now) < upkeepBurst*u.place || a.even.Spent(even, now) < upkeepBurst*even
}

// even is an even part of what all together may take.
func (u *upkeep) even() float64 { return u.place / float64(max(1, len(u.by))) }

// charge adds what has been done since a time, and returns how long that took.
func (u *upkeep) charge(a *account, since time.Time) time.Duration {
	now := u.clock()
	took := now.Sub(since)
	a.used.Charge(took.Seconds(), u.rate, 0, now)
	a.even.Charge(took.Seconds(), u.even(), 0, now)
	u.all.Charge(took.Seconds(), u.place, 0, now)
	return took
}

// step lets the intents of one agent act, the first of them its avatar's; only that where it
// cannot afford the others.
func (u *upkeep) step(w *world.World, owner string, movers []sim.Mover, dt float64) {
	if len(movers) <= 1 {
		sim.Step(w, movers, dt)
		return
	}
	a, now := u.of(owner), u.clock()
	if !u.affords(a, now) {
		u.slow(owner)
		movers = movers[:1]
	}
	sim.Step(w, movers, dt)
	u.charge(a, now)
}

// animate steps all animations of the world, as far as their owners can afford that.
func (u *upkeep) animate(w *world.World, at float64) {
	all := w.Animated()
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Owner == PlaceID {
			sim.AnimateSome(all[i], len(all[i].Entities), len(all[i].Entities), at)
			continue
		}
		u.animateOf(all[i], at)
	}
}

// animateOf goes on with the round that was not finished, or begins another; it never steps
// an entity twice.
func (u *upkeep) animateOf(by *world.AnimatedBy, at float64) {
	a, total := u.of(by.Owner), len(by.Entities)
	if a.left <= 0 || a.left > total {
		a.left = total
	}
	for done := 0; done < total; {
		now := u.clock()
		if !u.affords(a, now) {
			u.slow(by.Owner)
			return
		}
		n := min(max(a.chunk, 1), a.left, total-done)
		sim.AnimateSome(by, a.left, n, at)
		switch took := u.charge(a, now); {
		case took > upkeepChunk:
			a.chunk = n / 2
		case took < upkeepChunk/2 && n >= a.chunk:
			a.chunk = 2 * n
		}
		done += n
		if a.left -= n; a.left == 0 {
			a.left = len(by.Entities) // some may have ended
			total = min(total, done+a.left)
		}
	}
}

// sweep forgets the accounts of those who have cost nothing lately.
func (u *upkeep) sweep() {
	now := u.clock()
	for owner, a := range u.by {
		if a.used.Spent(u.rate, now) == 0 && a.even.Spent(u.even(), now) == 0 {
			delete(u.by, owner)
		}
	}
}
