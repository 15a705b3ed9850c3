package scripts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/loci-place/loci/internal/suggest"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/vec"

	lua "github.com/yuin/gopher-lua"
)

func (g *generation) placeClass() api.Class {
	return api.Class{
		Name: "loci.Place", At: "place",
		Doc: "The place: the one global of a place's scripts.",
		Fields: []api.Field{
			{Name: "name", Type: "string", Doc: "what agents that join are told the place is called; set at the top level", Writable: true},
			{Name: "hears", Type: "fun(listener: loci.Agent, speaker: loci.Agent): boolean", Doc: "who hears whom, asked twice a second of each pair in which one has a track that the other would hear; set at the top level. Without it everybody hears everybody", Writable: true},
			{Name: "state", Type: "table", Doc: "a table that survives a reload: plain data only. It may not be written at the top level"},
			{Name: "store", Type: "loci.Store", Doc: "what survives a restart"},
			{Name: "log", Type: "loci.Log", Doc: "the place's log"},
			{Name: "json", Type: "loci.JSON", Doc: "JSON as text, and what says null, [] and {} in a table"},
		},
		Functions: []api.Function{
			{Name: "scene", Signature: "(entities: table<string, loci.Spec>)", Doc: "Declares what stands in the place, by id; children by their name in it: \"lamp.bulb\". Top level only.", Call: g.placeScene},
			{Name: "on", Signature: "(event: loci.Event, handler: function)", Doc: "Hears of an event. Top level only; several handlers of one event run in order.", Call: g.placeOn},
			{Name: "before", Signature: "(verb: string, guard: fun(request: loci.Request): (boolean?, string?))", Doc: "Is asked before anybody answers a verb sent to the place. False and a reason refuse it. Top level only.", Call: g.placeBefore},
			{Name: "handle", Signature: "(verb: string, handler: fun(request: loci.Request): ...)", Doc: "Answers a verb sent to the place, an official one too. What it returns is the answer after the verb; nil and a reason are a failure, a task answers when it ends. Top level only.", Call: g.placeHandle},
			{Name: "default", Signature: "(request: loci.Request): ...", Doc: "Has the place answer as it does without scripts, and gives that answer.", Call: g.placeDefault, Price: 500},
			{Name: "spawn", Signature: "(spec: loci.Spec): loci.Entity", Doc: "Makes an entity of the place's own, with children if there are any: a list, or by names, which end their ids as in a scene. It survives a reload.", Call: g.placeSpawn, Price: 600},
			{Name: "entity", Signature: "(id: string): loci.Entity?", Doc: "The entity of that id, or nil.", Call: g.placeEntity},
			{Name: "entities", Signature: "(filter?: {with?: string, owner?: loci.Agent}): loci.Entity[]", Doc: "All entities, or those that have a component, or belong to an agent, sorted by id.", Call: g.placeEntities},
			{Name: "agents", Signature: "(): loci.Agent[]", Doc: "All agents, in the order they came.", Call: g.placeAgents},
			{Name: "publish", Signature: "(body: any[]): boolean", Doc: "Publishes something for all who have subscribed to such. False if so much waits to be sent to each of them that it misses this.", Call: g.placePublish, Price: 200},
			{Name: "subscribe", Signature: "(pattern: string, handler: fun(body: any[], from: loci.Entity?)): loci.Subscription", Doc: "Hears publications whose body matches a pattern, in the language of access rules.", Call: g.placeSubscribe, Price: 3000},
			{Name: "after", Signature: "(seconds: number, handler: fun()): loci.Timer", Doc: "Calls a function once, after some time.", Call: g.placeAfter, Price: 30},
			{Name: "every", Signature: "(seconds: number, handler: fun()): loci.Timer", Doc: "Calls a function again and again, at most once a heartbeat.", Call: g.placeEvery, Price: 30},
			{Name: "task", Signature: "(body: fun(): ...): loci.Task", Doc: "Runs a function in which place.wait and entity:request may be used, when the handler at hand has returned.", Call: g.placeTask, Price: 450},
			{Name: "wait", Signature: "(seconds: number)", Doc: "Waits, in a task; the place goes on meanwhile.", Call: g.placeWait},
			{Name: "time", Signature: "(): number", Doc: "The place's clock, in seconds.", Call: g.placeTime},
			{Name: "asset", Signature: "(path: string): string", Doc: "The id of a file in the place's assets folder, for components that name assets. The file is read at the top level; handlers may ask again for what was asked for there.", Call: g.placeAsset, Price: 500},
			{Name: "push_asset", Signature: "(agent: loci.Agent, path: string)", Doc: "Sends an agent a file of the place's assets folder, unasked.", Call: g.placePushAsset, Price: 500},
		},
	}
}

