package view

import (
	"cmp"
	"slices"
	"time"

	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/engine/grid"
	"github.com/loci-place/loci/engine/world"
)

// eyeCell is the width, in metres, of the cells that agents are found by.
const eyeCell = 8

// Agent is the agent that a view is for.
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
	// Period is the time between states. Default 50 ms.
	Period time.Duration
	// Distance is how far agents see, in metres; 0 = everything.
	Distance float64
	// Budget is how many bytes the packet to an agent on a good link may have.
	Budget int
	// Together is how many bytes the packets of all agents may have together for what they
	// are behind with, beside what has just changed; yet each may have a datagram.
	Together int
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
	records                 int // in body, where it is of a compact state
	candidates              []candidate

	watching  int // how many views are not full: those that keep account of entities
	bulk      ration
	news      int // bytes that have changed in this state, if they matter
	lean      bool
	audiences map[*world.Entity]*audience
	told      map[*world.Entity]bool // of what came or went in this state
	eyes      *grid.Grid[*View]      // with a view distance only
}

// audience is everybody that keeps account of an entity they have in view.
type audience struct {
	sights []*sight
	at     mgl64.Vec3 // where the entity was when it was last looked at, if a root
	looked bool
}

// NewViews returns the views of a world that nobody looks at yet.
func NewViews(w *world.World, cfg Config) *Views {
	cfg.Period = cmp.Or(cfg.Period, usualPeriod)
	return &Views{
		cfg: cfg, world: w, press: NewPress(w),
		of:        map[string]*View{},
		audiences: map[*world.Entity]*audience{},
		told:      map[*world.Entity]bool{},
		eyes:      grid.New[*View](eyeCell),
	}
}

