package sim

import (
	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// pose returns the entities that act out the mover's poses their transforms
// (netcode/PROTOCOL.md, "Intents", step 2): the avatar itself and its children, if the same
// agent owns them, and whatever names the avatar in from_avatar.
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

// follow gives e the transform of the pose it actuates.
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
