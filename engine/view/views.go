package view

import (
	"slices"

	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/engine/grid"
	"github.com/loci-place/loci/engine/world"
)

// eyeCell is the width, in metres, of the cells that agents are found by.
const eyeCell = 8

// Agent is whom a view is for.
type Agent interface {
	// ID is what the agent's entities are owned by.
	ID() string
	// Eye is where the agent looks from, in world space.
	Eye() mgl64.Vec3
	// Own tells what matters most to the agent, wherever it is: its avatar and
	// its other entities, and what it holds.
	Own(e *world.Entity) bool
	// Relevance is how much an entity matters otherwise: 1 as its distance says,
	// 4 as if it were at a quarter of that, 0 not at all, so that it is not in
	// view. Children go with their root.
	Relevance(e *world.Entity) float64
}

// Config is the same for all views of a place.
type Config struct {
	// Window is how many states back an acknowledgement may lie.
	Window int
	// Distance is how far agents see, in metres; 0 = everything.
	Distance float64
	// Budget is how many bytes the packet to an agent on a good link may have.
	Budget int
}

// Views are the views of all agents in a world.
type Views struct {
	cfg   Config
	world *world.World
	press *Press
	all   []*View
	of    map[string]*View // by agent id

	// Of the packet being made: its entities, the same as operations, and the
	// packet with either.
	body, ops, merge, apply []byte

	// With a view distance only:
	audience map[*world.Entity][]*View // who has the family of a root in view
	eyes     *grid.Grid[*View]
}

// NewViews gives the views of a world that nobody looks at yet.
func NewViews(w *world.World, cfg Config) *Views {
	return &Views{
		cfg: cfg, world: w, press: NewPress(w),
		of:       map[string]*View{},
		audience: map[*world.Entity][]*View{},
		eyes:     grid.New[*View](eyeCell),
	}
}

// Add gives a new agent a view, in which there is nothing yet. With patch, the
// agent understands JSON Patch.
func (vs *Views) Add(a Agent, patch bool) *View {
	v := &View{
		views: vs, agent: a, patch: patch,
		link:    newLink(vs.cfg.Budget),
		full:    vs.cfg.Distance == 0,
		members: map[*world.Entity]bool{},
	}
	v.debts.init()
	vs.all = append(vs.all, v)
	vs.of[a.ID()] = v
	return v
}

// Drop ends the view of an agent that left.
func (vs *Views) Drop(v *View) {
	vs.all = slices.DeleteFunc(vs.all, func(o *View) bool { return o == v })
	delete(vs.of, v.agent.ID())
	for root := range v.members {
		vs.unsee(root, v)
	}
	vs.eyes.Remove(v)
}

// Encoded counts the packets encoded so far for those who are sent all there is,
// however many agents each went to.
func (vs *Views) Encoded() uint64 { return vs.press.Encoded() }

// Observe notes what the edits of this state mean to every agent. It is called
// once before the packets of a state are made.
func (vs *Views) Observe() {
	if vs.cfg.Distance == 0 {
		vs.observeAll()
		return
	}
	vs.reroot()
	for e := range vs.world.Changed(vs.world.Now() - 1) {
		if e.Root() == e {
			vs.moved(e)
		}
		for _, v := range vs.audience[e.Root()] {
			v.changed(e)
		}
	}
	for _, v := range vs.all {
		v.look()
	}
}

// observeAll is Observe where everybody sees everything. Those who are sent all
// there is anyway keep no account of it.
func (vs *Views) observeAll() {
	for _, v := range vs.all {
		if v.full {
			continue
		}
		v.eye = v.agent.Eye()
		for e := range vs.world.Changed(vs.world.Now() - 1) {
			v.changed(e)
		}
	}
}

// reroot moves entities from the views of their old roots to those of their new,
// and then sees to what has become a root or is none any more.
func (vs *Views) reroot() {
	for _, r := range vs.world.Rerooted() {
		before, after := vs.audience[r.From], vs.audience[r.To]
		for _, v := range before {
			if !slices.Contains(after, v) {
				v.leave(r.Entity)
			}
		}
		for _, v := range after {
			if !slices.Contains(before, v) {
				v.enter(r.Entity)
			}
		}
	}
	for _, r := range vs.world.Rerooted() {
		e := r.Entity
		if e.Root() == e {
			vs.moved(e)
			continue
		}
		for _, v := range vs.audience[e] {
			delete(v.members, e)
		}
		delete(vs.audience, e)
	}
}

// moved looks who sees a root from where it is now.
func (vs *Views) moved(root *world.Entity) {
	for _, v := range slices.Backward(vs.audience[root]) {
		if !v.sees(root) {
			v.lose(root)
		}
	}
	if v := vs.of[root.Owner()]; v != nil && v.looked && !v.members[root] {
		v.gain(root)
	}
	at := root.Position()
	vs.eyes.Near(at.X(), at.Z(), vs.cfg.Distance, func(v *View) {
		if !v.members[root] && v.sees(root) {
			v.gain(root)
		}
	})
}

// unsee takes a view from the audience of a root.
func (vs *Views) unsee(root *world.Entity, v *View) {
	rest := vs.audience[root]
	if i := slices.Index(rest, v); i >= 0 {
		rest[i] = rest[len(rest)-1]
		rest = rest[:len(rest)-1]
	}
	if len(rest) == 0 {
		delete(vs.audience, root)
		return
	}
	vs.audience[root] = rest
}