// openPlace makes the global place, and the kinds of values that it hands out.
func (g *generation) openPlace() {
	g.openEntity()
	g.openPart()
	g.openAgent()
	g.openRequest()
	g.openTimer()
	g.openTask()
	g.openSubscription()
	g.state = g.newState()

	api := g.Table(g.placeClass())
	api.RawSetString("store", g.Sealed("place.store", g.storeClass()))
	api.RawSetString("log", g.Sealed("place.log", g.logClass()))
	api.RawSetString("json", g.json())
	api.RawSetString("state", g.state.ud)
	fallback := g.L.NewTable()
	fallback.RawSetString("__index", g.L.NewFunction(g.placeIndex))
	api.Metatable = fallback
	meta := g.Metatable("place", map[string]lua.LGFunction{"__newindex": g.placeNewIndex})
	meta.RawSetString("__index", api)
	g.L.SetGlobal("place", g.Userdata(bind.Named("place"), meta))
}

// placeIndex is asked for what is no function of the place's.
func (g *generation) placeIndex(L *lua.LState) int {
	switch name := L.Get(2).String(); name {
	case "name":
		text := cmp.Or(g.r.config.Name, g.name)
		if text == "" && g.live {
			text = g.turn().Name()
		}
		L.Push(lua.LString(text))
	case "hears":
		L.Push(lua.LNil)
		if g.hears != nil {
			L.Replace(-1, g.hears.fn)
		}
	default:
		L.RaiseError("there is no place.%s%s", name, suggest.From(name, g.placeClass().Names()...))
	}
	return 1
}

// placeNewIndex is a setting.
func (g *generation) placeNewIndex(L *lua.LState) int {
	name := L.Get(2).String()
	if !slices.ContainsFunc(g.placeClass().Fields, func(f api.Field) bool { return f.Name == name && f.Writable }) {
		var settings []string
		for _, f := range g.placeClass().Fields {
			if f.Writable {
				settings = append(settings, f.Name)
			}
		}
		L.RaiseError("place.%s cannot be set%s", name, suggest.From(name, settings...))
	}
	g.needsTopLevel(L, "setting place."+name)
	switch name {
	case "name":
		text, ok := L.Get(3).(lua.LString)
		if !ok || text == "" {
			L.RaiseError("place.name must be a text")
		}
		g.name = string(text)
	case "hears":
		g.hears = g.handler(L, 3, "place.hears")
	}
	return 0
}

func (g *generation) placeOn(L *lua.LState) int {
	g.needsTopLevel(L, "place.on")
	event := L.CheckString(1)
	var names []string
	for _, e := range eventNames {
		names = append(names, e.Name)
	}
	if !slices.Contains(names, event) {
		hint := suggest.From(event, names...)
		if hint == "" {
			hint = "; there are " + strings.Join(names, ", ")
		}
		L.RaiseError("there is no event %q%s", event, hint)
	}
	g.on[event] = append(g.on[event], g.handler(L, 2, fmt.Sprintf("event %q", event)))
	return 0
}

func (g *generation) placeBefore(L *lua.LState) int {
	g.needsTopLevel(L, "place.before")
	verb := L.CheckString(1)
	g.before[verb] = append(g.before[verb], g.handler(L, 2, fmt.Sprintf("guard before %q", verb)))
	return 0
}

func (g *generation) placeHandle(L *lua.LState) int {
	g.needsTopLevel(L, "place.handle")
	verb := L.CheckString(1)
	if g.verbs[verb] != nil {
		L.RaiseError("%q has a handler already", verb)
	}
	g.verbs[verb] = g.handler(L, 2, fmt.Sprintf("verb %q", verb))
	return 0
}

// spec makes plain data of the description of an entity.
func (g *generation) spec(L *lua.LState, t *lua.LTable) map[string]any {
	spec, ok := g.ToGo(L, t, bind.Component).(map[string]any)
	if !ok {
		L.RaiseError("a table of components expected: { transform = …, lamp = { … } }")
	}
	bind.Check(L, vec.WriteOutAll(spec))
	return spec
}

func (g *generation) placeTime(L *lua.LState) int {
	g.needsPlace(L, "place.time")
	L.Push(lua.LNumber(g.turn().Time()))
	return 1
}
