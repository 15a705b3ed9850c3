package main

import (
	"os"
	"testing"
	"time"
)

func TestProcStatIsReadWhateverTheProcessIsCalled(t *testing.T) {
	const rest = " S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 9 0 100 1000000 300 18446744073709551615 1 1"
	for _, name := range []string{"(loci)", "(a b)", "(a) b) R 1 (2)"} {
		got, err := parseStat("77 " + name + rest)
		want := process{cpu: 2 * time.Second, rss: 300 * uint64(os.Getpagesize())}
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
		}
	}
}

func TestMalformedProcStatIsAnError(t *testing.T) {
	for _, stat := range []string{"", "77 (loci) S 1 2", "77 (loci) S 1 2 3 4 5 6 7 8 9 10 x 50 0 0 20 0 9 0 100 1000000 300"} {
		if _, err := parseStat(stat); err == nil {
			t.Errorf("%q was accepted", stat)
		}
	}
}

func TestMeterMeasuresAProcess(t *testing.T) {
	m, err := startMeter(os.Getpid())
	if err != nil {
		t.Skip(err) // no /proc here
	}
	for start := time.Now(); time.Since(start) < 100*time.Millisecond; {
	}
	u, err := m.stop(time.Now())
	if err != nil || u.ownCPU < 0.1 || u.serverCPU < 0.05 || u.serverRSS < 1<<20 {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := startMeter(1 << 30); err == nil {
		t.Error("a process that does not exist was measured")
	}
}
