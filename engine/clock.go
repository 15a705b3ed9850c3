package engine

import "time"

// clock is the place's clock. It counts from when the place was first opened.
type clock struct {
	started time.Time            // when the place was made
	age     time.Duration        // of the clock then; see keeper.restoreClock
	now     func() time.Time     // real time, or a driver's
	wall    func() time.Time     // the machine's clock, which may be set
	cpu     func() time.Duration // processor time that the calling thread has used
}

// Time is what the clock says, in seconds.
func (c *clock) Time() float64 { return (c.now().Sub(c.started) + c.age).Seconds() }
