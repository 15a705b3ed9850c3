package scripts

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/scripts/internal/lib"
	"github.com/loci-place/loci/scripts/internal/sched"
	"github.com/loci-place/loci/scripts/sandbox"
)

const (
	placeFile = "place.lua" // runs first
	aclFile   = lib.ACLFile // has the access rules
)

// load makes a generation of sources, from any goroutine: it runs their top level, and
// checks what they declare. Kept is what place.state can be read for meanwhile.
func (r *Runtime) load(n int, sources Sources, kept map[any]any) (*generation, error) {
	g := r.newGeneration(n, sources)
	g.State.Take(kept)
	if err := r.run(g); err != nil {
		g.close(nil)
		return nil, err
	}
	return g, nil
}

// run runs the top level of all scripts, and checks what they declare.
func (r *Runtime) run(g *generation) error {
	if source, ok := g.sources.Source(placeFile); ok {
		if _, err := g.runFile(source, placeFile, nil); err != nil {
			return err
		}
	}
	for _, file := range g.sources.Paths() {
		if !lib.IsComponent(file) {
			continue
		}
		source, _ := g.sources.Source(file)
		returned, err := g.runFile(source, file, nil)
		if err != nil {
			return err
		}
		if err := g.Components.Add(file, returned); err != nil {
			return err
		}
	}
	if source, ok := g.sources.Source(aclFile); ok {
		if _, err := g.runFile(source, aclFile, g.Rules.Globals()); err != nil {
			return err
		}
	}
	return g.Scene.Check()
}

// runFile runs a file's top level. Env is what it finds as globals, nil the usual ones.
func (g *generation) runFile(source, file string, env *lua.LTable) ([]lua.LValue, error) {
	fn, err := g.Load(source, file)
	if err != nil {
		return nil, hinted(err)
	}
	if env != nil {
		fn.Env = env
	}
	results, err := g.Call(g.Limits.LoadBudget(), fn)
	if err == nil {
		return results, nil
	}
	if err := g.PatternError(); err != nil {
		return nil, err
	}
	return nil, loadError(err, g.Limits)
}

// loadError says of a top level that was cut off what it may take.
func loadError(err error, limits *sched.Limits) error {
	if e, ok := errors.AsType[*sandbox.Error](err); ok && errors.Is(e, sandbox.ErrCallBudget) {
		return fmt.Errorf("%s:%d: the top level takes too long: it may run %d instructions, and use %v of the processor",
			e.File, e.Line, limits.Load, limits.LoadTime)
	}
	return err
}

// hinted adds what is most likely wrong with a source that ends a long text too early:
// patterns often have ]] in them.
func hinted(err error) error {
	if e, ok := errors.AsType[*sandbox.Error](err); ok && strings.HasSuffix(e.Message, `near "]"`) {
		e.Message += "; a text in [[ ]] ends at the first ]], so for a pattern write [=[ … ]=]"
	}
	return err
}

// enter puts a generation in force in the place of another, all in one turn.
func (r *Runtime) enter(g *generation) {
	if old := r.gen; old != nil {
		g.State.Replace(old.State.Keep())
		old.close(r.turn)
	}
	r.gen = g
	r.broken.Store(nil)
	r.entrance.reset()
	r.sched.ForgetKept()
	r.turn.SetRules(g.Rules.With(r.base))
	if err := r.turn.SetName(cmp.Or(g.Place.Name(), r.name)); err != nil {
		g.Env.Log.Error("the place keeps its name", "error", err)
	}
	g.Enter(r.turn)
	r.turn.SetHears(g.Place.Hearing()) // asks at once
	r.greet(g)
	r.declared.Reconcile(r.turn, g.Scene)
}

// greet tells the components of a new generation of the entities that stand there.
func (r *Runtime) greet(g *generation) {
	if len(g.Components.Names()) == 0 {
		return
	}
	var ids []string
	for e := range r.turn.World().Entities() {
		ids = append(ids, e.ID())
	}
	slices.Sort(ids)
	for _, id := range ids {
		g.Events.Met(r.turn.World().Entity(id))
	}
}
