package scripts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func placeClass() class {
	return class{
		name: "loci.Place", at: "place",
		doc: "The place: the one global of a place's scripts.",
		fields: []field{
			{name: "name", typ: "string", doc: "what agents that join are told the place is called; set at the top level", writable: true},
			{name: "hears", typ: "fun(listener: loci.Agent, speaker: loci.Agent): boolean", doc: "who hears whom, asked twice a second of each pair in which one has a track that the other would hear; set at the top level. Without it everybody hears everybody", writable: true},
			{name: "state", typ: "table", doc: "a table that survives a reload: plain data only. It may not be written at the top level"},
			{name: "store", typ: "loci.Store", doc: "what survives a restart"},
			{name: "log", typ: "loci.Log", doc: "the place's log"},
			{name: "json", typ: "loci.JSON", doc: "JSON as text, and what says null, [] and {} in a table"},
		},
		functions: []function{
			{"scene", "(entities: table<string, loci.Spec>)", "Declares what stands in the place, by id; children by their name in it: \"lamp.bulb\". Top level only.", (*generation).placeScene},
			{"on", "(event: loci.Event, handler: function)", "Hears of an event. Top level only; several handlers of one event run in order.", (*generation).placeOn},
			{"before", "(verb: string, guard: fun(request: loci.Request): (boolean?, string?))", "Is asked before anybody answers a verb sent to the place. False and a reason refuse it. Top level only.", (*generation).placeBefore},
			{"handle", "(verb: string, handler: fun(request: loci.Request): ...)", "Answers a verb sent to the place, an official one too. What it returns is the answer after the verb; nil and a reason are a failure, a task answers when it ends. Top level only.", (*generation).placeHandle},
			{"default", "(request: loci.Request): ...", "Has the place answer as it does without scripts, and gives that answer.", (*generation).placeDefault},
			{"spawn", "(spec: loci.Spec): loci.Entity", "Makes an entity of the place's own, with children if there are any: a list, or by names, which end their ids as in a scene. It survives a reload.", (*generation).placeSpawn},
			{"entity", "(id: string): loci.Entity?", "The entity of that id, or nil.", (*generation).placeEntity},
			{"entities", "(filter?: {with?: string, owner?: loci.Agent}): loci.Entity[]", "All entities, or those that have a component, or belong to an agent, sorted by id.", (*generation).placeEntities},
			{"agents", "(): loci.Agent[]", "All agents, in the order they came.", (*generation).placeAgents},
			{"publish", "(body: any[]): boolean", "Publishes something for all who have subscribed to such. False if so much waits to be sent to each of them that it misses this.", (*generation).placePublish},
			{"subscribe", "(pattern: string, handler: fun(body: any[], from: loci.Entity?)): loci.Subscription", "Hears publications whose body matches a pattern, in the language of access rules.", (*generation).placeSubscribe},
			{"after", "(seconds: number, handler: fun()): loci.Timer", "Calls a function once, after some time.", (*generation).placeAfter},
			{"every", "(seconds: number, handler: fun()): loci.Timer", "Calls a function again and again, at most once a heartbeat.", (*generation).placeEvery},
			{"task", "(body: fun(): ...): loci.Task", "Runs a function in which place.wait and entity:request may be used, when the handler at hand has returned.", (*generation).placeTask},
			{"wait", "(seconds: number)", "Waits, in a task; the place goes on meanwhile.", (*generation).placeWait},
			{"time", "(): number", "The place's clock, in seconds.", (*generation).placeTime},
			{"asset", "(path: string): string", "The id of a file in the place's assets folder, for components that name assets. The file is read at the top level; handlers may ask again for what was asked for there.", (*generation).placeAsset},
			{"push_asset", "(agent: loci.Agent, path: string)", "Sends an agent a file of the place's assets folder, unasked.", (*generation).placePushAsset},
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

	api := g.table(placeClass())
	api.RawSetString("store", g.sealed("place.store", storeClass()))
	api.RawSetString("log", g.sealed("place.log", logClass()))
	api.RawSetString("json", g.json())
	api.RawSetString("state", g.state.ud)
	fallback := g.L.NewTable()
	fallback.RawSetString("__index", g.L.NewFunction(g.placeIndex))
	api.Metatable = fallback
	meta := g.metatable("place", map[string]lua.LGFunction{"__newindex": g.placeNewIndex})
	meta.RawSetString("__index", api)
	g.L.SetGlobal("place", g.userdata(named("place"), meta))
}

// named is a value that is there for its functions.
type named string

func (n named) String() string { return string(n) }

// sealed makes a class's functions a value that scripts cannot change.
func (g *generation) sealed(name string, c class) *lua.LUserData {
	functions := g.table(c)
	meta := g.metatable(name, map[string]lua.LGFunction{
		"__newindex": refused("%s cannot be changed", name),
	})
	meta.RawSetString("__index", functions)
	unknown := g.L.NewTable()
	unknown.RawSetString("__index", g.L.NewFunction(func(L *lua.LState) int {
		key := L.Get(2).String()
		L.RaiseError("there is no %s.%s%s", name, key, suggest(key, c.names()))
		return 0
	}))
	functions.Metatable = unknown
	return g.userdata(named(name), meta)
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
		L.RaiseError("there is no place.%s%s", name, suggest(name, placeClass().names()))
	}
	return 1
}

// placeNewIndex is a setting.
func (g *generation) placeNewIndex(L *lua.LState) int {
	name := L.Get(2).String()
	if !slices.ContainsFunc(placeClass().fields, func(f field) bool { return f.name == name && f.writable }) {
		var settings []string
		for _, f := range placeClass().fields {
			if f.writable {
				settings = append(settings, f.name)
			}
		}
		L.RaiseError("place.%s cannot be set%s", name, suggest(name, settings))
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
		names = append(names, e.name)
	}
	if !slices.Contains(names, event) {
		hint := suggest(event, names)
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
	spec, ok := g.toGo(L, t, component).(map[string]any)
	if !ok {
		L.RaiseError("a table of components expected: { transform = …, lamp = { … } }")
	}
	g.check(L, shortTransforms(spec))
	return spec
}

func (g *generation) placeTime(L *lua.LState) int {
	g.needsPlace(L, "place.time")
	L.Push(lua.LNumber(g.turn().Time()))
	return 1
}
