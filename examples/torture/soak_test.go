package torture

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"runtime/metrics"
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
		few, bytes = 0, 0
	}
	for _, of := range []struct {
		what          string
		before, after int64
		slack         int64
	}{
		{"goroutines", before.goroutines, after.goroutines, few},
		{"open files", before.files, after.files, few},
		{"bytes of heap", before.heap, after.heap, bytes},
		{"bytes of C's memory", before.c, after.c, bytes},
	} {
		if of.after > of.before+of.before/20+of.slack {
			t.Errorf("%d %s, %d before", of.after, of.what, of.before)
		}
	}
	for _, line := range r.log.take() {
		t.Errorf("the place complained: %.500s", line)
	}
}

func (c *crowd) soak(howLong time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), howLong)
	defer cancel()
	c.play(ctx, 50)
}

// window is for how long the place remembers what has gone, with nobody in it too.
const window = 2 * time.Second

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
	time.Sleep(window + time.Second) // for connections to end as well, and their goroutines
	http.DefaultClient.CloseIdleConnections()
	for range 3 {
		runtime.GC()
	}
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	open, _ := os.ReadDir("/proc/self/fd")
	return footprint{int64(runtime.NumGoroutine()), int64(len(open)), int64(sample[0].Value.Uint64()), cMemory()}
}
