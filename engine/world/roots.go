package world

import (
	"math"

	"github.com/go-gl/mathgl/mgl64"
)

// cellSize is the width of the cells of the grid of roots, in metres: a few of them cover
// what an agent sees.
const cellSize = 8

// Rerooted records that an entity got another root, appeared (From is nil) or was removed
// (To is nil).
type Rerooted struct {
	Entity   *Entity
	From, To *Entity
}

// Root returns the topmost ancestor in the world, the entity itself if it has no parent
// there. Each entity of a ring of parents, and each below it, is its own root.
func (e *Entity) Root() *Entity { return e.root }

// Rerooted returns the changes of roots in the current state.
func (w *World) Rerooted() []Rerooted { return w.rerooted }

// Near calls f for the roots within radius metres of a point, and for some a little beyond.
// f must not edit the world.
func (w *World) Near(at mgl64.Vec3, radius float64, f func(*Entity)) {
	w.roots.Near(at.X(), at.Z(), radius, f)
}

// Position returns the position of a root, to about a millimetre within a kilometre.
func (e *Entity) Position() mgl64.Vec3 {
	p := e.typed.at
	return mgl64.Vec3{float64(p[0]), float64(p[1]), float64(p[2])}
}

// settle updates the root of e and its descendants after e was added, removed or got another
// parent. Even if e's own root stays, those of others in a ring may change.
func (e *Entity) settle() {
	e.reroot()
	if len(e.w.children.by[e.id]) == 0 {
		return
	}
	for _, c := range e.w.Family(e)[1:] {
		c.reroot()
	}
}

// resettle calls settle or locate after a component has changed.
func (e *Entity) resettle(name string) {
	if name == "relationships" {
		e.settle()
	}
}

func (e *Entity) reroot() {
	root := e.topmost()
	if root == e.root {
		return
	}
	w := e.w
	w.rerooted = append(w.rerooted, Rerooted{e, e.root, root})
	if e.root == e {
		w.roots.Remove(e)
	}
	e.root = root
	e.locate()
}

func (e *Entity) topmost() *Entity {
	if !e.Alive() {
		return nil
	}
	top := e
	for n := 0; ; n++ {
		p := top.Parent()
		switch {
		case p == nil:
			return top
		case p == e || n == MaxParents:
			return e
		}
		top = p
	}
}

// locate updates the position of a root in the grid.
func (e *Entity) locate() {
	if e.root == e {
		e.w.roots.Put(e, float64(e.typed.at[0]), float64(e.typed.at[2]))
	}
}

// setPosition stores the position of a transform, in float32 because there may be very many
// entities.
func (e *Entity) setPosition(x, y, z float64) {
	const most = math.MaxFloat32
	for i, v := range [3]float64{x, y, z} {
		e.typed.at[i] = float32(max(-most, min(most, v)))
	}
	e.locate()
}
