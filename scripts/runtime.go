package scripts

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/scripts/watch"
)

// Runtime runs a place's scripts: the [engine.Behaviour] to open the place with.
type Runtime struct {
	config Config
	log    *slog.Logger
	turn   *engine.Turn

	// All below is used on the place's turn only.
	gen      *generation         // in force
	next     *generation         // loaded by New, until the place opens
	declared map[string]declared // the scene as last reconciled
	base     engine.Rules        // the host's
	name     string              // likewise
	quotas   quotas
	opening  bool // until the open handlers have run
	entrance entrance
	events   events
	lines    lines
	errors   int    // of scripts so far
	refused  uint64 // requests that were one agent's too many
	spent    [len(handlerKinds)]HandlerStatus
	memory   memory

	reloads, failures atomic.Uint64
	failure           atomic.Pointer[ReloadFailure] // of the newest reload
	broken            atomic.Pointer[error]         // of the generation in force, see Broken
	place             atomic.Pointer[engine.Place]  // once it is open
	opened            atomic.Bool

	assets   *assetFolder
	loading  sync.Mutex // one reload at a time
	watching sync.WaitGroup
	stop     func() // ends watching
}

var (
	_ engine.Behaviour  = (*Runtime)(nil)
	_ engine.Doorkeeper = (*Runtime)(nil)
	_ engine.Answerer   = (*Runtime)(nil)
	_ engine.Checker    = (*Runtime)(nil)
	_ engine.Watcher    = (*Runtime)(nil)
	_ engine.Listener   = (*Runtime)(nil)
)

// New loads a place's scripts. The error says file and line of what is wrong. A place
// that is opened with the runtime starts what they declare.
func New(config Config) (*Runtime, error) {
	if err := config.Limits.check(); err != nil {
		return nil, err
	}
	if err := config.checkModules(); err != nil {
		return nil, err
	}
	config.Limits.setDefaults()
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	if config.Store == nil {
		config.Store = &MemoryStore{}
	}
	r := &Runtime{config: config, log: config.Logger, stop: func() {}, declared: map[string]declared{}}
	r.quotas = newQuotas(&r.config.Limits)
	r.assets = config.assetFolder()
	sources, err := r.sources()
	if err != nil {
		return nil, err
	}
	if r.next, err = r.load(1, sources, nil); err != nil {
		return nil, err
	}
	return r, nil
}

// sources reads what the configuration names.
func (r *Runtime) sources() (Sources, error) {
	switch {
	case r.config.Dir != "":
		snapshot, err := watch.Read(r.config.Dir, r.config.Watch.Patterns...)
		if err == nil {
			err = snapshot.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("scripts: %w", err)
		}
		return snapshot, nil
	case r.config.Sources != nil:
		return r.config.Sources, nil
	}
	return Bundled(), nil
}

// Open implements [engine.Behaviour]. A runtime runs in one place, once: what it has loaded
// is that place's from then on.
func (r *Runtime) Open(t *engine.Turn) error {
	if r.opened.Swap(true) {
		return errors.New("scripts: this Runtime was given to a place before: make one with New for each place")
	}
	r.turn = t
	r.place.Store(t.Place())
	r.base, r.name = t.Rules(), t.Name()
	r.opening = true
	r.quotas.refill(r.config.Limits.Load, 0)
	g := r.next
	r.next = nil
	r.restoreScene()
	if err := r.preflight(g); err != nil {
		return err
	}
	g.serveAssets(t.Place()) // nobody waits yet
	r.enter(g)
	r.event("open", t.Restored())
	files := len(g.sources.Paths())
	r.log.Info("scripts run", "files", files, "components", len(g.kinds))
	if files == 0 && r.config.Dir != "" {
		r.log.Warn("there are no scripts yet; a place begins with place.lua", "directory", r.config.Dir)
	}
	return r.watch()
}

// Close implements [engine.Behaviour].
func (r *Runtime) Close(t *engine.Turn) {
	r.stop()
	r.quotas.refill(r.config.Limits.Heartbeat, r.config.Limits.Agents)
	r.event("close")
	r.drain()
	r.gen.close()
}

// Wait waits until nothing of the runtime's is at work any more, after the place has
// closed.
func (r *Runtime) Wait() { r.watching.Wait() }

// Beat implements [engine.Behaviour].
func (r *Runtime) Beat(t *engine.Turn, dt float64) {
	r.refill()
	r.watchMemory()
	r.gen.backoffs.forget(t.Time())
	r.runHeld()
	r.gen.runTimers()
	r.gen.runTicks(dt)
}

// Settle implements [engine.Behaviour].
func (r *Runtime) Settle(*engine.Turn) {
	r.drain()
	if r.opening { // the open handlers have run
		r.opening = false
		r.refill()
	}
}

// Joined implements [engine.Doorkeeper].
func (r *Runtime) Joined(_ *engine.Turn, a engine.Agent) {
	r.entrance.pass()
	r.quotas.act(r.quotas.of(a.ID), func() { r.event("join", a) })
}

// Left implements [engine.Doorkeeper].
func (r *Runtime) Left(_ *engine.Turn, a engine.Agent, code uint32) {
	by := r.quotas.of(a.ID)
	r.quotas.act(by, func() { r.event("leave", a, float64(code)) })
	r.soon(by, func() { delete(r.gen.agents, a.ID) }) // its handlers know it still
}

// Check implements [engine.Checker].
func (r *Runtime) Check(e *world.Entity, owner string, set map[string]any) error {
	return r.gen.checkComponents(e, owner, set)
}

// Checks implements [engine.Checker].
func (r *Runtime) Checks(name string) bool {
	k := r.gen.kinds[name]
	return k != nil && k.validate != nil
}

// Watches implements [engine.Watcher].
func (r *Runtime) Watches(name string) bool { return r.gen.watches(name) }

// Spawned implements [engine.Watcher].
func (r *Runtime) Spawned(e *world.Entity) { r.gen.spawned(e) }

// Changed implements [engine.Watcher].
func (r *Runtime) Changed(e *world.Entity, name string, had bool, old map[string]any) {
	r.gen.changed(e, name, had, old)
}

// Removed implements [engine.Watcher].
func (r *Runtime) Removed(e engine.Entity) {
	by := r.quotas.cause(r.turn)
	if by == r.quotas.place { // of an agent that has left
		by = r.quotas.of(e.Owner)
	}
	r.quotas.act(by, func() { r.gen.removed(e) })
}

// Published implements [engine.Listener].
func (r *Runtime) Published(_ *engine.Turn, from string, body []any) {
	r.event("publication", body, entityID(from))
}

// Answer implements [engine.Answerer].
func (r *Runtime) Answer(q *engine.Request) bool { return r.gen.answer(q) }
