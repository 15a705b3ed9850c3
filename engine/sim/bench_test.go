package sim

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// fair is a world of static entities and others that are animated for ever.
type fair struct {
	*world.World
	now float64
}

func newFair(t testing.TB, animated, static int) *fair {
	f := &fair{World: world.New(1)}
	spawn := func(id string, components map[string]any) {
		components["transform"] = map[string]any{"matrix": netcode.Identity}
		components["lamp"] = map[string]any{"brightness": 0.0, "color": []any{1.0, 0.5, 0.25}}
		if _, err := f.Spawn(id, "me", components); err != nil {
			t.Fatal(err)
		}
	}
	for i := range static {
		spawn(fmt.Sprint("static", i), map[string]any{})
	}
	for i := range animated {
		a := described(map[string]any{"easing": "quadInOut", "repeats": true, "autoreverses": true, "start_at": 0.0})
		for k, v := range rides[i%len(rides)] {
			a[k] = v
		}
		spawn(fmt.Sprint("animated", i), map[string]any{
			"property_animations": map[string]any{"animations": map[string]any{"a": a}},
		})
	}
	f.run(3) // everything is parsed and has its buffers
	return f
}

// rides are the sorts of animation at the fair.
var rides = []map[string]any{
	{"path": "transform.matrix.rotation.y", "from": 0.0, "to": 6.28},
	{"path": "transform.matrix.rotation", "from": []any{0.0, 0.0, 1.0, 0.0}, "to": []any{2.0, 1.0, 0.0, 0.0}},
	{"path": "transform.matrix.translation", "from": []any{0.0, 0.0, 0.0}, "to": []any{1.0, 2.0, 3.0}},
	{"path": "lamp.brightness", "from": 0.0, "to": 100.0},
	{"path": "lamp.color.1", "from": 0.0, "to": 1.0},
}

// run lets n heartbeats pass.
func (f *fair) run(n int) {
	for range n {
		f.now += 0.05
		Animate(f.World, f.now)
		f.Advance()
	}
}

func TestAnimationsThatGoOnAllocateNothing(t *testing.T) {
	for i, ride := range rides {
		t.Run(fmt.Sprint(ride["path"]), func(t *testing.T) {
			f := newFair(t, i+1, 0)
			f.run(200) // digits come and go
			if n := testing.AllocsPerRun(200, func() { f.run(1) }); n != 0 {
				t.Errorf("%v allocations a heartbeat", n)
			}
		})
	}
}

func BenchmarkAnimateOf1000(b *testing.B) {
	f := newFair(b, 1000, 0)
	b.ReportAllocs()
	for b.Loop() {
		f.run(1)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/animation")
}

// BenchmarkAnimateBesideStatic measures ten animated entities alone and beside many
// that are not. They take turns, and the fastest round of each counts.
func BenchmarkAnimateBesideStatic(b *testing.B) {
	const beats = 100
	statics := []int{0, 100_000}
	best := []time.Duration{math.MaxInt64, math.MaxInt64}
	var fairs []*fair
	for _, n := range statics {
		fairs = append(fairs, newFair(b, 10, n))
	}
	for b.Loop() {
		for i, f := range fairs {
			start := time.Now()
			f.run(beats)
			best[i] = min(best[i], time.Since(start)/beats)
		}
	}
	for i, n := range statics {
		b.ReportMetric(float64(best[i].Nanoseconds()), fmt.Sprintf("ns/beat-beside-%d", n))
	}
	b.ReportMetric(float64(best[1])/float64(best[0]), "ratio")
	b.ReportMetric(0, "ns/op")
}

// Agents that walk, pose and hold something, with much else hanging on their avatars.
func BenchmarkStep(b *testing.B) {
	for _, others := range []int{0, 100} {
		b.Run(fmt.Sprint("children ", others), func(b *testing.B) {
			w := world.New(1)
			put := func(id, owner, parent string, components map[string]any) *world.Entity {
				if parent != "" {
					components["relationships"] = map[string]any{"parent": parent}
				}
				e, err := w.Spawn(id, owner, components)
				if err != nil {
					b.Fatal(err)
				}
				return e
			}
			var movers []Mover
			for i := range 100 {
				me := fmt.Sprint("a", i)
				avatar := put(me, me, "", map[string]any{})
				for _, pose := range []string{"head", "torso", "hand/left", "hand/right"} {
					put(me+pose, me, me, map[string]any{"intent": map[string]any{"actuate_pose": pose}})
				}
				for n := range others {
					put(fmt.Sprint(me, "hat", n), me, me, map[string]any{})
				}
				put(me+"window", me, "", map[string]any{})
				put(me+"handle", me, me+"window", map[string]any{"grabbable": map[string]any{"actuate_on": "$parent"}})
				intent := &netcode.Intent{WantsStickMovement: true, ZMovement: 1}
				intent.LeftHand.Pose.Set, intent.LeftHand.Matrix = true, netcode.Matrix{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1}
				intent.LeftHand.Grab = netcode.Grab{Entity: me + "handle", Transform: netcode.Identity}
				intent.Head.Set, intent.Head.Matrix = true, intent.LeftHand.Matrix
				movers = append(movers, Mover{Entity: avatar, Intent: intent})
			}
			b.ReportAllocs()
			b.ResetTimer()
			for n := range b.N {
				for _, m := range movers {
					m.Intent.Yaw = float64(n) * 0.01
				}
				Step(w, movers, 0.05)
				w.Advance()
			}
		})
	}
}
