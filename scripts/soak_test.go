package scripts

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/enet"
	"github.com/loci-place/loci/scripts/sandbox"
)

var reloads = flag.Int("reloads", 100, "how often TestReloadsUnderMovingAgents reloads")

// TestReloadsUnderMovingAgents saves a script again and again while 50 agents walk about,
// over real ENet: nothing leaks, no agent is dropped, and no heartbeat is late.
func TestReloadsUnderMovingAgents(t *testing.T) {
	dir := t.TempDir()
	save := func(n int) {
		source := fmt.Sprintf(`
			place.scene{ door = { door = { open = false } } }
			place.on("tick", function(dt) place.state.ticks = (place.state.ticks or 0) + 1 end)
			place.every(0.05, function() end)
			place.task(function() while true do place.wait(0.1) end end)
			place.subscribe("[_ | _]", function() end)
			place.handle("version", function() return %d end)`, n)
		if err := os.WriteFile(filepath.Join(dir, "place.lua"), []byte(source), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "components"), 0o777); err != nil {
		t.Fatal(err)
	}
	door := `return { added = function() end, tick = function(e, door, dt) door.t = place.time() end, validate = function() return true end }`
	if err := os.WriteFile(filepath.Join(dir, "components", "door.lua"), []byte(door), 0o666); err != nil {
		t.Fatal(err)
	}
	save(0)
	rt, err := New(Config{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	transport, err := enet.New(enet.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	place, err := engine.New(engine.Config{Transports: []netcode.Transport{transport}, Behaviour: rt, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- place.Serve(ctx) }()
	defer func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		rt.Wait()
	}()

	url := fmt.Sprintf("alloplace://%s", transport.Addr())
	var gaps gapMeter
	var agents []*client.Client
	for i := range 50 {
		a, err := client.Dial(ctx, url, client.Config{Mode: client.AcknowledgeOnly, Observe: gaps.meter()})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		_ = a.SetIntent(netcode.Intent{WantsStickMovement: true, ZMovement: -0.5, Yaw: float64(i)})
		agents = append(agents, a)
	}
	version := func(want int) {
		t.Helper()
		await.Until(t, fmt.Sprint("version ", want, " comes"), func() bool {
			time.Sleep(10 * time.Millisecond) // an agent may ask so often
			answer, err := agents[0].Request(ctx, "place", "version")
			if err != nil {
				t.Fatal(err)
			}
			return answer[1] == float64(want)
		})
	}
	const warm = 50 // until what is reused has grown to its size
	var heap0 int64
	var goroutines0 int
	for n := 1; n <= warm+*reloads; n++ {
		save(n)
		version(n)
		if n == warm {
			heap0, goroutines0 = settled(), runtime.NumGoroutine()
			gaps.reset()
		}
	}
	p99, longest := gaps.p99()
	heap, goroutines := settled(), runtime.NumGoroutine()
	t.Logf("%d reloads: heap %d to %d kB, goroutines %d to %d, gap p99 %v, longest %v",
		*reloads, heap0>>10, heap>>10, goroutines0, goroutines, p99, longest)
	if goroutines > goroutines0+2 {
		t.Errorf("%d goroutines, %d before", goroutines, goroutines0)
	}
	// A generation takes some 100 kB, so that one leak in ten reloads would show.
	if heap > heap0+heap0/20+512<<10 {
		t.Errorf("the heap grew from %d to %d kB", heap0>>10, heap>>10)
	}
	for _, a := range agents {
		if err := a.Err(); err != nil {
			t.Errorf("an agent was dropped: %v", err)
		}
	}
	// Only where the machine is known to have the time for it: by hand.
	if allowed := 100 * time.Millisecond; p99 > allowed && *reloads >= 1000 {
		t.Errorf("p99 of the gaps between states is %v", p99)
	}
}

// settled is the heap when all garbage is gone.
func settled() int64 {
	for range 3 {
		runtime.GC()
	}
	return sandbox.HeapLive()
}

// gapMeter measures the time between states, of several agents.
type gapMeter struct {
	mu   sync.Mutex
	gaps []time.Duration
}

func (m *gapMeter) meter() func(client.StateHeader) {
	var last time.Time
	return func(client.StateHeader) {
		now := time.Now()
		if !last.IsZero() {
			m.mu.Lock()
			m.gaps = append(m.gaps, now.Sub(last))
			m.mu.Unlock()
		}
		last = now
	}
}

func (m *gapMeter) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gaps = nil
}

// p99 also gives the longest, and forgets all.
func (m *gapMeter) p99() (p99, longest time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	slices.Sort(m.gaps)
	if n := len(m.gaps); n > 0 {
		p99, longest = m.gaps[n*99/100], m.gaps[n-1]
	}
	m.gaps = nil
	return p99, longest
}
