package scripts

import (
	"log/slog"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/vec"
	"github.com/loci-place/loci/scripts/sandbox"
)

// generation is one load of a place's scripts: a Lua state and all that it declared. It
// belongs to the goroutine that loads it until the runtime puts it in force, and to the
// place's turn from then on.
type generation struct {
	r       *Runtime
	n       int
	log     *slog.Logger
	sources Sources
	*bind.State
	missed  string // the id of the last entity that a script asked for and that there is not
	live    bool   // in force: there is a turn
	over    bool   // was in force
	looking bool   // a handler runs that must not change the place

	// What the top level declared.
	name    string
	hears   *handler
	scene   map[string]declared
	on      map[string][]*handler
	before  map[string][]*handler
	verbs   map[string]*handler
	kinds   map[string]*kind
	ticks   []*kind // that have a tick, in order
	rules   []*acl.Rule
	verdict *acl.Verdict // nil = as without acl.lua

	timers        timers
	tasks         map[*task]bool
	subscriptions map[*subscription]bool
	made          int   // of both
	running       *task // whose stretch is under way

	entities map[string]*entity
	agents   map[string]*agentValue
	state    *stateTable
	assets   map[string]bool // files that were asked for
	meta     metatables
	methods  struct{ entity, agent *lua.LTable }
	reserved map[string]bool // names of entities' fields and methods
	backoffs backoffs
	spots    map[string]*ErrorStatus // errors so far, by where they happened
	tick     struct{ kind, member int }
	cause    error  // of a pattern that does not compile
	trial    *Trial // where it is not a place's scripts but tests of them
}

// metatables are of the values that are handed out.
type metatables struct {
	entity, components, part, nested, agent, request, timer, task, subscription, later, trialPlace, trialAgent *lua.LTable
}

// newGeneration makes a state with the API in it, and runs nothing.
func (r *Runtime) newGeneration(n int, sources Sources) *generation {
	g := &generation{
		r: r, n: n, sources: sources,
		log:           r.log.With("generation", n),
		scene:         map[string]declared{},
		on:            map[string][]*handler{},
		before:        map[string][]*handler{},
		verbs:         map[string]*handler{},
		kinds:         map[string]*kind{},
		tasks:         map[*task]bool{},
		subscriptions: map[*subscription]bool{},
		reserved:      map[string]bool{},
		entities:      map[string]*entity{},
		agents:        map[string]*agentValue{},
		assets:        map[string]bool{},
		backoffs:      backoffs{most: r.config.Limits.Backoff},
		spots:         map[string]*ErrorStatus{},
	}
	g.State = bind.New(sandbox.Config{
		Print:   func(line string) { g.say(slog.LevelInfo, line) },
		Explain: g.explain,
		Require: func(name string) (string, string, bool) { return moduleSource(sources, name, r.config.StandIns) },
	})
	g.openPlace()
	g.openLists()
	g.Preload("loci.vec", vec.Open(g.State))
	for name, m := range r.config.Modules {
		g.Preload(name, g.module(m))
	}
	return g
}

// turn is the place's, nil while the top level runs.
func (g *generation) turn() *engine.Turn {
	if g.live {
		return g.r.turn
	}
	return nil
}

// payer is the quota of whoever has the scripts do what they do: the place's own at the
// top level.
func (g *generation) payer() *quota {
	if g.live {
		return g.r.quotas.cause(g.r.turn)
	}
	return g.r.quotas.place
}

// needsPlace raises an error where there is no place yet: at the top level.
func (g *generation) needsPlace(L *lua.LState, what string) {
	if !g.live {
		L.RaiseError("%s works in handlers, not at the top level of a script, which only declares; what should happen once belongs in place.on(\"open\", …)", what)
	}
}

// changes raises an error where a script must not change the place: at the top level,
// and in validate and place.hears, which are asked in the midst of other changes.
func (g *generation) changes(L *lua.LState, what string) {
	g.needsPlace(L, what)
	if g.r.gen.looking {
		L.RaiseError("%s does not work in validate and place.hears: they only look", what)
	}
}

// look calls a handler that must not change the place.
func (g *generation) look(h *handler, about string, args ...lua.LValue) ([]lua.LValue, error) {
	defer func(before bool) { g.looking = before }(g.looking)
	g.looking = true
	return g.call(h, about, args...)
}

// needsTopLevel raises an error in handlers.
func (g *generation) needsTopLevel(L *lua.LState, what string) {
	if g.live || g.over {
		L.RaiseError("%s works at the top level of a script only: what is declared there lives until the next reload", what)
	}
}

// close ends a generation that was in force, or never came to it.
func (g *generation) close() {
	g.live, g.over = false, true
	for _, t := range inOrder(g.tasks, func(t *task) int { return t.n }) {
		t.abandon(g, "reloaded")
	}
	g.timers = timers{}
	for _, s := range inOrder(g.subscriptions, func(s *subscription) int { return s.n }) {
		s.cancel(g)
	}
	for _, ent := range g.entities {
		ent.unwatch() // the world must not keep what is over
	}
	g.Close()
}

// descriptions is a generation whose classes are only read.
var descriptions *generation

// classes are all of the API, in the order of the reference.
func classes() []api.Class {
	g := descriptions
	return slices.Concat([]api.Class{
		g.placeClass(), g.entityClass(), g.agentClass(), g.requestClass(), g.timerClass(), g.taskClass(), g.subscriptionClass(),
		g.storeClass(), g.logClass(), g.jsonClass(),
	}, vec.Classes(), []api.Class{g.aclClass(), g.trialClass(), g.trialPlaceClass(), g.trialAgentClass()})
}
