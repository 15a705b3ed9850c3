//go:build unix

package store

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lockDir locks a directory until it is closed or the process ends.
func lockDir(dir string) (*os.File, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	err = syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case err == nil:
		return d, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = ErrInUse
	}
	return nil, errors.Join(fmt.Errorf("store: %s is %w", dir, err), d.Close())
}
