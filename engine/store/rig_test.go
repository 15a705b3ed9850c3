package store

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/internal/await"
)

// logBook keeps what is logged.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logBook) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), part)
}

// opened opens a store that is closed with the test.
func opened(t testing.TB, dir string, opts Options) (*Store, *logBook) {
	t.Helper()
	logs := &logBook{}
	opts.Logger = slog.New(slog.NewTextHandler(logs, nil))
	if info, err := os.Stat(dir); err == nil {
		_ = os.Chmod(dir, info.Mode().Perm()&^0o077) // a test's own directory is open to all
	}
	s, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, logs
}

// put keeps a record, or forgets it, and returns what done hears.
func put(t testing.TB, s *Store, key, value string) error {
	t.Helper()
	r := engine.Record{Kind: "entity", Key: key}
	if value != "" {
		r.Value = []byte(value)
	}
	done := make(chan error, 1)
	s.Put([]engine.Record{r}, func(err error) { done <- err })
	return await.Next(t, done, "done")
}

// fill keeps n records.
func fill(t testing.TB, s *Store, n int) {
	t.Helper()
	records := make([]engine.Record, n)
	for i := range records {
		records[i] = engine.Record{Kind: "entity", Key: fmt.Sprintf("e%05d", i), Value: entityOf(i)}
	}
	s.Put(records, nil)
	if err := put(t, s, "last", "1"); err != nil {
		t.Fatal(err)
	}
}

// entityOf is a record of the usual size.
func entityOf(i int) []byte {
	return fmt.Appendf(nil, `{"components":{"transform":{"matrix":[1,0,0,0,0,1,0,0,0,0,1,0,%d,0,0.5,1]},"door":{"open":false,"angle":1.6},"material":{"color":[1,1,0.6,1],"texture":%q}}}`, i, strings.Repeat("x", 64))
}

// all returns the records of the usual kind.
func all(s *Store) map[string]string {
	found := map[string]string{}
	for key, value := range s.Records("entity") {
		found[key] = string(value)
	}
	return found
}

func closed(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// files returns those in a directory that a pattern matches.
func files(t testing.TB, dir, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
