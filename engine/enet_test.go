package engine

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/loci-place/loci/netcode"
)

const (
	// attackTime is how long an attack lasts at least.
	attackTime = 1300 * time.Millisecond
	// statesAtLeast is what of its 20 states a second an agent gets beside an
	// attack, and longestGap how long it waits for one, even where attacker, place
	// and agent share the cores of a busy machine with other tests.
	statesAtLeast = 15
	longestGap    = 500 * time.Millisecond
	// patience is how long somebody who wants to join during an attack may take.
	// ENet repeats a connect after half a second, then after one more, and so on.
	patience = 5 * time.Second
	// closeTime is how long a place may take to close: a second for everybody to
	// hear of it, which attackers do not, and some for the machine.
	closeTime = 3 * time.Second
)

// enetPlace is an open place on a UDP port.
type enetPlace struct {
	*testing.T
	*Place
	enet   *netcode.ENet
	logs   *logBook
	served chan error
}

func openENetPlace(t *testing.T) *enetPlace {
	t.Helper()
	p := &enetPlace{T: t, logs: &logBook{}, served: make(chan error, 1)}
	var err error
	p.enet, err = netcode.NewENet(netcode.ENetConfig{Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(p.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if p.Place, err = New(Config{Transport: p.enet, Logger: log}); err != nil {
		t.Fatal(err)
	}
	go func() { p.served <- p.Serve(context.Background()) }()
	t.Cleanup(func() { _ = p.Place.Close() })
	return p
}

// bystander is an honest agent that notes when its states come.
type bystander struct {
	*netcode.Client
	mu     sync.Mutex
	states []time.Time
}

// join lets an agent in that walks, and waits until it sees whom it should.
func (p *enetPlace) join(others ...string) *bystander {
	p.Helper()
	b := &bystander{}
	ctx, cancel := context.WithTimeout(p.Context(), patience)
	defer cancel()
	var err error
	b.Client, err = netcode.Dial(ctx, "alloplace://"+p.enet.Addr().String(), netcode.ClientConfig{
		Version: 4, Observe: b.observe,
	})
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = b.Close() })
	if err := b.SetIntent(netcode.Intent{WantsStickMovement: true, ZMovement: -1}); err != nil {
		p.Fatal(err)
	}
	err = b.WaitFor(ctx, func(d *netcode.Document) bool {
		for _, id := range append(others, b.Avatar()) {
			if d.Entities[id] == nil {
				return false
			}
		}
		return true
	})
	if err != nil {
		p.Fatalf("it does not see everybody: %v", err)
	}
	return b
}

func (b *bystander) observe(netcode.StateHeader) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.states = append(b.states, time.Now())
}

// between tells how many states came a second between two moments, and the
// longest time without one.
func (b *bystander) between(from, to time.Time) (rate float64, gap time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, last := 0, from
	for _, at := range b.states {
		if at.After(from) && at.Before(to) {
			n, gap, last = n+1, max(gap, at.Sub(last)), at
		}
	}
	return float64(n) / to.Sub(from).Seconds(), max(gap, to.Sub(last))
}

func TestAgentsKeepTheirStatesWhileThePlaceIsAttackedFromSockets(t *testing.T) {
	for name, c := range attacks {
		t.Run(name, func(t *testing.T) {
			leaks := goleak.IgnoreCurrent()
			p := openENetPlace(t)
			honest := p.join()
			before := residentBytes(t)
			from := time.Now()
			stop := p.attack(c.start)
			time.Sleep(attackTime / 2)
			dialed := time.Now()
			newcomer := p.join(honest.Avatar())
			joined := time.Since(dialed)
			time.Sleep(attackTime / 2)
			grown := (residentBytes(t) - before) >> 20
			heap := heapBytes() >> 20
			bursts := stop()
			rate, gap := honest.between(from, time.Now())
			t.Logf("%d bursts: %.1f states a second, longest gap %v; newcomer in after %v; memory grew by %d MiB to a Go heap of %d MiB",
				bursts, rate, gap.Round(time.Millisecond), joined.Round(time.Millisecond), grown, heap)

			if rate < statesAtLeast || gap > longestGap {
				t.Errorf("%.1f states a second, longest gap %v", rate, gap)
			}
			if s := honest.Stats(); s.Sets != 1 || s.Unusable != 0 {
				t.Errorf("%+v", s)
			}
			if grown > memoryMost || heap > memoryMost {
				t.Errorf("memory grew by %d MiB to a Go heap of %d MiB", grown, heap)
			}
			p.closesCleanly(honest, newcomer)
			if d := p.enet.Dropped(); !c.felt(d, p.logs) {
				t.Errorf("the attack missed: %+v", d)
			}
			goleak.VerifyNone(t, leaks)
		})
	}
}

// attack runs an attack from another goroutine until stop, which tells how many
// bursts there were.
func (p *enetPlace) attack(start func(t *testing.T, to netip.AddrPort) func(i int)) (stop func() (bursts int)) {
	burst := start(p.T, p.enet.Addr())
	over, bursts := make(chan struct{}), make(chan int, 1)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-over:
				bursts <- i
				return
			default:
				burst(i)
			}
		}
	}()
	stop = sync.OnceValue(func() int {
		close(over)
		return <-bursts
	})
	p.Cleanup(func() { stop() }) // even when the test has failed before
	return stop
}

func (p *enetPlace) closesCleanly(agents ...*bystander) {
	p.Helper()
	start := time.Now()
	if err := errors.Join(p.Place.Close(), <-p.served); err != nil {
		p.Error(err)
	}
	if took := time.Since(start); took > closeTime {
		p.Errorf("the place took %v to close", took)
	}
	for _, b := range agents {
		select {
		case <-b.Done():
			var end *netcode.DisconnectError
			if !errors.As(b.Err(), &end) || end.Code != netcode.CodePlaceClosed {
				p.Errorf("an agent left with %v", b.Err())
			}
		case <-time.After(patience):
			p.Error("an agent did not hear that the place closes")
		}
		_ = b.Close()
	}
	if bug := p.logs.find("bug in the place"); bug != "" {
		p.Error(bug)
	}
}

// memoryMost is by how many MiB an attack may make the process grow, and how large
// its Go heap may be. A connection may have 16 MiB waiting in C
// (netcode.ENetLimits.MaxWaiting), a few dozen agents cost a few more, and the race
// detector multiplies what Go takes. From a host that believes fragments, the bombs
// alone take more than twice as much.
const memoryMost = 64

// residentBytes is how much memory the process has, C's and the attacker's
// included; 0 where the system does not tell.
func residentBytes(t *testing.T) int {
	t.Helper()
	statm, err := os.ReadFile("/proc/self/statm")
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

func heapBytes() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}
