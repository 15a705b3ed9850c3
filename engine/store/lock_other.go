//go:build !unix

package store

import (
	"fmt"
	"os"
)

// lockDir does not lock: here bbolt's lock on its file has to suffice.
func lockDir(dir string) (*os.File, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return d, nil
}
