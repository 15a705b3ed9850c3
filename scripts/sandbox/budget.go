package sandbox

import (
	"sync/atomic"
	"time"
)

// Budget is what one call may spend. The zero value means the defaults.
type Budget struct {
	// Time is how long the call may take. Zero means [DefaultCallTime]. A call
	// that has run hardly anything by then was kept waiting by a busy machine,
	// or by slow instructions, and gets a quarter of it more, once.
	Time time.Duration
	// Instructions is how many instructions it may run, library functions
	// counted by their work. Zero means [DefaultInstructions].
	Instructions int64
	// Memory is by how many bytes the heap's objects may grow while the call
	// runs. It is the whole process's heap, and garbage counts until it is
	// collected, so be generous. Zero means [DefaultMemory] for every
	// [DefaultCallTime] of Time, but no more than [DefaultMemoryMost]; less
	// than zero means no bound.
	Memory int64
	// Pool is shared by the calls of one heartbeat. A call that begins while time
	// is left in it gets all of its own, and takes from it what it took: cut off
	// is who takes long, not who comes late. Nil means no pool.
	Pool *Pool
}

// memory is the bound on the heap's growth, less than zero for none.
func (b Budget) memory() int64 {
	if b.Memory != 0 {
		return b.Memory
	}
	return min(DefaultMemory*max(1, int64(b.Time/DefaultCallTime)), DefaultMemoryMost)
}

// Pool is the time that the calls of one heartbeat share. It belongs to the
// goroutine that calls.
type Pool struct{ left time.Duration }

// Refill sets the time left, at the begin of each heartbeat.
func (p *Pool) Refill(d time.Duration) { p.left = d }

// Left is the time left; zero or less means that no further call starts.
func (p *Pool) Left() time.Duration { return p.left }

// clockEvery is how many instructions run between two looks at the clock. The
// timer interrupts sooner where instructions are slow, but a timer may be late
// on a machine with one core.
const clockEvery = 1024

// closed is what a context's Done gives after the cut-off.
var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// meter counts what the outermost call of a state has spent. Calls inside it,
// coroutines included, spend from the same.
type meter struct {
	count, limit int64
	next         atomic.Int64 // the count at which to look up; the timer sets 0
	timer        *time.Timer
	began        time.Time
	time         time.Duration
	again        time.Duration // what it may take more, once
	depth        int
	pool         *Pool
	heap         heapWatch
	cut          error // why every further instruction fails, or nil
}

// start begins a call, or joins the one that is under way.
func (m *meter) start(b Budget) error {
	if m.depth > 0 {
		m.depth++
		return nil
	}
	d := b.Time
	if d == 0 {
		d = DefaultCallTime
	}
	if b.Pool != nil && b.Pool.left <= 0 {
		return ErrHeartbeatBudget
	}
	m.limit = b.Instructions
	if m.limit == 0 {
		m.limit = DefaultInstructions
	}
	m.heap.begin(b.memory())
	m.depth, m.pool, m.cut = 1, b.Pool, nil
	m.count = 0
	m.next.Store(min(clockEvery, m.limit))
	m.began, m.time, m.again = time.Now(), d, d/4
	if m.timer == nil {
		m.timer = time.AfterFunc(d, func() { m.next.Store(0) })
	} else {
		m.timer.Reset(d)
	}
	return nil
}

// stop ends what start began.
func (m *meter) stop() {
	m.depth--
	if m.depth > 0 {
		return
	}
	m.timer.Stop()
	if m.pool != nil {
		m.pool.left -= time.Since(m.began)
		m.pool = nil
	}
}

// spent reports whether the call is cut off, after it looked at the clock.
func (m *meter) spent() bool {
	if m.cut != nil {
		return true
	}
	if m.depth == 0 {
		return false
	}
	// Before the clock is read, so that a timer that fires now is not lost. One
	// that fired late, for the call before, is done with.
	m.next.Store(min(m.count+clockEvery, m.limit))
	took := time.Since(m.began)
	switch {
	case took >= m.time && m.count <= clockEvery && m.again > 0:
		m.timer.Reset(m.again)
		m.time, m.again = took+m.again, 0
	case took >= m.time || m.count >= m.limit:
		m.stopAt(ErrCallBudget)
	case m.heap.over():
		m.stopAt(ErrMemory)
	}
	return m.cut != nil
}

// stopAt makes every further instruction fail until the outermost call ends.
func (m *meter) stopAt(why error) {
	m.cut = why
	m.next.Store(0)
}
