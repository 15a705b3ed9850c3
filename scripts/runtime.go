package scripts

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/scripts/internal/lib"
	"github.com/loci-place/loci/scripts/internal/sched"
	"github.com/loci-place/loci/scripts/watch"
)

// Runtime runs a place's scripts: the [engine.Behaviour] to open the place with.
type Runtime struct {
	config Config
	limits *sched.Limits
	log    *slog.Logger
	lines  *lib.Lines
	turn   *engine.Turn

	// All below is used on the place's turn only.
	gen      *generation   // in force
	next     *generation   // loaded by New, until the place opens
	declared *lib.Declared // the scene as last reconciled
	base     engine.Rules  // the host's
	name     string        // likewise
	sched    *sched.Scheduler
	changes  lib.Changes
	entrance entrance
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
	r := newRuntime(config)
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

// newRuntime makes a runtime that has loaded nothing.
func newRuntime(config Config) *Runtime {
	r := &Runtime{
		config: config, limits: config.Limits.forScheduler(), log: config.Logger, lines: &lib.Lines{Log: config.Logger},
		declared: lib.NewDeclared(config.Logger), changes: lib.Changes{}, stop: func() {},
	}
	r.sched = sched.New(r.limits, r.log)
	return r
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
	r.sched.Begin(t)
	r.sched.Opening = true
	r.sched.RefillWith(r.config.Limits.Load, 0)
	g := r.next
	r.next = nil
	r.declared.Restore(t)
	if err := r.declared.Preflight(t, g.Scene); err != nil {
		return err
	}
	g.Assets.Serve(t.Place()) // nobody waits yet
	r.enter(g)
	g.Events.Happened("open", t.Restored())
	files := len(g.sources.Paths())
	r.log.Info("scripts run", "files", files, "components", len(g.Components.Names()))
	if files == 0 && r.config.Dir != "" {
		r.log.Warn("there are no scripts yet; a place begins with place.lua", "directory", r.config.Dir)
	}
	return r.watch()
}

// Close implements [engine.Behaviour].
func (r *Runtime) Close(t *engine.Turn) {
	r.stop()
	r.sched.RefillWith(r.config.Limits.Heartbeat, r.config.Limits.Agents)
	r.gen.Events.Happened("close")
	r.sched.Drain()
	r.gen.close(t)
}

// Wait waits until nothing of the runtime's is at work any more, after the place has
// closed.
func (r *Runtime) Wait() { r.watching.Wait() }

// Beat implements [engine.Behaviour].
func (r *Runtime) Beat(t *engine.Turn, dt float64) {
	r.sched.Refill()
	r.watchMemory()
	r.gen.Calls.Forget()
	r.sched.RunHeld()
	r.gen.Timers.Run()
	r.gen.Components.Tick(dt, r.gen.Events.Tick)
}

// Settle implements [engine.Behaviour].
func (r *Runtime) Settle(*engine.Turn) {
	r.sched.Drain()
	if r.sched.Opening { // the open handlers have run
		r.sched.Opening = false
		r.sched.Refill()
	}
}

// Joined implements [engine.Doorkeeper].
func (r *Runtime) Joined(_ *engine.Turn, a engine.Agent) {
	r.entrance.pass()
	r.sched.Act(r.sched.Of(a.ID), func() { r.gen.Events.Happened("join", a) })
}

// Left implements [engine.Doorkeeper].
func (r *Runtime) Left(_ *engine.Turn, a engine.Agent, code uint32) {
	by := r.sched.Of(a.ID)
	r.sched.Act(by, func() { r.gen.Events.Happened("leave", a, float64(code)) })
	r.sched.Soon(by, func() { r.gen.Agents.Forget(a.ID) }) // its handlers know it still
}

// Check implements [engine.Checker].
func (r *Runtime) Check(e *world.Entity, owner string, set map[string]any) error {
	return r.gen.Components.Check(e, owner, set)
}

// Checks implements [engine.Checker].
func (r *Runtime) Checks(name string) bool {
	return r.gen.Components.Checks(name)
}

// Watches implements [engine.Watcher].
func (r *Runtime) Watches(name string) bool { return r.gen.Events.Watches(name) }

// Spawned implements [engine.Watcher].
func (r *Runtime) Spawned(e *world.Entity) { r.gen.Events.Spawned(e) }

// Changed implements [engine.Watcher].
func (r *Runtime) Changed(e *world.Entity, name string, had bool, old map[string]any) {
	r.gen.Events.Changed(e, name, had, old)
}

// Removed implements [engine.Watcher].
func (r *Runtime) Removed(e engine.Entity) {
	by := r.sched.Cause()
	if r.sched.IsPlace(by) { // of an agent that has left
		by = r.sched.Of(e.Owner)
	}
	r.sched.Act(by, func() { r.gen.Events.Removed(e) })
}

// Published implements [engine.Listener].
func (r *Runtime) Published(_ *engine.Turn, from string, body []any) {
	r.gen.Events.Happened("publication", body, lib.EntityID(from))
}

// Answer implements [engine.Answerer].
func (r *Runtime) Answer(q *engine.Request) bool { return r.gen.Requests.Answer(q) }
