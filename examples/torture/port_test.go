package torture

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/badlink"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/enet"
)

// TestAChangedPortCostsAReconnect: to ENet a peer whose port changes is a stranger. An
// agent with a key comes back as who it was, with all that was its; one without joins
// again, and its old self goes; everybody else's states go on.
func TestAChangedPortCostsAReconnect(t *testing.T) {
	share(t)
	limits := enet.Limits{TimeoutMin: 500 * time.Millisecond, TimeoutMax: time.Second}
	if atLength() {
		limits = enet.Limits{} // what deployed clients have, 10 to 20 s
	}
	r := newRack(t, setup{limits: limits})
	defer r.busy(others())()
	relay, err := badlink.Listen(badlink.Config{To: r.addr, Link: badlink.Link{Delay: 20 * time.Millisecond, Loss: 0.01}})
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	ctx := await.Context(t)

	back := make(chan bool, 8)
	ann := r.guest(ctx, relay.Addr(), limits, client.Config{
		Identity: map[string]any{"display_name": "ann"},
		Key:      ed25519.NewKeyFromSeed([]byte(strings.Repeat("a", ed25519.SeedSize))), Reconnect: true,
		OnReconnect: func(_ *client.Client, resumed bool) { back <- resumed },
	})
	bob := r.guest(ctx, relay.Addr(), limits, client.Config{Identity: map[string]any{"display_name": "bob"}})
	var gaps gaps
	cid := r.guest(ctx, r.addr, limits, client.Config{
		Identity: map[string]any{"display_name": "cid"},
		OnState:  func(*netcode.Document) { gaps.mark() },
	})
	theirs := map[*client.Client][]string{}
	for _, a := range []*client.Client{ann, bob} {
		theirs[a] = []string{a.Avatar(), r.spawned(ctx, a, "box"), r.spawned(ctx, a, "ball")}
	}
	before := r.agent("ann")
	allThere := func(d *netcode.Document, ids []string) (n int) {
		for _, id := range ids {
			if d.Entities[id] != nil {
				n++
			}
		}
		return n
	}
	if err := cid.WaitFor(ctx, func(d *netcode.Document) bool { return allThere(d, append(theirs[ann], theirs[bob]...)) == 6 }); err != nil {
		t.Fatal(err)
	}
	gaps.take()

	rebound := time.Now()
	relay.Rebind()
	select {
	case resumed := <-back:
		if !resumed {
			t.Error("ann came back as somebody else")
		}
	case <-ctx.Done():
		t.Fatal("ann did not come back")
	}
	annBack := time.Since(rebound)
	if after := r.agent("ann"); after.ID != before.ID || after.Avatar != before.Avatar || ann.Avatar() != before.Avatar || after.Verified == "" {
		t.Errorf("ann is %v, was %v", after, before)
	}
	for _, id := range theirs[ann] {
		if _, err := ann.Request(ctx, "place", "change_components", id, "add_or_change", map[string]any{"back": map[string]any{"yes": true}}, "remove", []any{}); err != nil {
			t.Errorf("%s is not ann's any more: %v", id, err)
		}
		err := cid.WaitFor(ctx, func(d *netcode.Document) bool {
			c, _ := d.Component(id, "back")
			return c["yes"] == true
		})
		if err != nil {
			t.Errorf("what ann does to %s is not seen: %v", id, err)
		}
	}

	select {
	case <-bob.Done():
	case <-ctx.Done():
		t.Fatal("bob never noticed")
	}
	if lost, ok := errors.AsType[*client.DisconnectError](bob.Err()); !ok || lost.Code != netcode.CodeConnectionLost {
		t.Errorf("bob was told %v", bob.Err())
	}
	again := r.guest(ctx, relay.Addr(), limits, client.Config{Identity: map[string]any{"display_name": "bob"}})
	if again.Avatar() == bob.Avatar() {
		t.Error("bob, who has proven nothing, is who he was")
	}
	if err := cid.WaitFor(ctx, func(d *netcode.Document) bool { return allThere(d, theirs[bob]) == 0 }); err != nil {
		t.Errorf("what was bob's is still there: %v", err)
	}
	bobGone := time.Since(rebound)
	most, states := gaps.take()
	t.Logf("ann was back after %v, bob's old self gone after %v; cid got %d states meanwhile, at most %v apart",
		annBack.Round(time.Millisecond), bobGone.Round(time.Millisecond), states, most.Round(time.Millisecond))
	if err := cid.Err(); err != nil {
		t.Errorf("cid: %v", err)
	}
	if most >= annBack || atLength() && most > 500*time.Millisecond {
		t.Errorf("cid waited %v for a state", most)
	}
}

// guest is an agent with a socket of its own.
func (r *rack) guest(ctx context.Context, addr netip.AddrPort, limits enet.Limits, cfg client.Config) *client.Client {
	r.Helper()
	host, err := enet.New(enet.Config{Peers: 1, Limits: limits})
	if err != nil {
		r.Fatal(err)
	}
	d := client.NewDialer(host)
	r.Cleanup(func() { _ = d.Close() })
	a, err := d.Dial(ctx, "alloplace://"+addr.String(), cfg)
	if err != nil {
		r.Fatalf("%v did not get in: %v", cfg.Identity, err)
	}
	return a
}

func (r *rack) spawned(ctx context.Context, a *client.Client, what string) (id string) {
	r.Helper()
	answer, err := a.Request(ctx, "place", "spawn_entity", map[string]any{what: map[string]any{}})
	if err != nil {
		r.Fatal(err)
	}
	id, _ = answer[1].(string)
	return id
}

// agent is the one of that name, as the place knows it.
func (r *rack) agent(name string) (found engine.Agent) {
	r.Helper()
	err := r.place.Do(func(t *engine.Turn) error {
		for _, a := range t.Agents() {
			if a.DisplayName() == name {
				found = a
				return nil
			}
		}
		return fmt.Errorf("there is no %s", name)
	})
	if err != nil {
		r.Fatal(err)
	}
	return found
}

// gaps is how far states are apart.
type gaps struct {
	mu     sync.Mutex
	last   time.Time
	most   time.Duration
	states int
}

func (g *gaps) mark() {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if !g.last.IsZero() {
		g.most = max(g.most, now.Sub(g.last))
	}
	g.last, g.states = now, g.states+1
}

func (g *gaps) take() (most time.Duration, states int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	most, states = g.most, g.states
	g.most, g.states = 0, 0
	return most, states
}
