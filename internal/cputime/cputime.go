// Package cputime measures processor time, which does not grow while others use the machine. Scripts are
// limited by it, and tests are held to it.
package cputime

import (
	"runtime"
	"time"
)

// Of returns how long f computes on the goroutine that calls it.
func Of(f func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := Thread()
	f()
	return Thread() - began
}

// Least returns the least of some calls of [Of]: the caches that others use as well only make it more.
func Least(times int, f func()) time.Duration {
	least := Of(f)
	for range times - 1 {
		least = min(least, Of(f))
	}
	return least
}
