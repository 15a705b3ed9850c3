package scripts

import (
	"log/slog"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/lib"
	"github.com/loci-place/loci/scripts/internal/sched"
	"github.com/loci-place/loci/scripts/internal/vec"
	"github.com/loci-place/loci/scripts/sandbox"
)

// generation is one load of a place's scripts: a Lua state and all that it declared. It
// belongs to the goroutine that loads it until the runtime puts it in force, and to the
// place's turn from then on.
type generation struct {
	*lib.Library
	n       int
	sources Sources
}

// newGeneration makes a state with the API in it, and runs nothing.
func (r *Runtime) newGeneration(n int, sources Sources) *generation {
	g := &generation{n: n, sources: sources}
	env := &lib.Env{Scope: &sched.Scope{}, Log: r.log.With("generation", n), Limits: r.limits}
	env.State = bind.New(sandbox.Config{
		Print:   func(line string) { g.Library.Log.Say(slog.LevelInfo, line) },
		Explain: func(callee, id string) string { return g.Place.Explain(callee, id) },
		Require: func(name string) (string, string, bool) { return lib.ModuleSource(sources, name, r.config.StandIns) },
	})
	g.Library = lib.New(env, lib.Config{
		Calls:   r.sched.NewCalls(env.Scope, env.State, env.Log, func(err error) { r.broke(g, err) }),
		Storage: r.config.Store, Assets: r.assets, Lines: r.lines, Changes: r.changes, Name: r.config.Name,
		Source:  sources.Source,
		Current: func() *lib.Events { return r.gen.Events },
		CutOff:  r.entrance.cutOff,
	})
	g.Preload("loci.vec", vec.Open(g.Env.State))
	for name, m := range r.config.Modules {
		g.Preload(name, moduleTable(env, m))
	}
	return g
}

// close ends a generation that was in force, or never came to it.
func (g *generation) close(turn *engine.Turn) { g.Leave(turn) }

// moduleTable makes a host's functions callable.
func moduleTable(env *lib.Env, m Module) *lua.LTable {
	t := env.L.NewTable()
	for name, f := range m {
		t.RawSetString(name, env.L.NewFunction(func(L *lua.LState) int { return callHost(env, L, name, f) }))
	}
	return t
}

func callHost(env *lib.Env, L *lua.LState, name string, f Func) int {
	args := make([]any, L.GetTop())
	for i := range args {
		args[i] = env.ToGo(L, L.Get(i+1), bind.Body)
	}
	results, err := f(env.Turn(), args)
	if err != nil {
		L.RaiseError("%s: %v", name, err)
	}
	for _, v := range results {
		L.Push(env.ToLua(L, v))
	}
	return len(results)
}

// classes are all of the API, in the order of the reference.
func classes() []api.Class {
	return slices.Concat(lib.Classes(), vec.Classes(), []api.Class{lib.ACLClass(), luatestClass(), luatestPlaceClass(), luatestAgentClass()})
}

// descriptions are tests whose classes are only read.
var descriptions *LuaTest

func luatestClass() api.Class      { return descriptions.class() }
func luatestPlaceClass() api.Class { return descriptions.placeClass() }
func luatestAgentClass() api.Class { return descriptions.agentClass() }
