package engine

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestLargeCommandsLeaveProcessors(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	synctest.Test(t, func(t *testing.T) {
		d := newDecoding(100)
		var running, most atomic.Int64
		for range 10 {
			go d.begin(t.Context(), 1, func() {
				defer running.Add(-1)
				most.Store(max(most.Load(), running.Add(1)))
				time.Sleep(time.Second)
			})
		}
		small := false
		d.begin(t.Context(), 0, func() { small = true })
		if !small {
			t.Error("a small command waits for large ones")
		}
		time.Sleep(time.Minute)
		if n := most.Load(); n != 2 {
			t.Errorf("%d are decoded at once on 4 processors, want 2", n)
		}
	})
}
