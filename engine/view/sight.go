package view

import (
	"math"

	"github.com/loci-place/loci/engine/world"
)

// lookStep is the share of the view distance that an agent moves before it looks
// around anew: what is in view is that much out of date.
const lookStep = 0.05

// look finds what the agent sees from where it is, if it has moved.
func (v *View) look() {
	eye, far := v.agent.Eye(), v.views.cfg.Distance
	if v.looked && eye.Sub(v.eye).LenSqr() < far*far*lookStep*lookStep {
		return
	}
	first := !v.looked
	v.eye, v.looked = eye, true
	v.views.eyes.Put(v, eye.X(), eye.Z())
	for root := range v.members {
		if !v.sees(root) {
			v.lose(root)
		}
	}
	find := func(root *world.Entity) {
		if !v.members[root] && v.sees(root) {
			v.gain(root)
		}
	}
	v.views.world.Near(eye, far, find)
	if first { // what is always in view, however far
		for e := range v.views.world.Entities() {
			if e.Root() == e {
				find(e)
			}
		}
	}
}

// sees tells whether a root is in view, from where the agent last looked.
func (v *View) sees(root *world.Entity) bool {
	if v.constant(root) {
		return true
	}
	far := v.views.cfg.Distance
	return root.Position().Sub(v.eye).LenSqr() <= far*far && v.agent.Relevance(root) > 0
}

// constant tells what is in view wherever it is: the place and the agent's own.
func (v *View) constant(e *world.Entity) bool {
	return e.ID() == placeID || v.agent.Own(e)
}

// placeID is the place's own entity (protocol section 2).
const placeID = "place"

// gain brings a root and all below it into view.
func (v *View) gain(root *world.Entity) {
	v.members[root] = true
	v.views.audience[root] = append(v.views.audience[root], v)
	v.family(root, root, v.enter)
}

// lose puts a root and all below it out of view.
func (v *View) lose(root *world.Entity) {
	delete(v.members, root)
	v.views.unsee(root, v)
	v.family(root, root, v.leave)
}

// family calls f for an entity and all below it that have the given root.
func (v *View) family(e, root *world.Entity, f func(*world.Entity)) {
	f(e)
	for _, c := range v.views.world.Children(e.ID()) {
		if c != root && c.Root() == root {
			v.family(c, root, f)
		}
	}
}

// enter notes that an entity is in view now.
func (v *View) enter(e *world.Entity) {
	o := v.debts.by[e]
	if o == nil {
		v.debts.add(e, 0, v.views.world.Now(), v.ring(e))
		return
	}
	o.gone = false
	if o.sent == 0 && o.held != 0 && e.Alive() && e.Changed() <= o.held {
		v.debts.settle(o) // the document has it still
	}
}

// leave notes that an entity is not in view any more.
func (v *View) leave(e *world.Entity) {
	now := v.views.world.Now()
	o := v.debts.by[e]
	switch {
	case o == nil && e.Existed(now-1):
		v.debts.add(e, now-1, now, v.ring(e)).gone = true
	case o == nil: // came and went in this state
	case o.held == 0 && o.sent == 0:
		v.debts.settle(o)
	default:
		o.gone = true
	}
}

// changed notes that an entity in view has changed in this state.
func (v *View) changed(e *world.Entity) {
	now := v.views.world.Now()
	o := v.debts.by[e]
	if o == nil {
		existed := e.Existed(now - 1)
		switch {
		case existed:
			v.debts.add(e, now-1, now, v.ring(e))
		case e.Alive():
			v.debts.add(e, 0, now, v.ring(e))
		}
		return
	}
	if o.absent() && o.held == 0 && o.sent == 0 {
		v.debts.settle(o)
	}
}

// ring sorts an entity by how near it is.
func (v *View) ring(e *world.Entity) int {
	root := e.Root()
	if root == nil {
		root = e
	}
	if v.constant(root) || v.agent.Own(e) {
		return 0
	}
	relevance := v.agent.Relevance(root)
	if !(relevance > 0) {
		return rings - 1
	}
	squared := root.Position().Sub(v.eye).LenSqr() / (relevance * relevance)
	if math.IsNaN(squared) {
		return rings - 1
	}
	return ring(squared)
}
