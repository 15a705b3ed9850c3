package sim

import (
	"github.com/go-gl/mathgl/mgl64"
	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// MaxStep is the longest time, in seconds, that one step simulates. After a longer gap
// everything moves only as far as in that time, so that nothing jumps.
const MaxStep = 1.0 / 5

// Mover is an avatar, or another entity of the same agent, with its current intent.
type Mover struct {
	Entity *world.Entity
	Intent *netcode.Intent
}

// Step simulates dt seconds of each mover in turn: it walks, poses and moves what it holds.
// Call [Animate] after it.
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

// speed is how fast a fully deflected stick moves an avatar, in metres a second.
const speed = 2.0

// stick walks and turns an avatar by its stick, relative to the direction of its head
// (netcode/PROTOCOL.md, "Intents", step 1).
func stick(m Mover, dt float64) {
	if !m.Intent.WantsStickMovement {
		return
	}
	head := mgl64.Ident4()
	if h := m.Entity.Part("head"); h != nil {
		head = h.Local()
	}
	back := head.Inv()
	if back == (mgl64.Mat4{}) {
		return // nobody can look along a flattened head
	}
	old := m.Entity.Local()
	here := translate(position(old))
	yaw, d := m.Intent.Yaw, speed*dt
	moved := here.Mul4(movement(head, back, yaw, m.Intent.XMovement*d, m.Intent.ZMovement*d))
	turned := here.Mul4(movement(head, back, yaw, 0, 0))

	// Turning swings a head that is not above the avatar's origin: put it back.
	swing := position(old.Mul4(head)).Sub(position(turned.Mul4(head)))
	m.Entity.SetLocal(translate(swing).Mul4(moved))
}

// movement turns by yaw about the vertical and steps (x, 0, z) in the direction of the head,
// along the floor even if the head is tilted. back is the head's inverse.
func movement(head, back mgl64.Mat4, yaw, x, z float64) mgl64.Mat4 {
	turn := mgl64.HomogRotate3D(yaw, mgl64.Vec3{0, -1, 0})
	full := turn.Mul4(head).Mul4(mgl64.Translate3D(x, 0, z)).Mul4(back)
	return full.Mul4(mgl64.Translate3D(0, -position(full).Y(), 0))
}

func position(m mgl64.Mat4) mgl64.Vec3 { return m.Col(3).Vec3() }

func translate(v mgl64.Vec3) mgl64.Mat4 { return mgl64.Translate3D(v.Elem()) }

// pose sets the transforms of the entities that actuate the mover's poses
// (netcode/PROTOCOL.md, "Intents", step 2): the avatar itself, its children with the same
// owner, and entities that name the avatar in from_avatar.
func pose(w *world.World, m Mover) {
	if e := m.Entity; e.FromAvatar() == "" && (e.Pose() == "root" || e.Parent() == nil) {
		follow(e, m.Intent)
	}
	for _, c := range w.Children(m.Entity.ID()) {
		if c.Owner() == m.Entity.Owner() && c.Pose() != "root" && c.FromAvatar() == "" {
			follow(c, m.Intent)
		}
	}
	for _, f := range w.Followers(m.Entity.ID()) {
		follow(f, m.Intent)
	}
}

// follow sets the transform of e to the pose that it actuates.
func follow(e *world.Entity, intent *netcode.Intent) {
	p := find(intent, e.Pose())
	// Identity is what agents send for a pose they do not track.
	if p == nil || !p.Set || p.Matrix == netcode.Identity {
		return
	}
	e.SetLocal(mgl64.Mat4(p.Matrix))
}

func find(intent *netcode.Intent, name string) *netcode.Pose {
	switch name {
	case "head":
		return &intent.Head
	case "torso":
		return &intent.Torso
	case "root":
		return &intent.Root
	case "hand/left":
		return &intent.LeftHand.Pose
	case "hand/right":
		return &intent.RightHand.Pose
	}
	return nil
}

// grab moves what the mover's hands hold (netcode/PROTOCOL.md, "Intents", step 3). Any agent
// may move an entity that its owner made grabbable, or named in the grabbable of another
// entity below it. If several agents hold the same entity, the last one moves it.
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
		return // a handle may be attached to an entity of another owner, but does not move that
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

// actuated returns what moves when an entity is held, itself or an ancestor, and the
// position of the held entity in it; nil if on names no ancestor.
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

// constrain returns the transform of an entity that is moved from old to to, both in its
// parent's space, with the constraints of rules applied.
func constrain(old, to mgl64.Mat4, rules *world.Grabbable) mgl64.Mat4 {
	at := blend(position(old), position(to), rules.Translation)
	return translate(at).Mul4(turn(old, to, rules.Rotation).matrix())
}

// turn returns the rotation by the new angle about an axis between the old one and the new.
// If that axis vanishes, nothing turns.
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

// noAxis is the length below which the direction of a blended axis is meaningless.
const noAxis = 1e-6

// blend interpolates between was and is by a share for each axis.
func blend(was, is, share mgl64.Vec3) mgl64.Vec3 {
	for i, s := range share {
		is[i] = was[i]*(1-s) + is[i]*s
	}
	return is
}
