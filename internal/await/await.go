// Package await is how tests wait for what must happen. They wait as long as go test lets them: only a test
// that fails waits in vain, and how long the others wait is a matter of what else the machine does.
package await

import (
	"context"
	"math"
	"testing"
	"time"
)

// grace is left of go test's timeout to say what did not happen.
const grace = 5 * time.Second

// deadline returns the moment at which t must have failed; none means that go test has no timeout.
func deadline(t testing.TB) (at time.Time, ok bool) {
	if d, has := t.(interface{ Deadline() (time.Time, bool) }); has { // benchmarks have none
		at, ok = d.Deadline()
	}
	return at.Add(-grace), ok
}

// over returns a channel that receives when t must have failed, and a function that frees it.
func over(t testing.TB) (<-chan time.Time, func()) {
	at, ok := deadline(t)
	if !ok {
		return nil, func() {}
	}
	timer := time.NewTimer(time.Until(at))
	return timer.C, func() { timer.Stop() }
}

// Next returns what comes out of a channel next, the zero value of T where it has been closed.
func Next[T any](t testing.TB, from <-chan T, what string) T {
	t.Helper()
	late, free := over(t)
	defer free()
	select {
	case v := <-from:
		return v
	case <-late:
		t.Fatalf("still waiting for %s", what)
		panic("unreachable")
	}
}

// Until waits until something is so. It asks every millisecond.
func Until(t testing.TB, what string, is func() bool) {
	t.Helper()
	late, free := over(t)
	defer free()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("still waiting until %s", what)
		}
	}
}

// Rest returns how long t may still wait, for calls that ask for that.
func Rest(t testing.TB) time.Duration {
	at, ok := deadline(t)
	if !ok {
		return math.MaxInt64
	}
	return time.Until(at)
}

// Context returns a context for calls that must succeed. It ends with the test, or when t must have failed.
func Context(t testing.TB) context.Context {
	at, ok := deadline(t)
	if !ok {
		return t.Context()
	}
	ctx, cancel := context.WithDeadline(t.Context(), at)
	t.Cleanup(cancel)
	return ctx
}
