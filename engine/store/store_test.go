package store

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/internal/await"
)

func TestWhatWasKeptIsThereAgain(t *testing.T) {
	dir := t.TempDir()
	s, _ := opened(t, dir, Options{})
	fill(t, s, 100)
	for key, value := range map[string]string{"a": `{"x":1}`, "b": `{}`, "e00007": "", "a.b": "null", "ü/..": `""`} {
		if err := put(t, s, key, value); err != nil {
			t.Fatal(err)
		}
	}
	s.Put([]engine.Record{{Kind: "rule", Key: "a", Value: []byte("2")}}, nil)
	want := all(s)
	closed(t, s)
	s, logs := opened(t, dir, Options{})
	if got := all(s); !maps.Equal(got, want) || len(got) != 100-1+4+1 {
		t.Errorf("got %d records, want %d", len(got), len(want))
	}
	for key, value := range s.Records("rule") {
		if key != "a" || string(value) != "2" {
			t.Errorf("rule %s is %s", key, value)
		}
	}
	if logs.text.Len() > 0 {
		t.Errorf("the log says %s", logs.text.String())
	}
}

func TestWhatNobodyWaitsForIsWrittenSoon(t *testing.T) {
	dir := t.TempDir()
	s, _ := opened(t, dir, Options{})
	s.Put([]engine.Record{{Kind: "entity", Key: "a", Value: []byte("1")}}, nil)
	await.Until(t, "it is written", func() (found bool) {
		// A copy, for the file is locked; while it is written to it may be damaged.
		copied := filepath.Join(t.TempDir(), "copy.db")
		if err := os.WriteFile(copied, readFile(t, s.path()), 0o600); err != nil {
			t.Fatal(err)
		}
		_ = read(copied, func(n name, _ []byte) { found = found || n.key == "a" })
		return found
	})
}

func TestOneProcessHasADirectory(t *testing.T) {
	dir := t.TempDir()
	s, _ := opened(t, dir, Options{})
	_, err := Open(dir, Options{})
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Errorf("the error is %v", err)
	}
	closed(t, s)
	closed(t, s)
	s, _ = opened(t, dir, Options{})
	closed(t, s)
	if err := put(t, s, "a", "1"); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed store answers %v", err)
	}
}

func TestRecordsThatCannotBeKeptKeepNoOthersBack(t *testing.T) {
	dir := t.TempDir()
	s, _ := opened(t, dir, Options{})
	for _, key := range []string{"", strings.Repeat("k", MaxKey+1)} {
		done := make(chan error, 1)
		s.Put([]engine.Record{
			{Kind: "entity", Key: key, Value: []byte("1")},
			{Kind: "entity", Key: "good", Value: []byte("1")},
			{Kind: ownBucket, Key: "sum", Value: []byte("1")},
		}, func(err error) { done <- err })
		if err := <-done; !errors.Is(err, ErrKey) {
			t.Errorf("the error is %v", err)
		}
	}
	if err := put(t, s, strings.Repeat("k", MaxKey), "1"); err != nil {
		t.Error(err)
	}
	closed(t, s)
	s, _ = opened(t, dir, Options{})
	if got := all(s); len(got) != 2 {
		t.Errorf("%d records are kept, want 2", len(got))
	}
}

func TestWhatCameAndWentIsNotOwed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Store{wake: make(chan struct{}, 1), records: map[name][]byte{}, pending: map[name]bool{}}
		for _, value := range [][]byte{[]byte("1"), nil, []byte("2"), nil} {
			s.Put([]engine.Record{{Kind: "entity", Key: "a", Value: value}}, nil)
		}
		if len(s.pending) != 0 {
			t.Errorf("%d records are pending", len(s.pending))
		}
	})
}
