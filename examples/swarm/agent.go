package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

// agent is one of the swarm, with what it has measured.
type agent struct {
	client  *client.Client
	version int
	circle  circle
	watcher *watcher // nil for most
	ear     ear

	mu     sync.Mutex // guards what follows
	window window
	last   time.Time // when the newest state came
	tally
}

// window is the time in which an agent measures.
type window struct{ open, closed bool }

// tally is what an agent counts, within the window unless said otherwise.
type tally struct {
	states, bytes uint64
	gaps          []time.Duration // between states
	sets          int             // whole states since it joined, the first included
	unusable      int             // states since it joined that did not fit what it held
	trips         []time.Duration // of answered requests
	failed        int             // requests without an answer
	ages          *ages           // a watcher's
}

// observe counts a state.
func (a *agent) observe(h client.StateHeader) {
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if h.Style == netcode.StyleSet {
		a.sets++
	}
	if !h.Held {
		a.unusable++
	}
	if a.measuring() {
		a.states++
		a.bytes += uint64(h.Bytes)
		a.gaps = append(a.gaps, now.Sub(a.last))
	}
	a.last = now
}

func (a *agent) measuring() bool { return a.window.open && !a.window.closed }

// start opens the window. The first gap is the one it falls into, or begins
// with it where no state has come yet.
func (a *agent) start(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.window.open = true
	if a.watcher != nil {
		a.watcher.start()
	}
	if a.last.IsZero() {
		a.last = now
	}
}

// stop closes the window and returns what was counted. The time since the last
// state counts as a gap if it is the longest, or a silent place would have none.
func (a *agent) stop(now time.Time) tally {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.window.closed = true
	if a.watcher != nil {
		a.ages = a.watcher.stop()
	}
	longest := time.Duration(0)
	for _, gap := range a.gaps {
		longest = max(longest, gap)
	}
	if open := now.Sub(a.last); open > longest {
		a.gaps = append(a.gaps, open)
	}
	return a.tally
}

// handle answers the requests of other agents.
func handle(c *client.Client, i netcode.Interaction) {
	if i.Type == netcode.TypeRequest {
		// Without a connection there is nobody to answer.
		_ = c.Respond(i, netcode.BodyVerb(i.Body), "ok")
	}
}

// walk sets the agent's intent for a moment.
func (a *agent) walk(at time.Duration) {
	_ = a.client.SetIntent(netcode.Intent{ // all of it is finite
		WantsStickMovement: true,
		ZMovement:          -1,
		Yaw:                a.circle.yaw(at),
	})
}

// requestTimeout is when a request counts as failed.
const requestTimeout = 10 * time.Second

// ask makes requests at a rate, one after the other, until ctx ends. A refusal
// is an answer like any other.
func (a *agent) ask(ctx context.Context, rate float64, target func() string) {
	interval := secondsOf(1 / rate)
	timer := time.NewTimer(time.Duration(rand.Int64N(int64(interval))))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		case <-a.client.Done():
			return
		}
		start := time.Now()
		timer.Reset(interval)
		a.mu.Lock()
		counts := a.measuring()
		a.mu.Unlock()
		err := a.request(ctx, target())
		if !counts || ctx.Err() != nil {
			continue
		}
		a.mu.Lock()
		if err != nil {
			a.failed++
		} else {
			a.trips = append(a.trips, time.Since(start))
		}
		a.mu.Unlock()
	}
}

func (a *agent) request(ctx context.Context, to string) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	_, err := a.client.Request(ctx, to, "poke", true)
	var refused *client.RefusedError
	if errors.As(err, &refused) {
		return nil
	}
	return err
}
