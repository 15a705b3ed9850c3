package scripts

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/sched"
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

const (
	// MaxValue bounds plain data that becomes a Lua value, such as a request's args, in bytes:
	// text, and 8 for each value and key. More is an error in the script that looks at it.
	// Parts of components are looked at one by one, and may be larger.
	MaxValue = bind.MaxValue
	// MaxJSON is the longest text that place.json.decode reads, in bytes.
	MaxJSON = bind.MaxJSON
)

// Module is functions of the host's, by name, that scripts get by require.
type Module map[string]Func

// Func is a function of the host's. It runs on the place's turn and must not block;
// at the top level of a script, where there is no turn yet, t is nil. Arguments and
// results are plain data, as [netcode.ParseValue] has it. An error is raised in the
// script, with the line that called.
type Func func(t *engine.Turn, args []any) ([]any, error)

// Limits bound what scripts may cost. A zero field means its default; a negative one is
// an error of [New]. What scripts run is counted in instructions, which is the same on
// every machine and however busy it is: one takes 10 to 20 ns, and what the API does
// counts by its work.
type Limits struct {
	// Call is how many instructions one call of a handler, or one stretch of a task
	// between two waits, may run; then it is cut off, and rests for one who caused it,
	// see Backoff. Default 250,000, some 5 ms.
	Call int64
	// CallTime is the backstop for calls whose instructions take unusually long, such as
	// the comparison of texts of a megabyte: how much of the processor one may use.
	// Default 100 ms.
	CallTime time.Duration
	// Heartbeat is how many instructions the place's own doings (ticks, timers, tasks
	// and what follows from them) may run from one heartbeat to the next. What does not
	// fit waits for the next one. Default 1,000,000, some 20 ms.
	Heartbeat int64
	// Agents is how many instructions agents may have scripts run in that time, by what
	// they ask, change and publish, all of them together; each may use as much as it
	// leaves. What does not fit waits for the next heartbeat, and the agents that used
	// least go first. Default 500,000.
	Agents int64
	// Reserve is how many instructions a guard may run that cannot wait (of an announce,
	// validate and place.hears) when one who caused it has used up its part of Agents.
	// Default 25,000.
	Reserve int64
	// Deferred is how many requests of one agent may wait for the next heartbeat; more
	// are refused. Default 64.
	Deferred int
	// Backoff is how long a handler that was cut off rests at most, for the agent that
	// caused it or for the place; it begins with 100 ms, and doubles. Default 1 minute.
	Backoff time.Duration
	// Load is how many instructions the top level of all scripts may run, and the open
	// handlers: nobody is in yet. Default 100,000,000, some 2 s.
	Load int64
	// LoadTime is to Load what CallTime is to Call. Default 10 s.
	LoadTime time.Duration
	// Timers, Tasks and Subscriptions are how many there may be at once; one more is
	// an error in the script. Of timers and tasks one agent may cause as many as it
	// leaves room for. Default 10,000, 10,000 and 1,000.
	Timers, Tasks, Subscriptions int
	// Queue is how many events may wait for their handlers, a sixteenth of them one
	// agent's; more are dropped, and the log says so. Default 65,536.
	Queue int
	// Chain is how often handlers may set each other off, by events that follow from
	// events; then the chain is ended. Default 16.
	Chain int
	// LogLines is how many lines a second scripts may write to the log, and at once;
	// more are left out, and the log says how many. Default 200.
	LogLines int
	// Entities is how many entities of the place's own scripts may have spawned; one
	// more is an error in the script. Default 100,000.
	Entities int
	// StateBytes is how large place.state may be at a reload; what is larger does not
	// cross over. Default 1 MiB.
	StateBytes int
	// Heap is how large the whole process may grow, in bytes, without what agents make the
	// place hold ([engine.Limits].Memory), before the scripts' state is made again, which frees what scripts have kept; at most once a minute. If
	// that helps, but for less than a minute, the function in whose calls it grew by more
	// than in all others rests for a minute. Default 1 GiB.
	Heap int64
}

func (l *Limits) setDefaults() {
	orDefault(&l.Call, sandbox.DefaultInstructions)
	orDefault(&l.CallTime, sandbox.DefaultCallTime)
	orDefault(&l.Heartbeat, 4*sandbox.DefaultInstructions)
	orDefault(&l.Agents, 2*sandbox.DefaultInstructions)
	orDefault(&l.Reserve, sandbox.DefaultInstructions/10)
	orDefault(&l.Deferred, 64)
	orDefault(&l.Backoff, time.Minute)
	orDefault(&l.Load, 100_000_000)
	orDefault(&l.LoadTime, 10*time.Second)
	orDefault(&l.Timers, 10_000)
	orDefault(&l.Tasks, 10_000)
	orDefault(&l.Subscriptions, 1_000)
	orDefault(&l.Queue, 1<<16)
	orDefault(&l.Chain, 16)
	orDefault(&l.LogLines, 200)
	orDefault(&l.Entities, 100_000)
	orDefault(&l.StateBytes, 1<<20)
	orDefault(&l.Heap, 1<<30)
}

// forScheduler returns them for the packages that keep to them.
func (l *Limits) forScheduler() *sched.Limits {
	return &sched.Limits{
		Call: l.Call, CallTime: l.CallTime, Heartbeat: l.Heartbeat, Agents: l.Agents, Reserve: l.Reserve, Deferred: l.Deferred,
		Backoff: l.Backoff, Load: l.Load, LoadTime: l.LoadTime, Queue: l.Queue, Chain: l.Chain, Timers: l.Timers, Tasks: l.Tasks,
		Subscriptions: l.Subscriptions, Entities: l.Entities, LogLines: l.LogLines, StateBytes: l.StateBytes,
	}
}

func orDefault[T int | int64 | time.Duration](field *T, def T) {
	if *field == 0 {
		*field = def
	}
}

// watches reports whether files are reloaded when they are saved.
func (c *Config) watches() bool { return c.Dir != "" && !c.NoReload }

// checkModules refuses modules that scripts could not call, and takes copies, so that they
// stay what they are at every reload.
func (c *Config) checkModules() error {
	modules := make(map[string]Module, len(c.Modules))
	for name, m := range c.Modules {
		if name == "" {
			return errors.New("scripts: Config.Modules has a module without a name")
		}
		for f := range m {
			if m[f] == nil {
				return fmt.Errorf("scripts: Config.Modules[%.60q][%.60q] is nil, want a function", name, f)
			}
		}
		modules[name] = maps.Clone(m)
	}
	c.Modules = modules
	return nil
}
