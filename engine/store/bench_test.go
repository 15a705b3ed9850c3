package store

import (
	"fmt"
	"testing"

	"github.com/loci-place/loci/engine"
)

// What it costs one who puts: 100 of 10,000 records, as a heartbeat does, while the writer
// writes them.
func BenchmarkPut(b *testing.B) {
	s, _ := opened(b, b.TempDir(), Options{})
	fill(b, s, 10_000)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		records := make([]engine.Record, 100)
		for i := range records {
			n++
			records[i] = engine.Record{Kind: "entity", Key: fmt.Sprintf("e%05d", n%10_000), Value: entityOf(n)}
		}
		b.StartTimer()
		s.Put(records, nil)
	}
}

// How long one waits until what it put is durable: mostly, what the disk takes.
func BenchmarkPutAndWait(b *testing.B) {
	s, _ := opened(b, b.TempDir(), Options{})
	fill(b, s, 10_000)
	done := make(chan error, 1)
	n := 0
	for b.Loop() {
		n++
		s.Put([]engine.Record{{Kind: "entity", Key: "one", Value: entityOf(n)}}, func(err error) { done <- err })
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	s, _ := opened(b, dir, Options{})
	fill(b, s, 10_000)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := Open(dir, Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
