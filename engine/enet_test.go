package engine

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/enet"
)

const (
	// attackTime is how long an attack lasts at least.
	attackTime = 1300 * time.Millisecond
	// statesAtLeast is the share of states that an agent gets in a place that is
	// attacked, of those that one gets in a place beside it that is left alone, and
	// furthestBehind by how many it is ever behind: what else the machine does holds up
	// both.
	statesAtLeast  = 0.75
	furthestBehind = 10
)

// enetPlace is an open place on a UDP port.
type enetPlace struct {
	*testing.T
	*Place
	enet   *enet.Transport
	logs   *logBook
	served chan error
}

func openENetPlace(t *testing.T) *enetPlace {
	t.Helper()
	p := &enetPlace{T: t, logs: &logBook{}, served: make(chan error, 1)}
	var err error
	p.enet, err = enet.New(enet.Config{Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(p.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if p.Place, err = New(Config{Transports: []netcode.Transport{p.enet}, Logger: log}); err != nil {
		t.Fatal(err)
	}
	go func() { p.served <- p.Serve(context.Background()) }()
	t.Cleanup(func() { _ = p.Place.Close() })
	return p
}

// bystander is an honest agent that notes when its states come.
type bystander struct {
	*client.Client
	mu     sync.Mutex
	states []time.Time
}

// join lets an agent in that walks, and waits until it sees whom it should.
func (p *enetPlace) join(others ...string) *bystander {
	p.Helper()
	b := &bystander{}
	ctx := await.Context(p.T)
	var err error
	b.Client, err = client.Dial(ctx, "alloplace://"+p.enet.Addr().String(), client.Config{
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

func (b *bystander) observe(client.StateHeader) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.states = append(b.states, time.Now())
}

// within returns when states came between two moments.
func (b *bystander) within(from, to time.Time) (states []time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, at := range b.states {
		if at.After(from) && at.Before(to) {
			states = append(states, at)
		}
	}
	return states
}

// beside returns how many states came between two moments, to it and to another, and how
// many came to that one at most between two of its own.
func (b *bystander) beside(other *bystander, from, to time.Time) (states, ofOther, behind int) {
	own, others := b.within(from, to), other.within(from, to)
	n := 0
	for _, at := range append(own, to) {
		before := n
		for n < len(others) && others[n].Before(at) {
			n++
		}
		behind = max(behind, n-before)
	}
	return len(own), len(others), behind
}

func TestAgentsKeepTheirStatesWhileThePlaceIsAttackedFromSockets(t *testing.T) {
	for name, c := range attacks {
		t.Run(name, func(t *testing.T) {
			calm := openENetPlace(t).join()
			leaks := goleak.IgnoreCurrent()
			p := openENetPlace(t)
			honest := p.join()
			before := residentBytes(t)
			from := time.Now()
			stop := p.attack(c.start)
			time.Sleep(attackTime / 2)
			newcomer := p.join(honest.Avatar())
			time.Sleep(attackTime / 2)
			grown := (residentBytes(t) - before) >> 20
			heap := heapBytes() >> 20
			bursts := stop()
			states, calmly, behind := honest.beside(calm, from, time.Now())
			t.Logf("%d bursts: %d states of %d, at most %d behind; memory grew by %d MiB to a Go heap of %d MiB",
				bursts, states, calmly, behind, grown, heap)

			if float64(states) < statesAtLeast*float64(calmly) || behind > furthestBehind {
				t.Errorf("it gets %d states where an agent that is left alone gets %d, and is up to %d behind", states, calmly, behind)
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
	if err := errors.Join(p.Place.Close(), <-p.served); err != nil {
		p.Error(err)
	}
	for _, b := range agents {
		await.Next(p.T, b.Done(), "an agent to hear that the place closes")
		var end *client.DisconnectError
		if !errors.As(b.Err(), &end) || end.Code != netcode.CodePlaceClosed {
			p.Errorf("an agent left with %v", b.Err())
		}
		_ = b.Close()
	}
	if bug := p.logs.find("bug in the place"); bug != "" {
		p.Error(bug)
	}
}

// memoryMost is by how many MiB an attack may make the process grow, and how large
// its Go heap may be. A connection may have 16 MiB waiting in C
// (enet.Limits.MaxWaiting), a few dozen agents cost a few more, and the race
// detector multiplies what Go takes. From a host that believes fragments, the bombs
// alone take more than twice as much.
const memoryMost = 64

// residentBytes is how much memory the process has, C's and the attacker's
// included, but not Go's garbage; 0 where the system does not say.
func residentBytes(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
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
