package sandbox

import (
	"fmt"
	"sync/atomic"
	"time"
)

// Budget is what one call may spend. The zero value means the defaults.
type Budget struct {
	// Instructions is how many instructions the call may run, library functions
	// counted by their work: the same number on every machine, however busy it is.
	// A call that needs more is cut off with [ErrCallBudget]. Zero means
	// [DefaultInstructions].
	Instructions int64
	// Time bounds the processor time of calls whose instructions take unusually
	// long, such as the comparison of long texts. It is looked at from
	// [clockAfter] on; a machine that is busy with something else does not use it
	// up. A call that takes more is cut off with [ErrCallBudget] too. Zero means
	// [DefaultCallTime].
	Time time.Duration
	// Memory is by how many bytes the heap's objects may grow while the call
	// runs. It is the whole process's heap, and garbage counts until it is
	// collected, so be generous. Zero means [DefaultMemory] for every
	// [DefaultInstructions] of Instructions, but no more than
	// [DefaultMemoryMost]; less than zero means no bound.
	Memory int64
}

func (b *Budget) setDefaults() {
	if b.Instructions == 0 {
		b.Instructions = DefaultInstructions
	}
	if b.Time == 0 {
		b.Time = DefaultCallTime
	}
	if b.Memory == 0 {
		b.Memory = min(DefaultMemory*max(1, b.Instructions/DefaultInstructions), DefaultMemoryMost)
	}
}

// lookEvery is how many instructions run between two looks at the clock, where
// they are not slow.
const lookEvery = 1024

// closed is what a context's Done returns after the cut-off.
var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// meter counts what the outermost call of a state has spent. Calls inside it,
// coroutines included, spend from the same.
type meter struct {
	count, limit int64
	next         atomic.Int64 // the count at which to look up; the clock's timer sets 0
	depth        int
	clock        clock
	heap         heapWatch
	cut          error // why every further instruction fails, or nil
}

// start begins a call, or joins the one that is under way.
func (m *meter) start(b Budget) {
	m.depth++
	if m.depth > 1 {
		return
	}
	b.setDefaults()
	m.cut = nil
	m.count, m.limit = 0, b.Instructions
	m.next.Store(min(lookEvery, m.limit))
	m.heap.begin(b.Memory)
	m.clock.start(b.Time, &m.next)
}

// stop ends what start began.
func (m *meter) stop() {
	m.depth--
	if m.depth == 0 {
		m.clock.stop()
	}
}

// spent reports whether the call is cut off, after a look at what it has used.
func (m *meter) spent() bool {
	if m.cut != nil {
		return true
	}
	if m.depth == 0 {
		return false
	}
	// Before the clock is looked at, so that a timer that fires now is not lost.
	m.next.Store(min(m.count+m.clock.look(), m.limit))
	switch {
	case m.count >= m.limit:
		m.stopAt(fmt.Errorf("%w: it may run %d instructions", ErrCallBudget, m.limit))
	case m.clock.over():
		m.count = m.limit // as slow instructions count
		m.stopAt(fmt.Errorf("%w: its instructions take long, more than %v of the processor", ErrCallBudget, m.clock.most))
	case m.heap.over(m.count):
		m.stopAt(ErrMemory)
	}
	return m.cut != nil
}

// stopAt makes every further instruction fail until the outermost call ends.
func (m *meter) stopAt(why error) {
	m.cut = why
	m.next.Store(0)
}
