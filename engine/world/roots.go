package world

import (
	"math"

	"github.com/go-gl/mathgl/mgl64"
)

// cellSize is the width, in metres, of the cells that roots are found by: a few
// of them cover what an agent sees.
const cellSize = 8

// Rerooted says that an entity came under another root, appeared (From is nil) or
// went away (To is nil).
type Rerooted struct {
	Entity   *Entity
	From, To *Entity
}

// Root is the topmost ancestor that stands in the world, the entity itself if it
// has no parent there. A ring of parents, and what is below it, are roots each.
func (e *Entity) Root() *Entity { return e.root }

// Rerooted lists what happened to roots in the state being made.
func (w *World) Rerooted() []Rerooted { return w.rerooted }

// Near calls f for the roots within radius metres of a point, and for some a
// little beyond. F must not edit the world.
func (w *World) Near(at mgl64.Vec3, radius float64, f func(*Entity)) {
	w.roots.Near(at.X(), at.Z(), radius, f)
}

// Position is where a root stands, to about a millimetre within the kilometre.
func (e *Entity) Position() mgl64.Vec3 {
	p := e.typed.at
	return mgl64.Vec3{float64(p[0]), float64(p[1]), float64(p[2])}
}

// settle finds the root of e, and of all below it, after e came, went or got
// another parent. Even where e's own stays, that of others in a ring may not.
func (e *Entity) settle() {
	e.reroot()
	if len(e.w.children.by[e.id]) == 0 {
		return
	}
	for _, c := range e.w.Family(e)[1:] {
		c.reroot()
	}
}

// resettle is settle after a component of that name changed.
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

// locate keeps the grid up to date with where a root is.
func (e *Entity) locate() {
	if e.root == e {
		e.w.roots.Put(e, float64(e.typed.at[0]), float64(e.typed.at[2]))
	}
}

// setPosition takes the position from a transform, in float32 since there may be
// very many entities.
func (e *Entity) setPosition(x, y, z float64) {
	const most = math.MaxFloat32
	for i, v := range [3]float64{x, y, z} {
		e.typed.at[i] = float32(max(-most, min(most, v)))
	}
	e.locate()
}
