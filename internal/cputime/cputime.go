// Package cputime tells how long a thread has computed, for tests: on a busy machine time on
// the wall says nothing of what something costs.
package cputime

import (
	"runtime"
	"testing"
	"time"
)

// Of is how long f computes, on the goroutine that calls it. It skips the test on systems
// that do not tell.
func Of(t testing.TB, f func()) time.Duration {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began, ok := thread()
	if !ok {
		t.Skip("this system does not tell the time of a thread")
	}
	f()
	ended, _ := thread()
	return ended - began
}

// Least is the least of some calls of [Of].
func Least(t testing.TB, times int, f func()) time.Duration {
	t.Helper()
	least := Of(t, f)
	for range times - 1 {
		least = min(least, Of(t, f))
	}
	return least
}
