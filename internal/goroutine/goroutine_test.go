package goroutine

import (
	"runtime"
	"sync"
	"testing"
)

func TestGoroutinesThatLiveHaveTheirOwnIDs(t *testing.T) {
	for name, current := range map[string]func() ID{"of this machine": Current, "of stack traces": traced} {
		t.Run(name, func(t *testing.T) {
			const n = 100
			var all sync.Map
			var seen, done sync.WaitGroup
			seen.Add(n)
			for range n {
				done.Go(func() {
					id := current()
					if _, taken := all.LoadOrStore(id, true); taken || id == 0 {
						t.Errorf("two goroutines are %d", id)
					}
					seen.Done()
					seen.Wait() // all of them live
					runtime.GC()
					if again := deep(200, current); again != id {
						t.Errorf("%d became %d", id, again)
					}
				})
			}
			done.Wait()
		})
	}
}

// deep calls f far down a stack, which moves for that.
func deep(n int, f func() ID) ID {
	var room [256]byte
	if n == 0 {
		return f()
	}
	id := deep(n-1, f)
	room[n] = byte(id)
	return id + ID(room[n]) - ID(byte(id))
}

func BenchmarkCurrent(b *testing.B) {
	for b.Loop() {
		Current()
	}
}
