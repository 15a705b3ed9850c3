//go:build unix

package watch

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
)

func TestPipeIsRefusedAndNotWaitedFor(t *testing.T) {
	dir := place(t, t.TempDir())
	ok(t, syscall.Mkfifo(filepath.Join(dir, "lib/x.lua"), 0o600))
	s, err := Read(dir)
	ok(t, err)
	if err := s.Err(); !errors.Is(err, ErrNotRegular) || err.Error() != "lib/x.lua: not a regular file" {
		t.Errorf("Err: %v", err)
	}
}
