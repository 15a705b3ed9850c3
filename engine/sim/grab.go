package sim

import (
	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// grab moves what the mover's hands hold (netcode/PROTOCOL.md, "Intents", step 3). Anybody
// may move what its owner has made grabbable, or has named in a grabbable of its own below
// it; of several agents that hold the same, the last has it.
func grab(w *world.World, m Mover) {
	hold(w, m.Entity, "hand/left", &m.Intent.LeftHand.Grab)
	hold(w, m.Entity, "hand/right", &m.Intent.RightHand.Grab)
}

func hold(w *world.World, avatar *world.Entity, pose string, g *netcode.Grab) {
	if g.Entity == "" {
		return
	}
	held := w.Entity(g.Entity)
	if held == nil {
		return
	}
	rules := held.Grabbable()
	hand := avatar.Part(pose)
	if rules == nil || hand == nil {
		return
	}
	moved, inMoved := actuated(held, rules.ActuateOn)
	if moved == nil || moved.Owner() != held.Owner() {
		return // a handle moves only what its owner may move: it may hang on what is another's
	}
	to := hand.World().Mul4(mgl64.Mat4(g.Transform))
	if moved != held {
		if to = to.Mul4(inMoved.Inv()); to == (mgl64.Mat4{}) {
			return // nothing hangs on a flattened handle
		}
	}
	if p := moved.Parent(); p != nil {
		to = p.World().Inv().Mul4(to)
	}
	// A flat matrix comes out as not a number, which is refused.
	moved.SetLocal(constrain(moved.Local(), to, rules))
}

// actuated finds what moves when an entity is held, itself or what it hangs on, and
// where the held one is in it. It gives nil if that is not above it.
func actuated(held *world.Entity, on string) (moved *world.Entity, at mgl64.Mat4) {
	at = mgl64.Ident4()
	if on == "" || on == held.ID() {
		return held, at
	}
	moved = held
	for range world.MaxParents {
		at = moved.Local().Mul4(at)
		if moved = moved.Parent(); moved == nil || on == "$parent" || on == moved.ID() {
			return moved, at
		}
	}
	return nil, at
}

// constrain gives what becomes of an entity that stands at old and is moved to to,
// both in its parent's space, when only part of the movement may happen.
func constrain(old, to mgl64.Mat4, rules *world.Grabbable) mgl64.Mat4 {
	at := blend(position(old), position(to), rules.Translation)
	return translate(at).Mul4(turn(old, to, rules.Rotation).matrix())
}

// turn takes the new angle, about an axis between the old one and the new. Where
// that vanishes, nothing turns.
func turn(old, to mgl64.Mat4, share mgl64.Vec3) rotation {
	was, is := rotationOf(old), rotationOf(to)
	if !(is.angle > 0) {
		return is // none, or not a number
	}
	axis := blend(was.axis, is.axis, share)
	length := axis.Len()
	if length < noAxis {
		return was
	}
	return rotation{is.angle, axis.Mul(1 / length)}
}

// noAxis is the length under which there is no telling where a blended axis points.
const noAxis = 1e-6

// blend takes, along each axis, that share of is and the rest of was.
func blend(was, is, share mgl64.Vec3) mgl64.Vec3 {
	for i, s := range share {
		is[i] = was[i]*(1-s) + is[i]*s
	}
	return is
}
