package engine

import "github.com/loci-place/loci/engine/world"

// Behaviour is how a place behaves beyond what it does out of the box; package scripts
// is one. The place calls it on its turn, so it must not block, nor call [Place.Do].
// What else it wants a say in it tells by implementing more: [Doorkeeper], [Answerer],
// [Checker], [Watcher], [Listener].
type Behaviour interface {
	// Open is called once, before anybody is let in. An error keeps the place from
	// opening.
	Open(t *Turn) error
	// Beat is called once a heartbeat, when things have moved and before agents are
	// told, with the seconds since the one before.
	Beat(t *Turn, dt float64)
	// Settle is called last in every turn: after a message, a heartbeat and each
	// [Place.Do]. The world may be edited in it; in what the interfaces below are
	// called for it may not be, but in Answer.
	Settle(t *Turn)
	// Close is called once, when the place has closed and all have left.
	Close(t *Turn)
}

// Doorkeeper hears of agents that come and go, as [Config.Joined] and Left do.
type Doorkeeper interface {
	Joined(t *Turn, a Agent)
	Left(t *Turn, a Agent, code uint32)
}

// Answerer answers what agents ask the place or an entity of its own, before any
// [Verb] does, announces included (see [Request.IsAnnounce]).
type Answerer interface {
	// Answer reports whether it has taken the request on. It may answer it later.
	Answer(r *Request) bool
}

// Checker has a say in what components entities may have, no matter who sets them.
type Checker interface {
	// Check is asked about components that an owner's entity is to get, and may put
	// others in their place. E is nil for an entity that does not stand there yet.
	// An error refuses them all.
	Check(e *world.Entity, owner string, set map[string]any) error
	// Checks reports whether it has a say in a component that is to be animated. Then it
	// is asked about it, as it will be at either end of the animation, when that is
	// added and the entity has the property by then; what it puts in its place does not
	// count. About all that is between it is not asked.
	Checks(component string) bool
}

// Watcher hears of what comes, changes and goes by what agents, the host and scripts
// do. What intents, hands and animations move is no change in this sense.
type Watcher interface {
	// Watches reports whether it matters what a component was before it changed or went.
	Watches(component string) bool
	// Spawned is called with an entity that has come, after its parent.
	Spawned(e *world.Entity)
	// Changed is called after a component changed, which the entity had before or had
	// not. Old is what it was, if it is watched.
	Changed(e *world.Entity, component string, had bool, old map[string]any)
	// Removed is called with an entity that has gone, and its watched components as
	// they were.
	Removed(e Entity)
}

// Listener hears of all publications.
type Listener interface {
	Published(t *Turn, from string, body []any)
}

// hooks is what a place's behaviour implements. None may be nil.
type hooks struct {
	behaviour  Behaviour
	doorkeeper Doorkeeper
	answerer   Answerer
	checker    Checker
	watcher    Watcher
	listener   Listener
}

func newHooks(b Behaviour) hooks {
	h := hooks{behaviour: nothing{}, doorkeeper: nothing{}, answerer: nothing{}, checker: nothing{}, watcher: nothing{}, listener: nothing{}}
	if b == nil {
		return h
	}
	h.behaviour = b
	if d, ok := b.(Doorkeeper); ok {
		h.doorkeeper = d
	}
	if a, ok := b.(Answerer); ok {
		h.answerer = a
	}
	if c, ok := b.(Checker); ok {
		h.checker = c
	}
	if w, ok := b.(Watcher); ok {
		h.watcher = w
	}
	if l, ok := b.(Listener); ok {
		h.listener = l
	}
	return h
}

// nothing is the behaviour of a place that has none.
type nothing struct{}

func (nothing) Open(*Turn) error                                    { return nil }
func (nothing) Beat(*Turn, float64)                                 {}
func (nothing) Settle(*Turn)                                        {}
func (nothing) Close(*Turn)                                         {}
func (nothing) Joined(*Turn, Agent)                                 {}
func (nothing) Left(*Turn, Agent, uint32)                           {}
func (nothing) Answer(*Request) bool                                { return false }
func (nothing) Check(*world.Entity, string, map[string]any) error   { return nil }
func (nothing) Checks(string) bool                                  { return false }
func (nothing) Watches(string) bool                                 { return false }
func (nothing) Spawned(*world.Entity)                               {}
func (nothing) Changed(*world.Entity, string, bool, map[string]any) {}
func (nothing) Removed(Entity)                                      {}
func (nothing) Published(*Turn, string, []any)                      {}
