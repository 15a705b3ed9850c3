package engine

import (
	"net/netip"
	"sync"
	"time"
)

// usage keeps the rate-limit usage of recently closed connections, by the address that they
// came from and by the key that they had proven, so that leaving and coming back gains
// little. It decays as quotas fill again.
//
// An agent that has a key is the same person as before: it goes on with all that it had
// used. An address may be a school's or a machine's with many people behind it: what comes
// from there begins with at most a part of each burst used up ([Limits].InheritedUsage), and
// never with something to wait for. Beyond that, what it asks only comes after what others ask
// at the same time, until it has had less of the turn than they (turns.go).
type usage struct {
	rates  [resources]ratelimit
	part   float64 // of each burst that an address may count for
	mu     sync.Mutex
	swept  time.Time
	byAddr map[netip.Addr]*quota
	byKey  map[string]*quota
}

const (
	// usageOfKey is how many bursts a key's usage counts for at most.
	usageOfKey = 64
	// usageSweep is how often usage is looked through for what has decayed.
	usageSweep = 5 * time.Second
)

func newUsage(limits *Limits) *usage {
	return &usage{
		rates: limits.ratelimits(), part: limits.InheritedUsage,
		byAddr: map[netip.Addr]*quota{}, byKey: map[string]*quota{},
	}
}

// begin returns the quota of a new connection, and how much of the turn has been used from
// its address, in seconds.
func (u *usage) begin(from netip.Addr, now time.Time) (q *quota, turn float64) {
	u.mu.Lock()
	before := u.byAddr[from]
	u.mu.Unlock()
	q = &quota{rates: &u.rates}
	if before != nil {
		q.inherit(before, u.part, now)
		turn = before.spent(turnTime, now)
	}
	return q, turn
}

// prove adds to a quota what a key has used that its agent has proven to have.
func (u *usage) prove(q *quota, key string, now time.Time) {
	u.mu.Lock()
	before := u.byKey[key]
	u.mu.Unlock()
	q.mu.Lock()
	q.key = key
	q.mu.Unlock()
	if before != nil {
		q.inherit(before, usageOfKey, now)
	}
}

// end keeps the quota of a connection that has ended. It may be called again when more has
// been used since.
func (u *usage) end(from netip.Addr, q *quota, now time.Time) {
	q.mu.Lock()
	key := q.key
	q.mu.Unlock()
	u.mu.Lock()
	defer u.mu.Unlock()
	if now.Sub(u.swept) >= usageSweep {
		u.swept = now
		forgetFull(u.byAddr, now)
		forgetFull(u.byKey, now)
	}
	if from.IsValid() {
		keep(u.byAddr, from, &u.rates).inherit(q, usageOfKey, now)
	}
	if key != "" {
		keep(u.byKey, key, &u.rates).inherit(q, usageOfKey, now)
	}
}

func keep[K comparable](by map[K]*quota, k K, rates *[resources]ratelimit) *quota {
	q := by[k]
	if q == nil {
		q = &quota{rates: rates}
		by[k] = q
	}
	return q
}

func forgetFull[K comparable](by map[K]*quota, now time.Time) {
	for k, q := range by {
		if q.isFull(now) {
			delete(by, k)
		}
	}
}
