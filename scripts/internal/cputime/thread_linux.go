// Package cputime tells how much of the processor a thread has used, which does not
// grow while others use it.
package cputime

import (
	"syscall"
	"time"
)

// Thread is the processor time that the calling thread has used.
func Thread() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
