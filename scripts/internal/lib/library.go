package lib

import (
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/sched"
)

// Library is all namespaces of one load of a place's scripts.
type Library struct {
	*Values
	Calls         *sched.Calls
	Timers        *Timers
	Tasks         *Tasks
	Subscriptions *Subscriptions
	Requests      *Requests
	Components    *Components
	Events        *Events
	Scene         *Scene
	Rules         *Rules
	State         *State
	Store         *Store
	Log           *Log
	Assets        *Assets
	Place         *Place
	patterns      *patterns
}

// Config is what a [Library] works with beside its [Env].
type Config struct {
	Calls   *sched.Calls
	Storage Storage
	Assets  AssetFolder
	Lines   *Lines
	Changes Changes                          // of the runtime
	Name    string                           // of the place whatever the scripts say, "" for none
	Source  func(file string) (string, bool) // of the scripts
	Current func() *Events                   // those that are in force
	CutOff  func(announce *sched.Handler)    // called when a handler of an announce was cut off
}

// Values are what scripts are given to hold: entities with their components, agents, and JSON.
type Values struct {
	*Env
	Entities *Entities
	Parts    *Parts
	Agents   *Agents
	JSON     *JSON
}

// NewValues puts entities, components and agents into a state. Concerned reports whether scripts
// hear of a component's changes or have a say in them.
func NewValues(env *Env, concerned func(component string) bool) *Values {
	v := &Values{Env: env, JSON: &JSON{env}}
	v.Entities = &Entities{Env: env, byID: map[string]*entity{}, reserved: map[string]bool{}}
	v.Parts = &Parts{Env: env, entities: v.Entities, concerned: concerned}
	v.Agents = &Agents{Env: env, entities: v.Entities, byID: map[string]*Agent{}}
	v.Entities.parts, v.Entities.agents = v.Parts, v.Agents
	v.Entities.ask = func(L *lua.LState, _ question) int { return env.Yield(L, "request") } // which is an error outside of tasks
	v.Entities.open()
	v.Parts.open()
	v.Parts.openLists()
	v.Agents.open()
	return v
}

// Identified is an entity or an agent: two values with one identity are the same.
type Identified interface{ Identity() string }

// Methods returns the methods of entities and those of agents.
func (v *Values) Methods() (entity, agent *lua.LTable) { return v.Entities.methods, v.Agents.methods }

// Writable returns the metatables of the values that scripts can write to.
func (v *Values) Writable() []*lua.LTable {
	return []*lua.LTable{v.Entities.meta, v.Entities.componentsMeta, v.Parts.meta, v.Parts.nestedMeta}
}

// Reset forgets all values: one that a script has kept is looked for by its id in the place
// that comes next.
func (v *Values) Reset() {
	for _, ent := range v.Entities.byID {
		ent.e, ent.parts = nil, nil
	}
	v.Entities.byID, v.Agents.byID = map[string]*entity{}, map[string]*Agent{}
}

// NewPlace returns what place can do with entities and agents, for tests of scripts.
func NewPlace(v *Values) *Place { return &Place{Env: v.Env, entities: v.Entities, agents: v.Agents} }

