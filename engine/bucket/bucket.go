// Package bucket bounds how often something may be done, on average and at once.
package bucket

import "time"

// Bucket holds what may still be spent of something: it fills at a rate a second, up to a
// depth. The zero Bucket is full. Rate and depth may be others with each call.
type Bucket struct {
	spent float64 // of what it holds when it is full
	at    time.Time
}

// Charge takes n out, be it there or not, and tells how long it is until nothing is owed.
func (b *Bucket) Charge(n, rate, depth float64, now time.Time) (wait time.Duration) {
	b.spent = max(0, b.spent-rate*now.Sub(b.at).Seconds()) + n
	b.at = now
	return time.Duration(max(0, b.spent-depth) / rate * float64(time.Second))
}

// Take takes n out and gives 0, or takes nothing and tells after how long it could. What is
// more than fits is given where the bucket is full.
func (b *Bucket) Take(n, rate, depth float64, now time.Time) (wait time.Duration) {
	b.spent = max(0, b.spent-rate*now.Sub(b.at).Seconds())
	b.at = now
	if missing := b.spent + min(n, depth) - depth; missing > 0 {
		return max(time.Duration(missing/rate*float64(time.Second)), time.Millisecond)
	}
	b.spent += n
	return 0
}
