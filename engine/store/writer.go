package store

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// entry is a record to write. A nil value deletes it.
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

// never stands for no deadline: the writer wakes up anyway when there is something to do.
const never = time.Hour

// rest returns how long the writer may sleep.
func (s *Store) rest(now time.Time) time.Duration {
	rest := s.due(now)
	if s.changed {
		rest = min(rest, s.opts.SnapshotEvery-now.Sub(s.copied))
	}
	return max(rest, 0)
}

// due returns the time until the next batch.
func (s *Store) due(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.failing.IsZero() && (s.db == nil || len(s.pending)+len(s.waiting) > 0):
		return s.opts.Retry - now.Sub(s.wrote)
	case len(s.waiting) > 0:
		return 0
	case len(s.pending) > 0:
		return s.opts.BatchInterval - now.Sub(s.wrote)
	}
	return never
}

// flush writes all pending records, and calls the callers that wait.
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

// take returns the pending records as a batch.
func (s *Store) take() []entry {
	batch := make([]entry, 0, len(s.pending))
	for n := range s.pending {
		batch = append(batch, entry{n, s.records[n]})
	}
	s.writing, s.pending = s.pending, map[name]bool{}
	return batch
}

// write writes a batch durably and atomically.
func (s *Store) write(batch []entry) error {
	sum := s.sum
	sums := make([]uint64, len(batch))
	for i, e := range batch {
		sum ^= s.onDisk[e.name] // only the writer changes it
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
			s.markPending(e.name)
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

// markPending marks a record of a failed batch as pending, unless it is neither in memory
// nor on disk.
func (s *Store) markPending(n name) {
	_, kept := s.records[n]
	if _, there := s.onDisk[n]; kept || there {
		s.pending[n] = true
	} else {
		delete(s.pending, n)
	}
}

// failed closes the file, whose state is unknown after an error; the next attempt opens it
// again. It logs only the first failure.
func (s *Store) failed(err error) {
	if s.db != nil {
		db := s.db
		s.db = nil
		s.copies.Wait()
		if err := guard(db.Close); err != nil {
			s.log.Debug("file of records not closed", "error", err)
		}
	}
	if s.failing.IsZero() {
		s.failing = time.Now()
		s.log.Error("cannot write records; the place goes on and retries", "error", err, "every", s.opts.Retry)
		return
	}
	s.log.Debug("still cannot write records", "error", err)
}

func (s *Store) succeeded() {
	if !s.failing.IsZero() {
		s.log.Info("records are written again", "after", time.Since(s.failing).Round(time.Millisecond))
		s.failing = time.Time{}
	}
}

// attach opens the file if it is not open, and marks the records that differ from it as
// pending. A damaged file is set aside and created again.
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
	clear(s.pending)
	for n, value := range s.records {
		if onDisk[n] != checksum(n, value) {
			s.pending[n] = true
		}
	}
	for n := range onDisk {
		if _, kept := s.records[n]; !kept {
			s.pending[n] = true
		}
	}
	return nil
}

// recreate creates the file again from the records in memory.
func (s *Store) recreate() error {
	s.mu.Lock()
	batch := make([]entry, 0, len(s.records))
	for n, value := range s.records {
		batch = append(batch, entry{n, value})
	}
	s.mu.Unlock()
	return create(s.path(), batch)
}

// finish writes pending records and closes the file.
func (s *Store) finish() {
	s.flush()
	s.copies.Wait()
	if s.failing.IsZero() {
		s.err = guard(s.db.Close)
	} else {
		s.mu.Lock()
		if n := len(s.pending); n > 0 {
			s.err = fmt.Errorf("store: %d records could not be written to %s", n, s.dir)
		}
		s.mu.Unlock()
	}
	s.err = errors.Join(s.err, s.lock.Close())
}
