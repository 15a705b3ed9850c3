package watch

import (
	"testing"
	"time"
)

func TestDebounceWaitsForQuietButNotForever(t *testing.T) {
	began := time.Now()
	d := debounce{quiet: 15 * time.Millisecond, atMost: 40 * time.Millisecond}
	for _, test := range []struct{ at, wait time.Duration }{{0, 15}, {10, 15}, {20, 15}, {30, 10}, {39, 1}, {40, 0}} {
		if got := d.hit(began.Add(test.at * time.Millisecond)); got != test.wait*time.Millisecond {
			t.Errorf("after %d ms: waits %v, want %d ms", test.at, got, test.wait)
		}
	}
	if !d.pending() {
		t.Error("a burst is not pending")
	}
	d.done()
	if d.pending() {
		t.Error("a burst is pending after its end")
	}
	if got := d.hit(began.Add(time.Second)); got != d.quiet {
		t.Errorf("the next burst waits %v", got)
	}
}
