//go:build !linux

package cputime

import (
	"errors"
	"fmt"
	"time"
)

var began = time.Now()

// Thread returns the time since the process began: what the calling thread used of it is not known here.
func Thread() time.Duration { return time.Since(began) }

// Process fails: what processes use is not known here.
func Process(pid int) (time.Duration, error) {
	return 0, fmt.Errorf("processor time of process %d: %w", pid, errors.ErrUnsupported)
}
