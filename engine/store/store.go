package store

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/loci-place/loci/engine"
)

var (
	// ErrInUse: another process has the directory.
	ErrInUse = errors.New("in use by another process")
	// ErrDamaged: a file is not what was written.
	ErrDamaged = errors.New("damaged")
	// ErrClosed is what a store that has been closed answers.
	ErrClosed = errors.New("store: closed")
	// ErrKey: a record's kind or key is empty, or longer than [MaxKey].
	ErrKey = errors.New("bad kind or key of a record")
)

// MaxKey is the longest kind or key of a record, in bytes.
const MaxKey = 4096

// Options are how a store writes. The zero value is good.
type Options struct {
	// Linger is how long after a batch the next one begins, unless somebody waits for
	// it. Default 50 ms.
	Linger time.Duration
	// Retry is how long after a batch that failed it is tried again. Default 1 s.
	Retry time.Duration
	// SnapshotEvery is how often a copy of the file is made where it has changed; one is
	// also made when the store is opened. Default 1 h.
	SnapshotEvery time.Duration
	// Snapshots is how many copies are kept, the newest. Default 3.
	Snapshots int
	// Logger hears of what goes wrong. Nil means [slog.Default].
	Logger *slog.Logger
}

func (o *Options) setDefaults() {
	if o.Linger == 0 {
		o.Linger = 50 * time.Millisecond
	}
	if o.Retry == 0 {
		o.Retry = time.Second
	}
	if o.SnapshotEvery == 0 {
		o.SnapshotEvery = time.Hour
	}
	if o.Snapshots == 0 {
		o.Snapshots = 3
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
}

// Store is what is kept in one directory.
type Store struct {
	dir    string
	opts   Options
	log    *slog.Logger
	lock   *os.File
	wake   chan struct{} // holds one when there is something to do
	end    chan struct{} // closed when closing begins
	ended  chan struct{} // closed when the writer has ended
	copies sync.WaitGroup
	copier sync.Mutex // held while a snapshot is made

	mu      sync.Mutex
	records map[name][]byte
	owed    map[name]bool   // what place.db does not have as it is
	writing map[name]bool   // what is on its way there
	onDisk  map[name]uint64 // the checksum of each record there
	waiting []func(error)
	closed  bool

	// All below belongs to the writer, or to Open before there is one.
	db      *bolt.DB // nil: not open, for the last attempt failed
	sum     uint64   // of all records in it
	wrote   time.Time
	failing time.Time // since when; zero: it is not
	copied  time.Time
	changed bool // since copied
	err     error
}

// ownersOnly is the mode of directories: what is in them is nobody else's to read.
const ownersOnly = 0o700

// name is what a record is found by.
type name struct{ kind, key string }

var _ engine.Store = (*Store)(nil)

// Open opens the store in a directory, which is made if need be, or says why that cannot
// be: [ErrInUse] where another process has it. A damaged file is no reason, nor is a
// directory that cannot be written to, now: the log says so.
func Open(dir string, opts Options) (*Store, error) {
	opts.setDefaults()
	if err := os.MkdirAll(dir, ownersOnly); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		opts.Logger.Warn("others can look into the directory of what the place keeps: chmod 700", "data", dir, "mode", info.Mode().Perm().String())
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{
		dir: dir, opts: opts, log: opts.Logger.With("data", dir), lock: lock,
		wake: make(chan struct{}, 1), end: make(chan struct{}), ended: make(chan struct{}),
		records: map[name][]byte{}, owed: map[name]bool{},
	}
	if err := s.load(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if err := s.attach(); err != nil {
		s.failed(err)
	}
	s.copied = time.Now()
	if s.staleSnapshots() {
		s.snapshot()
	}
	go s.run()
	return s, nil
}

// path is where the records are.
func (s *Store) path() string { return filepath.Join(s.dir, "place.db") }

// Close writes what is owed and ends the store. The error says what could not be written.
// Closing twice is fine.
func (s *Store) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if first {
		close(s.end)
	}
	<-s.ended
	return s.err
}

// Records implements [engine.Store].
func (s *Store) Records(kind string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for n, value := range s.records {
			if n.kind == kind && !yield(n.key, value) {
				return
			}
		}
	}
}

// Put implements [engine.Store]. Done hears [ErrKey] of a record that cannot be kept; the
// others are.
func (s *Store) Put(records []engine.Record, done func(error)) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		if done != nil {
			done(ErrClosed)
		}
		return
	}
	var bad error
	for _, r := range records {
		if err := checkName(r); err != nil {
			bad = err
			continue
		}
		s.put(name{r.Kind, r.Key}, r.Value)
	}
	if done != nil {
		s.waiting = append(s.waiting, func(err error) { done(errors.Join(bad, err)) })
	}
	s.mu.Unlock()
	if bad != nil && done == nil {
		s.log.Error("a record is not kept", "error", bad)
	}
	s.nudge()
}

func checkName(r engine.Record) error {
	if r.Kind == "" || r.Key == "" || len(r.Kind) > MaxKey || len(r.Key) > MaxKey || r.Kind == ownBucket {
		return fmt.Errorf("store: %w: %.64q %.64q", ErrKey, r.Kind, r.Key)
	}
	return nil
}

// put notes one record, and whether it is owed.
func (s *Store) put(n name, value []byte) {
	old, was := s.records[n]
	if value == nil {
		delete(s.records, n)
		if _, there := s.onDisk[n]; there || s.writing[n] {
			s.owed[n] = true
		} else {
			delete(s.owed, n) // it came and went
		}
		return
	}
	if was && bytes.Equal(old, value) {
		return
	}
	s.records[n] = value
	s.owed[n] = true
}

func (s *Store) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
