package store

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestSnapshotOrderIgnoresTheClock has a store that a machine made
// copies of whose clock was far ahead.
func TestSnapshotOrderIgnoresTheClock(t *testing.T) {
	dir := t.TempDir()
	ahead := time.Now().UTC().Add(24 * time.Hour)
	for i, value := range []string{"1", "2", "3"} {
		s, _ := opened(t, dir, Options{})
		if err := put(t, s, "a", value); err != nil {
			t.Fatal(err)
		}
		closed(t, s)
		s, _ = opened(t, dir, Options{}) // makes a copy
		closed(t, s)
		found := s.snapshots()
		if len(found) != i+1 {
			t.Fatalf("there are %v after %d changes", found, i+1)
		}
		if i > 0 {
			continue
		}
		// The rest is from after the clock was set right.
		if err := os.Rename(found[0], filepath.Join(s.snapshotDir(), ahead.Format("place-"+stamp+".db"))); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(s.snapshots()[0], ahead, ahead); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "place.db")); err != nil {
		t.Fatal(err)
	}
	s, _ := opened(t, dir, Options{Snapshots: 1})
	if got := all(s)["a"]; got != "3" {
		t.Errorf("it opened on the copy that has %q", got)
	}
	if err := put(t, s, "a", "4"); err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	s, _ = opened(t, dir, Options{Snapshots: 1})
	closed(t, s)
	var kept string
	if found := s.snapshots(); len(found) != 1 {
		t.Fatalf("there are %v", found)
	}
	if err := read(s.snapshots()[0], func(n name, value []byte) { kept = string(value) }); err != nil || kept != "4" {
		t.Errorf("the copy that is left has %q, %v", kept, err)
	}
}

func TestAFileThatIsAsItWasIsNotCopiedAgain(t *testing.T) {
	dir := t.TempDir()
	s, _ := opened(t, dir, Options{})
	fill(t, s, 10)
	closed(t, s)
	for range 3 {
		s, _ = opened(t, dir, Options{})
		closed(t, s)
	}
	if found := s.snapshots(); len(found) != 1 {
		t.Errorf("there are %v", found)
	}
}
