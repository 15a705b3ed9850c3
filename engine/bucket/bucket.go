// Package bucket bounds how often something may be done, on average and at once.
package bucket

import "time"

// Bucket holds what may still be spent of something: it fills at a rate a second, up to a
// depth. The zero Bucket is full. Rate and depth may be others with each call.
type Bucket struct {
	spent float64 // of what it holds when it is full
	at    time.Time
}

// Spent returns how much of a full bucket is missing; more than its depth if it is overdrawn.
func (b *Bucket) Spent(rate float64, now time.Time) float64 {
	if elapsed := now.Sub(b.at); elapsed > 0 {
		b.spent = max(0, b.spent-rate*elapsed.Seconds())
		b.at = now
	}
	return b.spent
}

// Inherit makes at least n count as spent.
func (b *Bucket) Inherit(n, rate float64, now time.Time) { b.spent = max(b.Spent(rate, now), n) }

// Charge takes n out, be it there or not, and returns how long it is until nothing is owed.
// A negative n puts something back.
func (b *Bucket) Charge(n, rate, depth float64, now time.Time) (wait time.Duration) {
	b.spent = max(0, b.Spent(rate, now)+n)
	return time.Duration(max(0, b.spent-depth) / rate * float64(time.Second))
}

// Reserve takes n out and returns after how long it is there to be used. What is more than
// fits is there when the bucket is full.
func (b *Bucket) Reserve(n, rate, depth float64, now time.Time) (wait time.Duration) {
	return b.Charge(n, rate, max(n, depth), now)
}

// Take takes n out and returns 0, or takes nothing and returns after how long it could. What
// is more than fits is given where the bucket is full.
func (b *Bucket) Take(n, rate, depth float64, now time.Time) (wait time.Duration) {
	if missing := b.Spent(rate, now) + min(n, depth) - depth; missing > 0 {
		return max(time.Duration(missing/rate*float64(time.Second)), time.Millisecond)
	}
	b.spent += n
	return 0
}
