package main

import (
	"math"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

var lampPlace = map[string]string{
	"place.lua": `place.name = "Lamp"; place.scene{ lamp = { transform = { at = {1, 2, 3} } } }`,
}

// puppet moves the avatar of a victim that walks ahead, and a lamp of the place's, by handles
// that it hangs on them.
func puppet(a *attacker) {
	victim := a.join(watcher("victim"))
	x := a.join(client.Config{Avatar: map[string]any{"children": []any{
		map[string]any{"intent": map[string]any{"actuate_pose": "hand/left"}},
	}}})
	for _, target := range []string{victim.Avatar(), "lamp", "place"} {
		handle := x.spawn(map[string]any{
			"relationships": map[string]any{"parent": target}, "grabbable": map[string]any{"actuate_on": "$parent"},
		})
		if handle == "" { // then one that is hung there later
			handle = x.spawn(map[string]any{"grabbable": map[string]any{"actuate_on": target}})
			x.change(handle, map[string]any{"relationships": map[string]any{"parent": target}})
		}
		before, _ := victim.at(target)
		far, hand := netcode.Identity, netcode.Identity
		far[12], far[13], far[14], hand[12] = 100, 50, -100, 0.001
		_ = x.SetIntent(netcode.Intent{LeftHand: netcode.HandPose{
			Pose: netcode.Pose{Matrix: hand, Set: true}, Grab: netcode.Grab{Entity: handle, Transform: far},
		}})
		a.sleep(time.Second)
		if after, ok := victim.at(target); ok && distance(before, after) > 3 {
			a.harm("%s was moved from %.1f to %.1f", target, before, after)
		}
	}
}

func distance(a, b [3]float64) float64 {
	return math.Hypot(math.Hypot(a[0]-b[0], a[1]-b[1]), a[2]-b[2])
}

// immobile hangs heads, and a hand, on a victim's avatar.
func immobile(a *attacker) {
	cfg := watcher("victim")
	cfg.Avatar = map[string]any{"children": []any{map[string]any{"intent": map[string]any{"actuate_pose": "head"}}}}
	victim := a.join(cfg)
	walks := func() float64 {
		before, _ := victim.at(victim.Avatar())
		_ = victim.SetIntent(netcode.Intent{WantsStickMovement: true, ZMovement: -1})
		a.sleep(time.Second)
		_ = victim.SetIntent(netcode.Intent{WantsStickMovement: true})
		a.sleep(200 * time.Millisecond)
		after, _ := victim.at(victim.Avatar())
		return before[2] - after[2]
	}
	x := a.join(deaf("attacker"))
	unharmed := walks()
	for name, head := range map[string][]any{
		"flat":      {0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0},
		"backwards": {-1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 1.0},
	} {
		id := x.spawn(map[string]any{
			"relationships": map[string]any{"parent": victim.Avatar()}, "intent": map[string]any{"actuate_pose": "head"},
			"transform": map[string]any{"matrix": head},
		})
		if walked := walks(); walked < unharmed/2 {
			a.harm("with a %s head of the attacker's it walks %.2f m where it walked %.2f m", name, walked, unharmed)
		}
		if id != "" {
			x.ask("remove_entity", id)
		}
	}
}
