package sandbox

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/internal/cputime"
)

// clockAfter is how long a call runs before its processor time is taken: hardly
// any call runs so long, and asking the system costs more than most calls do.
const clockAfter = 10 * time.Millisecond

// clock is the backstop for calls whose instructions take long. It counts the
// processor time of the thread, to which it binds the goroutine until the call
// ends: on a busy machine time passes in which a call does not run.
type clock struct {
	most  time.Duration // of processor time, from base on
	base  time.Duration // of the thread, when it was first asked
	bound bool          // to the thread, and base is set
	timer *time.Timer
	rang  atomic.Bool
}

// start begins a call. When it is time to look, next becomes 0.
func (c *clock) start(most time.Duration, next *atomic.Int64) {
	c.most = most
	if c.timer == nil {
		c.timer = time.AfterFunc(clockAfter, func() {
			c.rang.Store(true)
			next.Store(0)
		})
		return
	}
	c.timer.Reset(clockAfter)
}

func (c *clock) stop() {
	c.timer.Stop()
	if c.bound {
		c.bound = false
		runtime.UnlockOSThread()
	}
}

// over reports whether the call has used too much, if the timer asked for a look.
// One that fired late, for the call before, only makes the look come early.
func (c *clock) over() bool {
	if !c.rang.Swap(false) {
		return false
	}
	if !c.bound {
		c.bound = true
		runtime.LockOSThread()
		c.base = cputime.Thread()
	}
	used := cputime.Thread() - c.base
	if used >= c.most {
		return true
	}
	c.timer.Reset(max(c.most-used, time.Millisecond))
	return false
}
