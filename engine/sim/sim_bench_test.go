package sim

import (
	"fmt"
	"testing"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

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
