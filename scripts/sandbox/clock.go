package sandbox

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/internal/cputime"
)

const (
	// clockAfter is how long a call runs before its processor time is taken: hardly
	// any call runs so long, and asking the system costs more than most calls do.
	clockAfter = 10 * time.Millisecond
	// clockEvery is how long it runs between two looks at its processor time.
	clockEvery = time.Millisecond
)

// clock is the backstop for calls whose instructions take long. It counts the
// processor time of the thread, to which it binds the goroutine until the call
// ends: on a busy machine time passes in which a call does not run.
//
// The meter looks at it every so many instructions, fewer where they are slow. A
// timer interrupts where they become slow in between; on a busy machine it comes
// late.
type clock struct {
	most  time.Duration // of processor time, from base on
	base  time.Duration // of the thread, when it was first asked
	bound bool          // to the thread, and base is set
	last  time.Duration // when the meter looked, 0 if it did not yet
	next  time.Duration // when to take the processor time
	step  int64         // instructions until the next look
	timer *time.Timer
	rang  atomic.Bool
}

// epoch is what a clock's times count from.
var epoch = time.Now()

// start begins a call. The timer makes next 0, for a look at the next instruction.
func (c *clock) start(most time.Duration, next *atomic.Int64) {
	c.most = most
	c.last = 0
	c.step = lookEvery
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

// look reports how many instructions may run until the next look.
func (c *clock) look() int64 {
	now := time.Since(epoch)
	if c.last == 0 {
		c.next = now + clockAfter
	} else if took := now - c.last; took > clockEvery {
		c.step = max(c.step*int64(clockEvery)/int64(took), 1)
	} else {
		c.step = min(2*c.step, lookEvery)
	}
	c.last = now
	return c.step
}

// over reports whether the call had used too much at the last look. A timer that
// fired late, for the call before, only makes it take the processor time early.
func (c *clock) over() bool {
	if c.last < c.next && !c.rang.Load() {
		return false
	}
	c.rang.Store(false)
	c.next = c.last + clockEvery
	c.timer.Reset(2 * clockEvery)
	if !c.bound {
		c.bound = true
		runtime.LockOSThread()
		c.base = cputime.Thread()
	}
	return cputime.Thread()-c.base >= c.most
}
