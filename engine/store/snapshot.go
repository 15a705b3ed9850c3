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

// stamp names files by when they were made, so that they sort by it.
const stamp = "20060102T150405.000"

func (s *Store) snapshotDir() string { return filepath.Join(s.dir, "snapshots") }

// snapshots returns the copies there are, the newest first.
func (s *Store) snapshots() []string {
	found, _ := filepath.Glob(filepath.Join(globEscape(s.snapshotDir()), "place-*.db"))
	slices.Sort(found)
	slices.Reverse(found)
	return found
}

// globEscape makes a path a pattern that only it matches.
func globEscape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// load reads the records, from the newest snapshot that is good if need be.
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
			s.log.Error("a snapshot cannot be used", "error", bad)
			continue
		}
		s.log.Error("what the place keeps is damaged or gone; it opens on a snapshot", "error", err, "snapshot", path, "records", len(s.records))
		return nil
	}
	clear(s.records)
	s.log.Error("the stored state is damaged, and there is no snapshot: starting with an empty store", "error", err)
	return nil
}

// setAside renames the file, which is damaged.
func (s *Store) setAside(why error) error {
	aside := s.path() + ".damaged-" + time.Now().UTC().Format(stamp)
	if err := os.Rename(s.path(), aside); err != nil {
		return fmt.Errorf("store: a damaged file cannot be set aside: %w", err)
	}
	s.log.Error("a damaged file is set aside", "file", aside, "error", why)
	return nil
}

// nextSnapshot is what the next copy is called: by the time, but after those there are, of
// which one may be from before the machine's clock was set back.
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

// staleSnapshots reports whether the file is not what the newest copy is of. Their times say
// nothing, as the machine's clock may have been set.
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

// snapshot copies the file as it is now, beside the writer's work.
func (s *Store) snapshot() {
	s.copied, s.changed = time.Now(), false
	db := s.db
	if db == nil || !s.copier.TryLock() {
		return
	}
	// The transaction begins here, as the writer may give the file up any time.
	var tx *bolt.Tx
	err := guard(func() (err error) {
		tx, err = db.Begin(false)
		return err
	})
	if err != nil {
		s.copier.Unlock()
		s.log.Error("no snapshot could be made", "error", err)
		return
	}
	s.copies.Go(func() {
		defer s.copier.Unlock()
		err := guard(func() error { return s.copyTo(tx) })
		if err = errors.Join(err, guard(tx.Rollback)); err != nil {
			s.log.Error("no snapshot could be made", "error", err)
		}
	})
}

// copyTo makes a copy of what a transaction sees, and lets the oldest copies go.
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
