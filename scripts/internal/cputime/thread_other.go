//go:build !linux

package cputime

import "time"

var began = time.Now()

// Thread is the time since the process began: what the calling thread used of it is not
// known here.
func Thread() time.Duration { return time.Since(began) }
