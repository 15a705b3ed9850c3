package scripts

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/scripts/sandbox"
)

// placeFile is the script that runs first.
const placeFile = "place.lua"

// load makes a generation of sources, from any goroutine: it runs their top level, and
// checks what they declare. Kept is what place.state can be read for meanwhile.
func (r *Runtime) load(n int, sources Sources, kept map[any]any) (*generation, error) {
	g := r.newGeneration(n, sources)
	g.state.take(kept)
	if err := g.load(); err != nil {
		g.close()
		return nil, err
	}
	return g, nil
}

func (g *generation) load() error {
	if source, ok := g.sources.Source(placeFile); ok {
		if _, err := g.run(source, placeFile, nil); err != nil {
			return err
		}
	}
	for _, file := range g.sources.Paths() {
		if !isComponent(file) {
			continue
		}
		source, _ := g.sources.Source(file)
		returned, err := g.run(source, file, nil)
		if err != nil {
			return err
		}
		k, err := g.newKind(file, returned)
		if err != nil {
			return err
		}
		g.kinds[k.name] = k
		if k.tick != nil {
			g.ticks = append(g.ticks, k)
		}
	}
	if err := g.loadRules(); err != nil {
		return err
	}
	return g.checkScene()
}

// isComponent tells whether a file describes a component: components/door.lua.
func isComponent(file string) bool {
	rest, ok := strings.CutPrefix(file, "components/")
	return ok && strings.HasSuffix(rest, ".lua") && !strings.Contains(rest, "/")
}

// run runs a file's top level. Env is what it finds as globals, nil the usual ones.
func (g *generation) run(source, file string, env *lua.LTable) ([]lua.LValue, error) {
	fn, err := g.Load(source, file)
	if err != nil {
		return nil, hinted(err)
	}
	if env != nil {
		fn.Env = env
	}
	results, err := g.Call(g.r.config.Limits.loading(), fn)
	if err == nil {
		return results, nil
	}
	if g.cause != nil {
		return nil, g.cause
	}
	if e, ok := errors.AsType[*sandbox.Error](err); ok && errors.Is(e, sandbox.ErrCallBudget) {
		return nil, fmt.Errorf("%s:%d: the top level takes too long: it may run %d instructions, and use %v of the processor",
			e.File, e.Line, g.r.config.Limits.Load, g.r.config.Limits.LoadTime)
	}
	return nil, err
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
		g.state.replace(old.state.keep())
		old.close()
	}
	r.gen, g.live = g, true
	r.broken.Store(nil)
	r.entrance.reset()
	r.quotas.forgetKept()
	r.turn.SetRules(g.rulesWith(r.base))
	if err := r.turn.SetName(cmp.Or(r.config.Name, g.name, r.name)); err != nil {
		g.log.Error("the place keeps its name", "error", err)
	}
	r.turn.SetHears(g.hearing())
	g.timers.start(r.turn.Time())
	for _, s := range inOrder(g.subscriptions, func(s *subscription) int { return s.n }) {
		if err := s.begin(g); err != nil {
			g.log.Error("a subscription is not in force", "pattern", s.pattern, "error", err)
		}
	}
	for _, t := range inOrder(g.tasks, func(t *task) int { return t.n }) {
		r.soon(t.by, func() { t.begin(g) })
	}
	r.greet(g)
	r.reconcile(g)
}

// inOrder gives what a generation has made in the order it was.
func inOrder[T comparable](made map[T]bool, number func(T) int) []T {
	return slices.SortedFunc(maps.Keys(made), func(a, b T) int { return number(a) - number(b) })
}

// greet has the components of a new generation hear of the entities that stand there.
func (r *Runtime) greet(g *generation) {
	if len(g.kinds) == 0 {
		return
	}
	var ids []string
	for e := range r.turn.World().Entities() {
		ids = append(ids, e.ID())
	}
	slices.Sort(ids)
	for _, id := range ids {
		e := r.turn.World().Entity(id)
		for _, name := range e.Names() {
			if k := g.kinds[name]; k != nil {
				k.follow(g, e)
				r.emitAdded(name, e)
			}
		}
	}
}
