package engine

import (
	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/engine/view"
	"github.com/loci-place/loci/engine/world"
)

var _ view.Agent = (*agent)(nil)

// ID implements [view.Agent].
func (a *agent) ID() string { return a.id }

// Eye is where the agent's head is, or its avatar if it has no head.
func (a *agent) Eye() mgl64.Vec3 {
	e := a.place.world.Entity(a.avatar)
	if e == nil {
		return mgl64.Vec3{}
	}
	if head := e.Part("head"); head != nil {
		e = head
	}
	return e.World().Col(3).Vec3()
}

// Own implements [view.Agent]: what the agent owns, and what its hands hold.
func (a *agent) Own(e *world.Entity) bool {
	if e.Owner() == a.id {
		return true
	}
	for i := range a.intent.Intents {
		intent := &a.intent.Intents[i]
		if id := e.ID(); id == intent.LeftHand.Grab.Entity || id == intent.RightHand.Grab.Entity {
			return true
		}
	}
	return false
}

// Relevance implements [view.Agent].
func (a *agent) Relevance(e *world.Entity) float64 {
	if ask := a.place.cfg.Relevance; ask != nil {
		return ask(a.id, e.ID())
	}
	return 1
}
