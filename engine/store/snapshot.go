package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// stamp is the time in file names, which sort by it.
const stamp = "20060102T150405.000"

func (s *Store) snapshotDir() string { return filepath.Join(s.dir, "snapshots") }

// snapshots returns the paths of the snapshots, the newest first.
func (s *Store) snapshots() []string {
	found, _ := filepath.Glob(filepath.Join(globEscape(s.snapshotDir()), "place-*.db"))
	slices.Sort(found)
	slices.Reverse(found)
	return found
}

// globEscape returns a glob pattern that matches only path.
func globEscape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// load reads the records, from the newest good snapshot if the file is damaged or missing.
func (s *Store) load() error {
	err := read(s.path(), func(n name, value []byte) { s.records[n] = value })
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrNotExist) && len(s.snapshots()) == 0:
		return nil
	case !errors.Is(err, os.ErrNotExist) && !errors.Is(err, ErrDamaged):
		return err
	}
	for _, path := range s.snapshots() {
		clear(s.records)
		if bad := read(path, func(n name, value []byte) { s.records[n] = value }); bad != nil {
			s.log.Error("snapshot is damaged", "error", bad)
			continue
		}
		s.log.Error("records are damaged or missing; loaded the newest good snapshot", "error", err, "snapshot", path, "records", len(s.records))
		return nil
	}
	clear(s.records)
	s.log.Error("records are damaged and there is no good snapshot: the place starts empty", "error", err)
	return nil
}

// setAside renames the damaged file.
func (s *Store) setAside(why error) error {
	aside := s.path() + ".damaged-" + time.Now().UTC().Format(stamp)
	if err := os.Rename(s.path(), aside); err != nil {
		return fmt.Errorf("store: setting aside a damaged file: %w", err)
	}
	s.log.Error("set a damaged file aside", "file", aside, "error", why)
	return nil
}

// nextSnapshot returns the path of the next snapshot. Its name is the time, but always after
// the newest existing one, as the machine's clock may have been set back.
func (s *Store) nextSnapshot() string {
	const layout = "place-" + stamp + ".db"
	at := time.Now().UTC().Truncate(time.Millisecond)
	if all := s.snapshots(); len(all) > 0 {
		if last, err := time.Parse(layout, filepath.Base(all[0])); err == nil && !at.After(last) {
			at = last.Add(time.Millisecond)
		}
	}
	return filepath.Join(s.snapshotDir(), at.Format(layout))
}

// staleSnapshots reports whether the file differs from the newest snapshot. It compares
// checksums, not times, as the machine's clock may have been set.
func (s *Store) staleSnapshots() bool {
	if s.db == nil || len(s.records) == 0 {
		return false
	}
	all := s.snapshots()
	if len(all) == 0 {
		return true
	}
	sum, err := sumOf(all[0])
	return err != nil || sum != s.sum
}

// snapshot starts to copy the file as it is now, while the writer goes on.
func (s *Store) snapshot() {
	s.copied, s.changed = time.Now(), false
	db := s.db
	if db == nil || !s.copier.TryLock() {
		return
	}
	// The transaction begins here, as the writer may close the file any time.
	var tx *bolt.Tx
	err := guard(func() (err error) {
		tx, err = db.Begin(false)
		return err
	})
	if err != nil {
		s.copier.Unlock()
		s.log.Error("snapshot failed", "error", err)
		return
	}
	s.copies.Go(func() {
		defer s.copier.Unlock()
		err := guard(func() error { return s.copyTo(tx) })
		if err = errors.Join(err, guard(tx.Rollback)); err != nil {
			s.log.Error("snapshot failed", "error", err)
		}
	})
}

// copyTo copies what a transaction sees, and removes the oldest snapshots.
func (s *Store) copyTo(tx *bolt.Tx) error {
	if err := os.MkdirAll(s.snapshotDir(), ownersOnly); err != nil {
		return err
	}
	next := filepath.Join(s.snapshotDir(), "new")
	f, err := os.OpenFile(next, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = tx.WriteTo(f)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = read(next, func(name, []byte) {})
	}
	if err != nil {
		return errors.Join(err, os.Remove(next))
	}
	if err := install(next, s.nextSnapshot()); err != nil {
		return err
	}
	for i, path := range s.snapshots() {
		if i >= s.opts.Snapshots {
			err = errors.Join(err, os.Remove(path))
		}
	}
	return err
}
