package store

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// entry is a record as it is written; a nil value deletes.
type entry struct {
	name
	value []byte
}

// run writes until the store is closed.
func (s *Store) run() {
	defer close(s.ended)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(s.rest(time.Now()))
		select {
		case <-s.wake:
		case <-timer.C:
		case <-s.end:
			s.finish()
			return
		}
		now := time.Now()
		if s.due(now) <= 0 {
			s.flush()
		}
		if s.changed && now.Sub(s.copied) >= s.opts.SnapshotEvery {
			s.snapshot()
		}
	}
}

// never is longer than anybody waits.
const never = time.Hour

// rest is how long the writer may sleep.
func (s *Store) rest(now time.Time) time.Duration {
	rest := s.due(now)
	if s.changed {
		rest = min(rest, s.opts.SnapshotEvery-now.Sub(s.copied))
	}
	return max(rest, 0)
}

// due is in how long something is to be written.
func (s *Store) due(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.failing.IsZero() && (s.db == nil || len(s.owed)+len(s.waiting) > 0):
		return s.opts.Retry - now.Sub(s.wrote)
	case len(s.waiting) > 0:
		return 0
	case len(s.owed) > 0:
		return s.opts.Linger - now.Sub(s.wrote)
	}
	return never
}

// flush writes all that is owed, and tells those who wait.
func (s *Store) flush() {
	err := s.attach()
	s.mu.Lock()
	var batch []entry
	if err == nil {
		batch = s.take()
	}
	waiting := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	if len(batch) > 0 {
		err = s.write(batch)
	}
	if err != nil {
		s.failed(err)
	} else {
		s.succeeded()
	}
	s.wrote = time.Now()
	for _, done := range waiting {
		done(err)
	}
}

// take gives what is owed.
func (s *Store) take() []entry {
	batch := make([]entry, 0, len(s.owed))
	for n := range s.owed {
		batch = append(batch, entry{n, s.records[n]})
	}
	s.writing, s.owed = s.owed, map[name]bool{}
	return batch
}

// write makes a batch durable, all of it or nothing.
func (s *Store) write(batch []entry) error {
	sum := s.sum
	sums := make([]uint64, len(batch))
	for i, e := range batch {
		sum ^= s.onDisk[e.name] // the writer alone changes it
		if e.value != nil {
			sums[i] = checksum(e.name, e.value)
			sum ^= sums[i]
		}
	}
	err := guard(func() error { return commit(s.db, batch, sum) })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writing = nil
	if err != nil {
		for _, e := range batch {
			s.owe(e.name)
		}
		return err
	}
	for i, e := range batch {
		if e.value == nil {
			delete(s.onDisk, e.name)
		} else {
			s.onDisk[e.name] = sums[i]
		}
	}
	s.sum, s.changed = sum, true
	return nil
}

// owe notes what was not written, unless there is nothing to write any more.
func (s *Store) owe(n name) {
	_, kept := s.records[n]
	if _, there := s.onDisk[n]; kept || there {
		s.owed[n] = true
	} else {
		delete(s.owed, n)
	}
}

// failed returns the file up, as nobody knows what became of it, until the next attempt; the
// log hears of the first.
func (s *Store) failed(err error) {
	if s.db != nil {
		db := s.db
		s.db = nil
		s.copies.Wait()
		if err := guard(db.Close); err != nil {
			s.log.Debug("a file of records is not closed", "error", err)
		}
	}
	if s.failing.IsZero() {
		s.failing = time.Now()
		s.log.Error("what the place keeps cannot be written; the place goes on, and tries again", "error", err, "every", s.opts.Retry)
		return
	}
	s.log.Debug("what the place keeps still cannot be written", "error", err)
}

func (s *Store) succeeded() {
	if !s.failing.IsZero() {
		s.log.Info("what the place keeps is written again", "after", time.Since(s.failing).Round(time.Millisecond))
		s.failing = time.Time{}
	}
}

// attach opens the file, if it is not, and notes in what it differs from the records. One
// that is damaged is set aside, and made again.
func (s *Store) attach() error {
	if s.db != nil {
		return nil
	}
	onDisk, sum := map[name]uint64{}, uint64(0)
	note := func(n name, value []byte) {
		onDisk[n] = checksum(n, value)
		sum ^= onDisk[n]
	}
	err := read(s.path(), note)
	if errors.Is(err, ErrDamaged) {
		if err := s.setAside(err); err != nil {
			return err
		}
	}
	if errors.Is(err, ErrDamaged) || errors.Is(err, os.ErrNotExist) {
		clear(onDisk)
		sum = 0
		if err = s.recreate(); err == nil {
			err = read(s.path(), note)
		}
	}
	if err != nil {
		return err
	}
	db, err := open(s.path(), false)
	if err != nil {
		return err
	}
	s.db, s.sum = db, sum
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onDisk = onDisk
	clear(s.owed)
	for n, value := range s.records {
		if onDisk[n] != checksum(n, value) {
			s.owed[n] = true
		}
	}
	for n := range onDisk {
		if _, kept := s.records[n]; !kept {
			s.owed[n] = true
		}
	}
	return nil
}

// recreate makes the file again, with all records.
func (s *Store) recreate() error {
	s.mu.Lock()
	batch := make([]entry, 0, len(s.records))
	for n, value := range s.records {
		batch = append(batch, entry{n, value})
	}
	s.mu.Unlock()
	return create(s.path(), batch)
}

// finish writes what is owed and lets go of everything.
func (s *Store) finish() {
	s.flush()
	s.copies.Wait()
	if s.failing.IsZero() {
		s.err = guard(s.db.Close)
	} else {
		s.mu.Lock()
		if n := len(s.owed); n > 0 {
			s.err = fmt.Errorf("store: %d records could not be written to %s", n, s.dir)
		}
		s.mu.Unlock()
	}
	s.err = errors.Join(s.err, s.lock.Close())
}
