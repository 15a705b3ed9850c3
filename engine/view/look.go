package view

import (
	"math"

	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/engine/world"
)

// An agent, or an entity, moves by lookStep of the view distance, and at least by
// rankStep metres, before its view is computed again. What is in view is up to twice that
// out of date.
const (
	lookStep = 0.05
	rankStep = 0.3
)

// look finds what the agent sees from where it is, if it has moved.
func (v *View) look() {
	eye, far := v.agent.Eye(), v.views.cfg.Distance
	step := max(far*lookStep, rankStep)
	if first := !v.looked; first || eye.Sub(v.eye).LenSqr() >= step*step {
		v.eye, v.looked = eye, true
		if far != 0 {
			v.lookAround(first)
		}
		v.debts.looks++
	}
	v.debts.rankAgain(v.ring)
}

func (v *View) lookAround(first bool) {
	w := v.views.world
	v.views.eyes.Put(v, v.eye.X(), v.eye.Z())
	for e, t := range v.by {
		if e.Root() == e && !t.gone && !v.sees(e) {
			v.lose(e)
		}
	}
	w.Near(v.eye, v.views.cfg.Distance, v.find)
	if first { // what is always in view, however far
		for e := range w.Entities() {
			switch {
			case e.Root() == e:
				v.find(e)
			case v.agent.Own(e):
				v.enter(e)
			}
		}
	}
}

func (v *View) find(root *world.Entity) {
	if !v.has(root) && v.sees(root) {
		v.gain(root)
	}
}

// has reports whether the entity is in view.
func (v *View) has(e *world.Entity) bool {
	t := v.by[e]
	return t != nil && !t.gone
}

// sees reports whether a root is within the view distance of where the agent last
// looked from, or in view anyway.
func (v *View) sees(root *world.Entity) bool {
	far := v.views.cfg.Distance
	return v.constant(root) ||
		root.Position().Sub(v.eye).LenSqr() <= far*far && v.agent.Relevance(root) > 0
}

// constant tells what is in view wherever it is: the place and the agent's own.
func (v *View) constant(e *world.Entity) bool {
	return e.ID() == placeID || v.agent.Own(e)
}

// placeID is the place's own entity (netcode/PROTOCOL.md, "Agents and entities").
const placeID = "place"

// gain brings a root and all below it into view.
func (v *View) gain(root *world.Entity) { v.family(root, root, v.enter) }

// lose puts a root and all below it out of view.
func (v *View) lose(root *world.Entity) { v.family(root, root, v.leave) }

// family calls f for an entity and all below it that have the given root.
func (v *View) family(e, root *world.Entity, f func(*world.Entity)) {
	f(e)
	for _, c := range v.views.world.Children(e.ID()) {
		if c != root && c.Root() == root {
			v.family(c, root, f)
		}
	}
}

// enter notes that an entity is in view.
func (v *View) enter(e *world.Entity) {
	t := v.by[e]
	switch {
	case t == nil:
		v.debts.owe(v.track(e, 0), v.views.world.Now())
	case t.gone:
		t.gone = false
		v.views.watch(t)
		switch {
		case !t.right():
		case t.sent != 0:
			v.debts.hold(t)
		default:
			v.debts.settle(t) // the document has it still
		}
	}
}

// leave notes that an entity is not in view any more. What is the agent's own stays, even
// below a root that is far: its app takes it for removed otherwise.
func (v *View) leave(e *world.Entity) {
	t := v.by[e]
	if t == nil || t.gone || e.Alive() && v.agent.Own(e) {
		return
	}
	t.gone = true
	v.views.unwatch(t)
	switch {
	case t.held == 0 && t.sent == 0:
		v.discard(t)
	case t.held == 0:
		v.debts.hold(t)
	case t.state == settled:
		v.owe(t)
	}
}

// track begins to keep account of an entity, which the base document has as of
// state held.
func (v *View) track(e *world.Entity, held world.Stamp) *sight {
	t := &sight{view: v, entity: e, held: held}
	v.by[e] = t
	v.views.watch(t)
	return t
}

// appeared notes that an entity came or went in this state, if the agent sees
// everything; crowded, with many others.
func (v *View) appeared(e *world.Entity, crowded bool) {
	before := v.views.world.Now() - 1
	switch alive := e.Alive(); {
	case v.backlog.has(e):
		if !alive {
			v.backlog.remove(e)
		}
	case alive && crowded && v.by[e] == nil && !v.agent.Own(e):
		v.backlog.add(e)
	case alive:
		v.enter(e)
	case v.by[e] != nil:
		v.leave(e)
	case e.Existed(before):
		v.vanished(e, before)
	}
}

// vanished notes that an entity is gone which the base document has as of state
// held, and of which no account was kept.
func (v *View) vanished(e *world.Entity, held world.Stamp) {
	t := v.track(e, held)
	v.views.unwatch(t)
	t.gone = true
	v.debts.owe(t, held+1)
}

// owe notes that an entity, of which the base document was right up to now, has
// changed in this state.
func (v *View) owe(t *sight) {
	now := v.views.world.Now()
	t.held = now - 1
	v.debts.owe(t, now)
}

// discard ends the account of an entity that the document has not and need not.
func (v *View) discard(t *sight) {
	v.arrived(t)
	v.debts.settle(t)
	delete(v.by, t.entity)
}

// ring sorts an entity by how near it is.
func (v *View) ring(e *world.Entity) uint8 {
	if v.constant(rootOf(e)) || v.agent.Own(e) {
		return 0
	}
	return v.distance(e)
}

// rootOf is the root of an entity, or itself where it has gone.
func rootOf(e *world.Entity) *world.Entity {
	if root := e.Root(); root != nil {
		return root
	}
	return e
}

// distance is the ring of an entity that is not the agent's own.
func (v *View) distance(e *world.Entity) uint8 { return ring(v.squared(e, v.eye)) }

// squared is how far an entity is from an eye, in square metres, the less the more
// it matters; infinite where it does not.
func (v *View) squared(e *world.Entity, eye mgl64.Vec3) float64 {
	root := rootOf(e)
	relevance := v.agent.Relevance(root)
	squared := root.Position().Sub(eye).LenSqr() / (relevance * relevance)
	if !(relevance > 0) || math.IsNaN(squared) {
		return math.Inf(1)
	}
	return squared
}
