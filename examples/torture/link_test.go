package torture

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/badlink"
	"github.com/loci-place/loci/netcode/client"
)

var linkTime = flag.Duration("link", 3*time.Second, "how long each bad link is borne; from 30s on all else is at length as well")

// atLength reports whether tests take the time that it takes, and hold to numbers.
func atLength() bool { return *linkTime >= 30*time.Second }

// share lets a test run beside others, as most of what it does is wait. At length each has
// the machine to itself.
func share(t *testing.T) {
	if !atLength() {
		t.Parallel()
	}
}

// others is how many others live in the place while a link is tried.
func others() int {
	if atLength() {
		return 10
	}
	return 5
}

// bad is a link of 85 to 115 ms each way that also swaps and doubles.
func bad(loss float64) badlink.Link {
	return badlink.Link{Delay: 85 * time.Millisecond, Jitter: 30 * time.Millisecond, Loss: loss, Reorder: 0.02, Duplicate: 0.02}
}

// walker is an agent behind a bad link that walks in circles, asks, and notes how old
// what it sees is.
type walker struct {
	*client.Client
	mu   sync.Mutex
	held float64 // the place's clock as last seen
	ages []time.Duration
}

// walk lets agents in through a relay, a socket each.
func (r *rack) walk(ctx context.Context, relay *badlink.Relay, n int) []*walker {
	r.Helper()
	walkers := make([]*walker, n)
	var joining sync.WaitGroup
	for i := range walkers {
		w := &walker{}
		walkers[i] = w
		joining.Go(func() {
			client, err := client.Dial(ctx, "alloplace://"+relay.Addr().String(), client.Config{
				Identity: map[string]any{"display_name": fmt.Sprint("walker", i)},
				OnState:  func(d *netcode.Document) { w.see(d, r.place.Time()) },
			})
			if err != nil {
				r.Errorf("walker %d did not get in: %v", i, err)
				return
			}
			w.Client = client
			_ = client.SetIntent(netcode.Intent{WantsStickMovement: true, ZMovement: -0.5, Yaw: float64(i)})
		})
	}
	joining.Wait()
	for _, w := range walkers {
		if w.Client == nil {
			r.FailNow()
		}
	}
	r.Cleanup(func() {
		var leaving sync.WaitGroup
		for _, w := range walkers {
			leaving.Go(func() { _ = w.Close() })
		}
		leaving.Wait()
	})
	return walkers
}

// see notes how old what the agent held had become when something newer came, by the
// place's own clock.
func (w *walker) see(d *netcode.Document, now float64) {
	clock, _ := d.Component("place", "clock")
	if at, ok := clock["time"].(float64); ok {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.held > 0 {
			w.ages = append(w.ages, time.Duration((now-w.held)*float64(time.Second)))
		}
		w.held = at
	}
}

func (w *walker) takeAges() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	ages := w.ages
	w.ages = nil
	return ages
}

func TestBadLinksDelayButLoseNothing(t *testing.T) {
	for _, c := range []struct {
		loss float64
		age  time.Duration // of the place's clock just before the next state, at p99
	}{{0.01, 300 * time.Millisecond}, {0.05, 400 * time.Millisecond}, {0.20, 700 * time.Millisecond}} {
		t.Run(fmt.Sprintf("%.0f %%", 100*c.loss), func(t *testing.T) {
			share(t)
			r := newRack(t, setup{})
			relay, err := badlink.Listen(badlink.Config{To: r.addr, Link: bad(c.loss), Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer relay.Close()
			ctx, cancel := context.WithTimeout(t.Context(), *linkTime+time.Minute)
			defer cancel()
			walkers := r.walk(ctx, relay, 20)
			end := r.busy(others())
			for _, w := range walkers {
				w.takeAges() // joining takes a while
			}
			answered, asked := r.ask(ctx, walkers, *linkTime)
			end()
			var ages []time.Duration
			for _, w := range walkers {
				ages = append(ages, w.takeAges()...)
				if err := w.Err(); err != nil {
					t.Errorf("dropped: %v", err)
				}
			}
			slices.Sort(ages)
			p99 := ages[len(ages)*99/100]
			t.Logf("%d of %d requests answered; %d states, p50 %v, p99 %v old", answered, asked, len(ages), ages[len(ages)/2], p99)
			if answered != asked {
				t.Errorf("%d of %d requests answered", answered, asked)
			}
			if p99 > c.age && atLength() { // at length, where the machine has the time
				t.Errorf("states are %v old at p99, want at most %v", p99, c.age)
			}
		})
	}
}

// ask has all ask the place, and each other, for a while, and counts the answers.
func (r *rack) ask(ctx context.Context, walkers []*walker, howLong time.Duration) (answered, asked int64) {
	var ok, all atomic.Int64
	var asking sync.WaitGroup
	end := time.Now().Add(howLong)
	for i, w := range walkers {
		asking.Go(func() {
			for n := 0; time.Now().Before(end); n++ {
				all.Add(1)
				to, verb := "place", []string{"echo", "later"}[n%2]
				if n%3 == 2 { // answered with an error, as nobody handles it: an answer it is
					to = walkers[(i+1)%len(walkers)].Avatar()
				}
				answer, err := w.Request(ctx, to, verb, n)
				if _, refused := errors.AsType[*client.RefusedError](err); len(answer) > 1 && (err == nil || refused) {
					ok.Add(1)
				} else {
					r.Errorf("%s of %s: %v, %v", verb, to, answer, err)
				}
				time.Sleep(100 * time.Millisecond)
			}
		})
	}
	asking.Wait()
	return ok.Load(), all.Load()
}

// TestABlackoutIsBorne: an agent of ours survives 10 s without any packet, and what was
// asked before and in it is answered.
func TestABlackoutIsBorne(t *testing.T) {
	share(t)
	blackout := 2 * time.Second
	if atLength() {
		blackout = 10 * time.Second
	}
	r := newRack(t, setup{})
	relay, err := badlink.Listen(badlink.Config{To: r.addr, Link: bad(0.01)})
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	ctx := await.Context(t)
	defer r.busy(others())()
	walkers := r.walk(ctx, relay, 5)
	time.Sleep(time.Second) // for ENet to have measured the way
	avatars := make([]string, len(walkers))
	answers := make(chan error, len(walkers))
	if err := relay.SetLink(badlink.Link{Loss: 1}); err != nil {
		t.Fatal(err)
	}
	for i, w := range walkers {
		avatars[i] = w.Avatar()
		go func() {
			_, err := w.Request(ctx, "place", "echo", i)
			answers <- err
		}()
	}
	time.Sleep(blackout)
	if err := relay.SetLink(bad(0.01)); err != nil {
		t.Fatal(err)
	}
	light := time.Now()
	for range walkers {
		if err := <-answers; err != nil {
			t.Errorf("asked in the blackout: %v", err)
		}
	}
	t.Logf("the last answer came %v after the light", time.Since(light).Round(time.Millisecond))
	for i, w := range walkers {
		if err := w.Err(); err != nil || w.Avatar() != avatars[i] {
			t.Errorf("walker %d: %v, avatar %s, was %s", i, err, w.Avatar(), avatars[i])
		}
	}
}
