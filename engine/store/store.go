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
	// ErrDamaged: a file differs from what was written.
	ErrDamaged = errors.New("damaged")
	// ErrClosed: the store is closed.
	ErrClosed = errors.New("store: closed")
	// ErrKey: a record's kind or key is empty, or longer than [MaxKey].
	ErrKey = errors.New("bad kind or key of a record")
)

// MaxKey is the maximum length of a record's kind and of its key, in bytes.
const MaxKey = 4096

// Options configure a store. The zero value uses the defaults.
type Options struct {
	// BatchInterval is the time between batches, unless a caller waits for one. Default 50 ms.
	BatchInterval time.Duration
	// Retry is the time after which a failed batch is retried. Default 1 s.
	Retry time.Duration
	// SnapshotEvery is the time between copies of a changed file. The store also makes a
	// copy when it opens. Default 1 h.
	SnapshotEvery time.Duration
	// Snapshots is the number of copies to keep. Default 3.
	Snapshots int
	// Logger is for errors and warnings. Nil means [slog.Default].
	Logger *slog.Logger
}

func (o *Options) setDefaults() {
	if o.BatchInterval == 0 {
		o.BatchInterval = 50 * time.Millisecond
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

// Store is an open store. Its methods may be called from any goroutine.
type Store struct {
	dir    string
	opts   Options
	log    *slog.Logger
	lock   *os.File
	wake   chan struct{} // wakes the writer; capacity 1
	end    chan struct{} // closed by Close
	ended  chan struct{} // closed when the writer has ended
	copies sync.WaitGroup
	copier sync.Mutex // held while a snapshot is made

	mu      sync.Mutex
	records map[name][]byte
	pending map[name]bool   // records that place.db does not have yet
	writing map[name]bool   // records of the batch being written
	onDisk  map[name]uint64 // checksum of each record in place.db
	waiting []func(error)
	closed  bool

	// The rest belongs to the writer, and to Open before it starts the writer.
	db      *bolt.DB // nil if the last attempt to open it failed
	sum     uint64   // checksum of all records in db
	wrote   time.Time
	failing time.Time // when writing began to fail; zero if it works
	copied  time.Time // when the last snapshot began
	changed bool      // since copied
	err     error
}

// ownersOnly is the mode of directories: only their owner may read them.
const ownersOnly = 0o700

// name identifies a record.
type name struct{ kind, key string }

var _ engine.Store = (*Store)(nil)

// Open opens the store in a directory, and creates the directory if necessary. The error is
// [ErrInUse] if another process has it open. A damaged file, or a directory that cannot be
// written to at the moment, is not an error: both are logged.
func Open(dir string, opts Options) (*Store, error) {
	opts.setDefaults()
	if err := os.MkdirAll(dir, ownersOnly); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		opts.Logger.Warn("others can read the data directory: chmod 700", "data", dir, "mode", info.Mode().Perm().String())
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{
		dir: dir, opts: opts, log: opts.Logger.With("data", dir), lock: lock,
		wake: make(chan struct{}, 1), end: make(chan struct{}), ended: make(chan struct{}),
		records: map[name][]byte{}, pending: map[name]bool{},
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

// path returns the path of the file of records.
func (s *Store) path() string { return filepath.Join(s.dir, "place.db") }

// Close writes pending records and closes the store. The error says what could not be
// written. Close may be called twice.
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

// Put implements [engine.Store]. A record with a bad name is skipped and done called with
// [ErrKey]; the others are stored.
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
		s.log.Error("record not stored", "error", bad)
	}
	s.nudge()
}

func checkName(r engine.Record) error {
	if r.Kind == "" || r.Key == "" || len(r.Kind) > MaxKey || len(r.Key) > MaxKey || r.Kind == ownBucket {
		return fmt.Errorf("store: %w: %.64q %.64q", ErrKey, r.Kind, r.Key)
	}
	return nil
}

// put stores one record in memory and marks it as pending if it has changed.
func (s *Store) put(n name, value []byte) {
	old, was := s.records[n]
	if value == nil {
		delete(s.records, n)
		if _, there := s.onDisk[n]; there || s.writing[n] {
			s.pending[n] = true
		} else {
			delete(s.pending, n) // it was never written
		}
		return
	}
	if was && bytes.Equal(old, value) {
		return
	}
	s.records[n] = value
	s.pending[n] = true
}

func (s *Store) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
