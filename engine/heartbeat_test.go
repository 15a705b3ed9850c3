package engine

import (
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
)

// crowd is a place with agents that walk and turn and acknowledge every state,
// without a network, beside entities that nobody touches.
type crowd struct {
	*Place
	transport *countingTransport
	walking   int // how many of the agents walk
	steps     int
}

func newCrowd(t testing.TB, agents, static int) *crowd {
	t.Helper()
	// Enough for all there is, so that everybody has it soon.
	return newCrowdIn(t, Config{Limits: Limits{StateBudget: 64 << 20}}, agents, static, 0)
}

// newCrowdIn spreads agents and statics over a square of the given side.
func newCrowdIn(t testing.TB, cfg Config, agents, static int, side float64) *crowd {
	t.Helper()
	transport := &countingTransport{closed: make(chan struct{})}
	cfg.Transports, cfg.Logger = []netcode.Transport{transport}, slog.New(slog.DiscardHandler)
	rng := rand.New(rand.NewPCG(1, 1))
	somewhere := func() map[string]any {
		m := identityMatrix()
		m[12], m[14] = (rng.Float64()-0.5)*side, (rng.Float64()-0.5)*side
		return map[string]any{"matrix": m}
	}
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	d, _ := netcode.DialectOf(4)
	for i := range agents {
		s := newSession(netcode.Conn(i+1), netip.AddrPort{}, nil)
		s.held = p.holdings.open(netip.Addr{})
		avatar := map[string]any{"transform": somewhere()}
		if _, err := p.join(s, &command{announce: netcode.Announce{Version: 4, Avatar: avatar}}, d); err != nil {
			t.Fatal(err)
		}
	}
	for i := range static {
		_, err := p.world.Spawn(fmt.Sprint("static", i), PlaceID, map[string]any{
			"transform": somewhere(),
			"geometry":  map[string]any{"type": "asset", "name": "chair"},
			"material":  map[string]any{"color": []any{1.0, 0.5, 0.25, 1.0}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	c := &crowd{Place: p, transport: transport, walking: agents}
	c.run(100)
	return c
}

// run lets every agent send an intent, then beats, n times.
func (c *crowd) run(n int) {
	for range n {
		c.steps++
		for i, a := range c.order {
			m := a.session.incoming
			if len(m.Intents) == 0 {
				m.Intents = make([]netcode.Intent, 1)
			}
			m.Intents[0] = netcode.Intent{
				WantsStickMovement: true, ZMovement: 1,
				Yaw: math.Sin(float64(c.steps)/50 + float64(i)),
			}
			if i >= c.walking {
				m.Intents[0].WantsStickMovement = false
			}
			m.Ack, m.HasAck = uint64(c.world.Now()-1), c.world.Now() > 1
			a.session.putIntent()
		}
		c.heartbeat()
	}
}

func TestADeltaForAgentsWithTheSameAcknowledgementIsEncodedOnce(t *testing.T) {
	c := newCrowd(t, 100, 10)
	before, sent := c.views.Encoded(), c.transport.packets
	c.run(10)
	if n := c.views.Encoded() - before; n != 10 {
		t.Errorf("%d packets encoded in 10 heartbeats", n)
	}
	if n := c.transport.packets - sent; n != 1000 {
		t.Errorf("%d packets sent to 100 agents in 10 heartbeats", n)
	}
}

func TestAWalkingAvatarCostsFewBytes(t *testing.T) {
	const most = 140
	empty, full := newCrowd(t, 1, 0), newCrowd(t, 101, 0)
	perState := func(c *crowd) float64 {
		packets, bytes := c.transport.packets, c.transport.bytes
		c.run(400)
		return float64(c.transport.bytes-bytes) / float64(c.transport.packets-packets)
	}
	each := (perState(full) - perState(empty)) / 100
	t.Logf("an avatar that walks and turns costs %.1f bytes a state", each)
	if each > most {
		t.Errorf("%.1f bytes, at most %d may be", each, most)
	}
}

// BenchmarkHeartbeat measures a heartbeat of 100 walking agents beside entities
// that do not change. The sizes take turns, and the fastest round of each counts,
// so that a noisy machine disturbs all alike.
func BenchmarkHeartbeat(b *testing.B) {
	compare(b, 100, []int{0, 1000, 100_000}, func(static int) *crowd {
		return newCrowd(b, 100, static)
	})
}

// BenchmarkHeartbeatWithAViewDistance is the same where ten of the agents walk, and
// each sees what is within 20 m of it.
func BenchmarkHeartbeatWithAViewDistance(b *testing.B) {
	compare(b, 10, []int{0, 100_000}, func(static int) *crowd {
		c := newCrowdIn(b, Config{ViewDistance: 20}, 100, static, 300)
		c.walking = 10
		c.run(200) // those who see much have received it
		return c
	})
}

// compare reports what a heartbeat costs beside ever more that does not change.
func compare(b *testing.B, movers int, statics []int, open func(static int) *crowd) {
	const beats = 20
	crowds := make([]*crowd, len(statics))
	best := make([]time.Duration, len(statics))
	for i, n := range statics {
		crowds[i] = open(n)
		best[i] = math.MaxInt64
	}
	for b.Loop() {
		for i, c := range crowds {
			start := time.Now()
			c.run(beats)
			best[i] = min(best[i], time.Since(start)/beats)
		}
	}
	for i, n := range statics {
		b.ReportMetric(float64(best[i].Nanoseconds())/float64(movers), fmt.Sprintf("ns/mover-beside-%d", n))
		b.ReportMetric(float64(best[i])/float64(best[0]), fmt.Sprintf("ratio-beside-%d", n))
	}
	b.ReportMetric(0, "ns/op")
}

func BenchmarkHeartbeatOf100Movers(b *testing.B) {
	c := newCrowd(b, 100, 1000)
	b.ReportAllocs()
	for b.Loop() {
		c.run(1)
	}
}

// BenchmarkHeartbeatOf300InSight is a place in which all see all, but not all
// that changes fits a packet.
func BenchmarkHeartbeatOf300InSight(b *testing.B) {
	c := newCrowdIn(b, Config{Limits: Limits{StateBudget: 4096}}, 300, 0, 40)
	b.ReportAllocs()
	for b.Loop() {
		c.run(1)
	}
}

// BenchmarkHeartbeatOf1000Spread is a place in which each sees some thirty others.
func BenchmarkHeartbeatOf1000Spread(b *testing.B) {
	c := newCrowdIn(b, Config{ViewDistance: 20}, 1000, 0, 200)
	b.ReportAllocs()
	for b.Loop() {
		c.run(1)
	}
}
