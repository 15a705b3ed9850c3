package scripts

import (
	"log/slog"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts/sandbox"
	"github.com/loci-place/loci/scripts/watch"
)

// Config is what a [Runtime] is made of. The zero value runs the bundled scripts.
type Config struct {
	// Dir is the place's directory. "" means the bundled scripts, or Sources.
	Dir string
	// Sources are what to run where there is no Dir, such as FS of an embed.FS.
	Sources Sources
	// Name is what agents are told the place is called, whatever place.name says. ""
	// leaves that to the scripts.
	Name string
	// NoReload runs what is in Dir when the runtime is made, whatever becomes of it.
	NoReload bool
	// Watch is how Dir is watched; its Since and Log are set by the runtime.
	Watch watch.Config
	// Modules are what scripts get by require beside their own, by name: functions of
	// the host's.
	Modules map[string]Module
	// StandIns lets tests/host/NAME.lua stand in for a module of the host's that is not
	// among Modules: for checks and tests of scripts without their host.
	StandIns bool
	// Store is place.store, such as [KeepStore] gives. Nil means one in memory.
	Store Store
	// AssetFolder holds the files that scripts may hand out. "" means assets in Dir.
	// See [Runtime.AssetFolder].
	AssetFolder string
	// Limits bound what scripts may cost.
	Limits Limits
	// Logger hears of what scripts say, and of what is wrong with them. Nil means
	// [slog.Default].
	Logger *slog.Logger
}

// Module is functions of the host's, by name, that scripts get by require.
type Module map[string]Func

// Func is a function of the host's. It runs on the place's turn and must not block;
// at the top level of a script, where there is no turn yet, t is nil. Arguments and
// results are plain data, as [netcode.ParseValue] has it. An error is raised in the
// script, with the line that called.
type Func func(t *engine.Turn, args []any) ([]any, error)

// Limits bound what scripts may cost. A zero field means its default.
type Limits struct {
	// Call is how long one call of a handler, or one stretch of a task between two
	// waits, may take; then it is cut off. Default 5 ms.
	Call time.Duration
	// Heartbeat is how long all scripts together may take from one heartbeat to the
	// next. What does not fit waits for the next one. Default 20 ms.
	Heartbeat time.Duration
	// Load is how long the top level of all scripts may take. Default 2 s.
	Load time.Duration
	// Offences is how often the same handler may be cut off within OffenceWindow
	// before it is switched off until the next reload. Default 10 in 10 s.
	Offences      int
	OffenceWindow time.Duration
	// Timers, Tasks and Subscriptions are how many there may be at once; one more is
	// an error in the script. Default 10,000, 10,000 and 1,000.
	Timers, Tasks, Subscriptions int
	// Queue is how many events may wait for their handlers; more are dropped, and the
	// log says so. Default 65,536.
	Queue int
	// Chain is how often handlers may set each other off, by events that follow from
	// events; then the chain is ended. Default 16.
	Chain int
	// Deferred is how many requests may wait for the next heartbeat because scripts
	// have used this one up; more are answered with an error. Default 1024.
	Deferred int
	// LogLines is how many lines a second scripts may write to the log, and at once;
	// more are left out, and the log says how many. Default 200.
	LogLines int
	// Entities is how many entities of the place's own scripts may have spawned; one
	// more is an error in the script. Default 100,000.
	Entities int
	// StateBytes is how large place.state may be at a reload; what is larger does not
	// cross over. Default 1 MiB.
	StateBytes int
	// Heap is how large the whole process may grow, in bytes, before the scripts'
	// state is made anew, which frees what scripts have kept; at most once a minute. If
	// that helps, but for less than a minute, the function in whose calls it grew by more
	// than in all others is switched off until the scripts are changed. Default 1 GiB.
	Heap int64
}

func (l *Limits) setDefaults() {
	orDefault(&l.Call, sandbox.DefaultCallTime)
	orDefault(&l.Heartbeat, sandbox.DefaultHeartbeatTime)
	orDefault(&l.Load, 2*time.Second)
	orDefault(&l.Offences, 10)
	orDefault(&l.OffenceWindow, 10*time.Second)
	orDefault(&l.Timers, 10_000)
	orDefault(&l.Tasks, 10_000)
	orDefault(&l.Subscriptions, 1_000)
	orDefault(&l.Queue, 1<<16)
	orDefault(&l.Chain, 16)
	orDefault(&l.Deferred, 1024)
	orDefault(&l.LogLines, 200)
	orDefault(&l.Entities, 100_000)
	orDefault(&l.StateBytes, 1<<20)
	orDefault(&l.Heap, 1<<30)
}

func orDefault[T int | int64 | time.Duration](field *T, def T) {
	if *field == 0 {
		*field = def
	}
}

// watches reports whether files are reloaded when they are saved.
func (c *Config) watches() bool { return c.Dir != "" && !c.NoReload }

// module makes a host's functions callable.
func (g *generation) module(m Module) *lua.LTable {
	t := g.L.NewTable()
	for name, f := range m {
		t.RawSetString(name, g.L.NewFunction(func(L *lua.LState) int { return g.callHost(L, name, f) }))
	}
	return t
}

func (g *generation) callHost(L *lua.LState, name string, f Func) int {
	args := make([]any, L.GetTop())
	for i := range args {
		args[i] = g.toGo(L, L.Get(i+1), body)
	}
	results, err := f(g.turn(), args)
	if err != nil {
		L.RaiseError("%s: %v", name, err)
	}
	for _, v := range results {
		L.Push(g.toLua(L, v))
	}
	return len(results)
}