// Add returns a view for a new agent, in which there is nothing yet.
func (vs *Views) Add(a Agent, form Form) *View {
	v := &View{
		views: vs, agent: a, form: form,
		link: newLink(vs.cfg.Budget, vs.cfg.Period), numbers: newNumbering(vs.cfg.Period),
		full: vs.cfg.Distance == 0,
		by:   map[*world.Entity]*sight{},
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
	v.forget()
	vs.eyes.Remove(v)
}

// Encoded counts the packets encoded so far for those who are sent all there is,
// however many agents each went to.
func (vs *Views) Encoded() uint64 { return vs.press.Encoded() }

// Observe notes what the edits of this state mean to every agent. It is called
// once before the packets of a state are made. It costs nothing for agents that
// are sent all there is.
func (vs *Views) Observe() {
	far := vs.cfg.Distance != 0
	vs.watching, vs.news = vs.countWatching(), 0
	switch {
	case far:
		vs.reroot()
	case vs.watching == 0:
		return
	default:
		vs.appear()
	}
	before := vs.world.Now() - 1
	for e := range vs.world.Changed(before) {
		if e.Root() == e {
			vs.moved(e)
		}
		if vs.news <= vs.cfg.Budget && vs.scarce() && e.Alive() && e.Existed(before) {
			vs.news += len(e.Fragment(before))
		}
		a := vs.audiences[e]
		if !far && e.Alive() && (a == nil || len(a.sights) < vs.watching) {
			vs.unaccounted(e)
			a = vs.audiences[e]
		}
		if a != nil {
			for _, t := range a.sights {
				if t.state == settled {
					t.view.owe(t)
				}
			}
		}
	}
	for _, r := range vs.world.Rerooted() {
		vs.tidy(r.Entity)
	}
	for _, v := range vs.all {
		if !v.full {
			v.look()
		}
	}
}

// scarce reports whether there are too many that are behind for each to have all that its link
// takes.
func (vs *Views) scarce() bool { return vs.lean || vs.watching*vs.cfg.Budget > vs.cfg.Together }

// Lean has agents get no more than a datagram with each state of what they are behind with,
// until it is called again.
func (vs *Views) Lean(lean bool) { vs.lean = lean }

// portion is how many bytes a packet may have because of that. What has just changed comes
// on top, as an agent that is behind stays behind otherwise, and has to be sent packets of
// its own for good; but not where it is more than any agent may be sent.
func (vs *Views) portion() int {
	news := vs.news
	if news > vs.cfg.Budget {
		news = 0
	}
	switch {
	case vs.lean && vs.cfg.Distance != 0:
		return MinBudget
	case vs.lean:
		return MinBudget + news
	case vs.scarce():
		return max(MinBudget, vs.cfg.Together/vs.watching) + news
	default:
		return max(MinBudget, vs.cfg.Budget)
	}
}

func (vs *Views) countWatching() int {
	n := 0
	for _, v := range vs.all {
		if !v.full {
			n++
		}
	}
	return n
}

// reroot moves entities from the views of their old roots to those of their new,
// and then looks who sees what has become a root.
func (vs *Views) reroot() {
	for _, r := range vs.world.Rerooted() {
		if a := vs.audiences[r.Entity]; a != nil {
			for _, t := range slices.Backward(a.sights) {
				if r.To == nil || !t.view.has(r.To) {
					t.view.leave(r.Entity)
				}
			}
		}
		if a := vs.audiences[r.To]; a != nil {
			for _, t := range a.sights {
				t.view.enter(r.Entity)
			}
		}
		if v := vs.of[r.Entity.Owner()]; v != nil && v.looked && r.Entity.Alive() {
			v.enter(r.Entity)
		}
	}
	for _, r := range vs.world.Rerooted() {
		if e := r.Entity; e.Root() == e {
			vs.audience(e).looked = false
			vs.moved(e)
		}
	}
}

// appear tells those who see everything what came or went. What did both in one
// state has changed, for them, at most.
func (vs *Views) appear() {
	before := vs.world.Now() - 1
	for _, r := range vs.world.Rerooted() {
		if e := r.Entity; e.Alive() != e.Existed(before) && !vs.told[e] {
			vs.told[e] = true
			vs.appeared(e, len(vs.told) > crowd)
		}
	}
	clear(vs.told)
}

// crowd is how many may come and go in a state before no account is kept of more that come
// but that they did: one agent can spawn hundreds, which would be hundreds for each agent
// to keep account of.
const crowd = 32

// appeared tells all who see everything that an entity came or went.
func (vs *Views) appeared(e *world.Entity, crowded bool) {
	for _, v := range vs.all {
		if !v.full {
			v.appeared(e, crowded)
		}
	}
}

// unaccounted begins to keep account of an entity that has changed, for those who
// see everything and had it right.
func (vs *Views) unaccounted(e *world.Entity) {
	for _, v := range vs.all {
		if !v.full && v.by[e] == nil && !v.backlog.has(e) {
			v.owe(v.track(e, 0))
		}
	}
}

// moved looks who sees a root from where it is now, and how near, if it has moved.
func (vs *Views) moved(root *world.Entity) {
	far := vs.cfg.Distance
	if far == 0 && vs.audiences[root] == nil {
		return // nobody keeps account of it
	}
	a, at, step := vs.audience(root), root.Position(), max(far*lookStep, rankStep)
	if a.looked && at.Sub(a.at).LenSqr() < step*step {
		return
	}
	a.at, a.looked = at, true
	if far != 0 {
		vs.lookFor(a, root)
	}
	for _, t := range a.sights {
		if t.ring != 0 { // what is an agent's own stays that
			t.view.debts.rank(t, t.view.distance(root))
		}
	}
}

// lookFor finds those who see a root from where they are.
func (vs *Views) lookFor(a *audience, root *world.Entity) {
	for _, t := range slices.Backward(a.sights) {
		if !t.view.sees(root) {
			t.view.lose(root)
		}
	}
	if v := vs.of[root.Owner()]; v != nil && v.looked {
		v.find(root)
	}
	vs.eyes.Near(a.at.X(), a.at.Z(), vs.cfg.Distance, func(v *View) { v.find(root) })
}

func (vs *Views) audience(e *world.Entity) *audience {
	a := vs.audiences[e]
	if a == nil {
		a = &audience{}
		vs.audiences[e] = a
	}
	return a
}

// watch puts a sight in the audience of its entity.
func (vs *Views) watch(t *sight) {
	a := vs.audience(t.entity)
	t.slot = int32(len(a.sights))
	a.sights = append(a.sights, t)
}

func (vs *Views) unwatch(t *sight) {
	a := vs.audiences[t.entity]
	last := len(a.sights) - 1
	moved := a.sights[last]
	moved.slot = t.slot
	a.sights[t.slot] = moved
	a.sights[last] = nil
	a.sights = a.sights[:last]
	if last == 0 && vs.cfg.Distance == 0 {
		delete(vs.audiences, t.entity)
	}
}

// tidy forgets the audience of an entity that went away, which outlives its last
// sight where there is a view distance.
func (vs *Views) tidy(e *world.Entity) {
	if a := vs.audiences[e]; a != nil && len(a.sights) == 0 && !e.Alive() {
		delete(vs.audiences, e)
	}
}
