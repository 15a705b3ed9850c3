package apps

import (
	"sync"
	"time"
)

// allowance keeps what is done within a rate, with some at once.
type allowance struct {
	rate  float64 // a second
	burst float64

	mu   sync.Mutex
	used float64 // less what time has made up for
	last time.Time
}

// take reports whether one more may be done now, and counts it if so.
func (a *allowance) take(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.used = max(0, a.used-now.Sub(a.last).Seconds()*a.rate)
	a.last = now
	if a.used+1 > a.burst {
		return false
	}
	a.used++
	return true
}