// New makes the global place and all that it hands out.
func New(env *Env, config Config) *Library {
	lib := &Library{Calls: config.Calls, patterns: &patterns{source: config.Source}}
	lib.Values = NewValues(env, func(component string) bool { return config.Current().concerned(component) })
	lib.Components = &Components{Env: env, calls: config.Calls, entities: lib.Entities, parts: lib.Parts, kinds: map[string]*kind{}}
	lib.Events = &Events{
		Env: env, calls: config.Calls, entities: lib.Entities, parts: lib.Parts, agents: lib.Agents, components: lib.Components,
		now: config.Current, on: map[string][]*sched.Handler{}, changes: config.Changes,
	}
	lib.Timers = newTimers(env, config.Calls)
	lib.Tasks = newTasks(env, config.Calls, lib.Timers)
	lib.Entities.ask = lib.Tasks.request
	lib.Subscriptions = newSubscriptions(env, config.Calls, lib.Entities, lib.patterns)
	lib.Requests = &Requests{
		Env: env, calls: config.Calls, entities: lib.Entities, agents: lib.Agents, components: lib.Components, tasks: lib.Tasks, cutOff: config.CutOff,
	}
	lib.Requests.open()
	lib.Scene = &Scene{Env: env, components: lib.Components, entities: map[string]declared{}}
	lib.Rules = &Rules{Env: env, patterns: lib.patterns}
	lib.State = NewState(env)
	lib.Store = &Store{Env: env, storage: config.Storage, tasks: lib.Tasks}
	lib.Log = &Log{Env: env, lines: config.Lines}
	lib.Assets = &Assets{Env: env, folder: config.Assets, asked: map[string]bool{}}
	lib.Place = &Place{Env: env, calls: config.Calls, entities: lib.Entities, agents: lib.Agents, given: config.Name}
	lib.open()
	return lib
}

// open makes the global place.
func (lib *Library) open() {
	class := lib.class()
	lib.Place.names = class.Names()
	table := lib.Table(class)
	table.RawSetString("store", lib.Store.Value())
	table.RawSetString("log", lib.Sealed("place.log", lib.Log.Class()))
	table.RawSetString("json", lib.JSON.Value())
	table.RawSetString("state", lib.State.ud)
	fallback := lib.L.NewTable()
	fallback.RawSetString("__index", lib.L.NewFunction(lib.Place.index))
	table.Metatable = fallback
	meta := lib.Metatable("place", map[string]lua.LGFunction{"__newindex": lib.Place.newIndex})
	meta.RawSetString("__index", table)
	lib.L.SetGlobal("place", lib.Userdata(bind.Named("place"), meta))
}

// class describes place, of which each namespace has some functions.
func (lib *Library) class() api.Class {
	place := lib.Place.Functions()
	return api.Class{
		Name: "loci.Place", At: "place", Doc: "The place: the one global of a place's scripts.", Fields: fields,
		Functions: slices.Concat(
			lib.Scene.functions(), lib.Events.functions(), lib.Requests.functions(), place[:len(place)-1],
			lib.Subscriptions.functions(), lib.Timers.functions(), lib.Tasks.functions(), place[len(place)-1:], lib.Assets.functions(),
		),
	}
}

// nothing is a library whose classes are only read.
var nothing = &Library{Values: &Values{}}

// PlaceClass describes place.
func PlaceClass() api.Class { return nothing.class() }

// Classes describes what a place's scripts can use, in the order of the reference. ACLClass
// is not among them.
func Classes() []api.Class {
	n := nothing
	return []api.Class{
		n.class(), n.Entities.Class(), n.Agents.Class(), n.Requests.Class(), n.Timers.Class(), n.Tasks.Class(), n.Subscriptions.Class(),
		n.Store.Class(), n.Log.Class(), n.JSON.Class(),
	}
}

// AgentClass describes an agent.
func AgentClass() api.Class { return nothing.Agents.Class() }

// ACLClass describes what acl.lua finds as globals.
func ACLClass() api.Class { return nothing.Rules.Class() }

// PatternError returns what is wrong with a pattern that did not compile, nil if all did.
func (lib *Library) PatternError() error { return lib.patterns.cause }

// Enter puts the scripts in force.
func (lib *Library) Enter(turn *engine.Turn) {
	lib.Scope.Enter(turn)
	lib.Timers.Start(turn.Time())
	lib.Subscriptions.Begin()
	lib.Tasks.Begin()
}

// Leave ends scripts that were in force, or never came to it. Turn is the place's, nil without.
func (lib *Library) Leave(turn *engine.Turn) {
	lib.Scope.Leave()
	lib.Tasks.Abandon("reloaded")
	lib.Timers.Clear()
	lib.Subscriptions.Cancel(turn)
	lib.Entities.Unwatch()
	lib.Close()
}
