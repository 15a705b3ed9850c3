package torture

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
)

var soakTime = flag.Duration("soak", 6*time.Second, "how long the soak lasts, half of it to warm up")

// TestSoak lets 50 agents come, furnish, ask, talk, hand out files, launch apps and leave
// at random, while scripts are saved: in the end all is as it was.
func TestSoak(t *testing.T) {
	r := newRack(t, setup{window: window})
	c := r.crowd()
	c.soak(*soakTime / 2)
	before := r.footprint()
	c.soak(*soakTime / 2)
	after := r.footprint()
	t.Logf("%d lives, %d things done\nbefore %v\nafter  %v", c.lives.Load(), c.done.Load(), before, after)
	if c.lives.Load() < 50 || c.done.Load() < 500 {
		t.Error("that was no crowd")
	}
	// A short run leaves what is the first of its kind, and will not become more.
	few, bytes := int64(3), int64(4<<20)
	if *soakTime >= 4*time.Minute {
		// The asset cache is full or not quite, and buffers hold on to some sessions of those
		// who were there at once, of 28 kB each: both are bounded.
		few, bytes = 0, 1<<20
	}
	for _, of := range []struct {
		what          string
		before, after int64
		slack         int64
	}{
		{"goroutines", before.goroutines, after.goroutines, few},
		{"open files", before.files, after.files, few},
		{"bytes of heap", before.heap, after.heap, bytes},
		{"bytes of C's memory", before.c, after.c, 0},
	} {
		if of.after > of.before+of.before/20+of.slack {
			t.Errorf("%d %s, %d before", of.after, of.what, of.before)
		}
	}
	for _, line := range r.log.take() {
		if !strings.Contains(line, "cut off") { // which scripts are where the machine is busy
			t.Errorf("the place complained: %.500s", line)
		}
	}
}

func (c *crowd) soak(howLong time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), howLong)
	defer cancel()
	c.play(ctx, 50)
	c.assets.Clear() // of the test's own
}

// window is for how long the place remembers states that it has sent.
const window = 2 * time.Second

// remembered is for how long something else may know those who have left: what waits to
// learn what became of an asset or an app that they asked for, 20 s at most. A short soak
// does not wait for that.
func remembered() time.Duration {
	if *soakTime >= 4*time.Minute {
		return 25 * time.Second
	}
	return window + time.Second
}

// footprint is what a place takes when nobody is in it.
type footprint struct {
	goroutines, files int64
	heap, c           int64 // bytes
}

func (f footprint) String() string {
	return fmt.Sprintf("%d goroutines, %d open files, %d kB of heap, %d kB of C's memory", f.goroutines, f.files, f.heap>>10, f.c>>10)
}

// footprint waits until all have left, and checks that nothing of theirs is left.
func (r *rack) footprint() footprint {
	r.Helper()
	empty := func() (yes bool) {
		_ = r.place.Do(func(t *engine.Turn) error {
			yes = len(t.Agents()) == 0
			return nil
		})
		return yes
	}
	for end := time.Now().Add(30 * time.Second); !empty(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			r.Fatal("somebody never left")
		}
	}
	_ = r.place.Do(func(t *engine.Turn) error {
		for _, id := range t.Entities() {
			if e, _ := t.Entity(id); e.Owner != engine.PlaceID {
				r.Errorf("%s of %s is still there", id, e.Owner)
			}
		}
		return nil
	})
	time.Sleep(remembered())
	http.DefaultClient.CloseIdleConnections()
	for range 3 {
		runtime.GC()
	}
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	open, _ := os.ReadDir("/proc/self/fd")
	return footprint{int64(runtime.NumGoroutine()), int64(len(open)), int64(sample[0].Value.Uint64()), cMemory()}
}
