package store

import (
	"bytes"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// damagedIn puts a file in the place of what a store keeps, after it was closed with n
// records and a snapshot of them, and opens it.
func damagedIn(t *testing.T, n int, damage func(data []byte) []byte) (s *Store, logs *logBook, want map[string]string) {
	t.Helper()
	dir := t.TempDir()
	s, _ = opened(t, dir, Options{})
	fill(t, s, n)
	want = all(s)
	closed(t, s)
	s, _ = opened(t, dir, Options{}) // makes a snapshot
	closed(t, s)
	if found := files(t, dir, "snapshots/place-*.db"); len(found) != 1 {
		t.Fatalf("there are %d snapshots", len(found))
	}
	if err := os.WriteFile(s.path(), damage(readFile(t, s.path())), 0o600); err != nil {
		t.Fatal(err)
	}
	s, logs = opened(t, dir, Options{})
	return s, logs, want
}

func TestADamagedFileIsSetAsideForTheNewestSnapshot(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"empty":         func([]byte) []byte { return nil },
		"text":          func([]byte) []byte { return []byte("not a database at all\n") },
		"cut short":     func(b []byte) []byte { return b[:5*4096] },
		"cut in a page": func(b []byte) []byte { return b[:5*4096+77] },
		"zeros":         func(b []byte) []byte { clear(b[8192:]); return b },
		"both metas":    func(b []byte) []byte { b[40], b[4096+40] = ^b[40], ^b[4096+40]; return b },
		"a text":        func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("xxxx\""), []byte("xxxy\"")) },
	} {
		t.Run(name, func(t *testing.T) {
			s, logs, want := damagedIn(t, 500, damage)
			if got := all(s); !maps.Equal(got, want) {
				t.Errorf("got %d records, want %d", len(got), len(want))
			}
			aside := files(t, s.dir, "place.db.damaged-*")
			if len(aside) != 1 || logs.count(aside[0]) != 1 || logs.count("loaded the newest good snapshot") != 1 {
				t.Errorf("%d files are set aside; the log says %s", len(aside), logs.text.String())
			}
			if err := put(t, s, "new", "1"); err != nil {
				t.Fatal(err)
			}
			closed(t, s)
			s, logs = opened(t, s.dir, Options{})
			if got := all(s); len(got) != len(want)+1 || logs.text.Len() > 0 {
				t.Errorf("then there are %d records; the log says %s", len(got), logs.text.String())
			}
		})
	}
}

func TestWhatIsDamagedAnywhereIsNeverTakenForGood(t *testing.T) {
	const runs = 60
	seed := time.Now().UnixNano()
	rng := rand.New(rand.NewPCG(uint64(seed), 1))
	dir := t.TempDir()
	s, _ := opened(t, dir, Options{})
	fill(t, s, 2000)
	want := all(s)
	closed(t, s)
	good := readFile(t, s.path())
	for i := range runs {
		data := append([]byte{}, good...)
		for range 1 + rng.IntN(8) {
			data[rng.IntN(len(data))] ^= byte(1 << rng.IntN(8))
		}
		path := filepath.Join(dir, "damaged.db")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		err := read(path, func(n name, value []byte) { got[n.key] = string(value) })
		if err == nil && !maps.Equal(got, want) {
			t.Fatalf("seed %d, run %d: %d records are taken for good, want %d", seed, i, len(got), len(want))
		}
		if err != nil && !errors.Is(err, ErrDamaged) && !strings.Contains(err.Error(), "format") {
			t.Errorf("seed %d, run %d: %v", seed, i, err)
		}
	}
}

func TestWithoutASnapshotADamagedPlaceStartsEmpty(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "place.db"), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, logs := opened(t, dir, Options{})
	if got := all(s); len(got) != 0 || logs.count("starts empty") != 1 {
		t.Errorf("%d records; the log says %s", len(got), logs.text.String())
	}
	if err := put(t, s, "a", "1"); err != nil {
		t.Error(err)
	}
}

func TestASnapshotThatIsDamagedIsPassedOver(t *testing.T) {
	dir := t.TempDir()
	for _, value := range []string{"1", "2"} {
		s, _ := opened(t, dir, Options{})
		if err := put(t, s, "a", value); err != nil {
			t.Fatal(err)
		}
		closed(t, s)
		s, _ = opened(t, dir, Options{})
		closed(t, s)
	}
	snapshots := files(t, dir, "snapshots/place-*.db")
	if len(snapshots) != 2 {
		t.Fatalf("there are %d snapshots", len(snapshots))
	}
	for _, path := range []string{snapshots[1], filepath.Join(dir, "place.db")} {
		if err := os.Truncate(path, 100); err != nil {
			t.Fatal(err)
		}
	}
	s, logs := opened(t, dir, Options{})
	if got := all(s)["a"]; got != "1" || logs.count(snapshots[1]) != 1 {
		t.Errorf("got %q; the log says %s", got, logs.text.String())
	}
}

func TestAMissingFileIsTakenFromTheSnapshot(t *testing.T) {
	dir := t.TempDir()
	s, _ := opened(t, dir, Options{})
	fill(t, s, 10)
	closed(t, s)
	s, _ = opened(t, dir, Options{})
	closed(t, s)
	if err := os.Remove(s.path()); err != nil {
		t.Fatal(err)
	}
	s, _ = opened(t, dir, Options{})
	if got := all(s); len(got) != 11 {
		t.Errorf("%d records, want 11", len(got))
	}
}

func TestOnlyTheNewestSnapshotsAreKept(t *testing.T) {
	dir := t.TempDir()
	s, _ := opened(t, dir, Options{SnapshotEvery: 5 * time.Millisecond, Snapshots: 2})
	for i := range 20 {
		if err := put(t, s, "a", strings.Repeat("1", i+1)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	closed(t, s)
	snapshots := files(t, dir, "snapshots/*")
	if len(snapshots) != 2 {
		t.Fatalf("there are %v", snapshots)
	}
	if err := read(snapshots[1], func(name, []byte) {}); err != nil {
		t.Error(err)
	}
}

// FuzzTree lets a file be anything: it is good or damaged, and reading it ends.
func FuzzTree(f *testing.F) {
	dir := f.TempDir()
	s, _ := opened(f, dir, Options{})
	fill(f, s, 60)
	closed(f, s)
	f.Add(readFile(f, s.path()))
	f.Add([]byte("nonsense"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "place.db")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_ = read(path, func(name, []byte) {})
	})
}
