package status

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// cached asks for something that may take long, one goroutine at a time, and remembers
// the answer for a while.
type cached[T any] struct {
	ask             func() T
	fresh, patience time.Duration

	mu      sync.Mutex
	last    T
	at      time.Time     // when it was asked for; zero = never
	running chan struct{} // closed when the answer is there; nil = nobody asks
}

func newCached[T any](ask func() T, fresh, patience time.Duration) *cached[T] {
	return &cached[T]{ask: ask, fresh: fresh, patience: patience}
}

// get returns the answer and how old it is; an old one, if there is none in time. It is
// false if there has never been one.
func (c *cached[T]) get(ctx context.Context) (T, time.Duration, bool) {
	if running := c.begin(); running != nil {
		late := time.NewTimer(c.patience)
		defer late.Stop()
		select {
		case <-running:
		case <-late.C:
		case <-ctx.Done():
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() {
		return c.last, 0, false
	}
	return c.last, time.Since(c.at), true
}

// begin asks, unless somebody does already, and gives what is closed then; nil if what
// is known is good.
func (c *cached[T]) begin() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.running != nil {
		return c.running
	}
	if !c.at.IsZero() && now.Sub(c.at) < c.fresh {
		return nil
	}
	done := make(chan struct{})
	c.running = done
	go c.run(now, done)
	return done
}

// run asks. A mistake of the host's in what it tells costs an answer, not the process.
func (c *cached[T]) run(now time.Time, done chan struct{}) {
	answer, err := c.try()
	if err != nil {
		slog.Error("bug in what is told of a place", "panic", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.last, c.at = answer, now
	}
	c.running = nil
	close(done)
}

func (c *cached[T]) try() (answer T, bug any) {
	defer func() { bug = recover() }()
	return c.ask(), nil
}
