package sim

import (
	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// MaxStep is the longest time, in seconds, that one step simulates. After a
// longer gap everything moves as far as in that time: slower rather than in leaps.
const MaxStep = 1.0 / 5

// Mover is an avatar, or another entity of the same agent, and the intent in
// force for it.
type Mover struct {
	Entity *world.Entity
	Intent *netcode.Intent
}

// Step lets every mover act for dt seconds, one after the other: it walks, poses and
// moves what it holds. [Animate] comes after it.
func Step(w *world.World, movers []Mover, dt float64) {
	dt = min(max(dt, 0), MaxStep)
	for _, m := range movers {
		if !m.Entity.Alive() {
			continue
		}
		stick(m, dt)
		pose(w, m)
		grab(w, m)
	}
}
