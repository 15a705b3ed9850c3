package scripts

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
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
			{"publish", "(body: any[])", "Publishes something for whoever has subscribed to such.", (*generation).placePublish},
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
		"__newindex": func(L *lua.LState) int {
			L.RaiseError("%s cannot be changed", name)
			return 0
		},
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

func (g *generation) placeEntity(L *lua.LState) int {
	g.needsPlace(L, "place.entity")
	id := L.CheckString(1)
	if g.turn().World().Entity(id) == nil {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(g.entity(id))
	return 1
}

func (g *generation) placeEntities(L *lua.LState) int {
	g.needsPlace(L, "place.entities")
	with, owner := g.entityFilter(L)
	var ids []string
	add := func(e *world.Entity) {
		if with == "" || e.Has(with) {
			ids = append(ids, e.ID())
		}
	}
	w := g.turn().World()
	if owner != "" {
		for _, e := range w.OwnedBy(owner) {
			add(e)
		}
	} else {
		for e := range w.Entities() {
			add(e)
		}
	}
	slices.Sort(ids)
	list := L.CreateTable(len(ids), 0)
	for i, id := range ids {
		list.RawSetInt(i+1, g.entity(id))
	}
	L.Push(list)
	return 1
}

// entityFilter reads { with = component, owner = agent }.
func (g *generation) entityFilter(L *lua.LState) (with, owner string) {
	filter := L.OptTable(1, nil)
	if filter == nil {
		return "", ""
	}
	filter.ForEach(func(key, value lua.LValue) {
		switch key.String() {
		case "with":
			name, ok := value.(lua.LString)
			if !ok {
				L.ArgError(1, "with: the name of a component expected")
			}
			with = string(name)
		case "owner":
			ud, _ := value.(*lua.LUserData)
			if ud == nil {
				L.ArgError(1, "owner: an agent expected")
			}
			a, ok := ud.Value.(*agentValue)
			if !ok {
				L.ArgError(1, "owner: an agent expected, got "+nameOf(ud))
			}
			owner = a.agent.ID
		default:
			L.ArgError(1, fmt.Sprintf("unknown filter %q%s", key, suggest(key.String(), []string{"with", "owner"})))
		}
	})
	return with, owner
}

func (g *generation) placeAgents(L *lua.LState) int {
	g.needsPlace(L, "place.agents")
	list := L.NewTable()
	for i, a := range g.turn().Agents() {
		list.RawSetInt(i+1, g.agent(a))
	}
	L.Push(list)
	return 1
}

func (g *generation) placeTime(L *lua.LState) int {
	g.needsPlace(L, "place.time")
	L.Push(lua.LNumber(g.turn().Time()))
	return 1
}

func logClass() class {
	return class{
		name: "loci.Log", at: "place.log",
		doc: "The place's log. What is given is written as tostring has it, with blanks between.",
		functions: []function{
			{"debug", "(...: any)", "Writes a line that is shown with --log-level debug.", logger(slog.LevelDebug)},
			{"info", "(...: any)", "Writes a line.", logger(slog.LevelInfo)},
			{"warn", "(...: any)", "Writes a warning.", logger(slog.LevelWarn)},
			{"error", "(...: any)", "Writes an error.", logger(slog.LevelError)},
		},
	}
}

func logger(level slog.Level) func(g *generation, L *lua.LState) int {
	return func(g *generation, L *lua.LState) int {
		words := make([]string, L.GetTop())
		size := 0
		for i := range words {
			words[i] = L.ToStringMeta(L.Get(i + 1)).String()
			if size += len(words[i]); size > maxLine {
				L.RaiseError("a line of the log has at most %d bytes", maxLine)
			}
		}
		g.say(level, strings.Join(words, " "), "at", where(L))
		return 0
	}
}

// maxLine is the longest line that a script writes to the log, in bytes.
const maxLine = 16 << 10

// say writes a line of a script's, unless there have been too many.
func (g *generation) say(level slog.Level, line string, args ...any) {
	left, ok := g.r.lines.take(time.Now(), g.r.config.Limits.LogLines)
	if left > 0 {
		g.r.log.Warn("scripts write too much: lines are left out", "lines", left)
	}
	if !ok {
		return
	}
	g.r.log.Log(context.Background(), level, line, append(args, "from", "script")...)
}

// json is place.json.
func (g *generation) json() *lua.LUserData {
	json := g.sealed("place.json", jsonClass())
	json.Metatable.(*lua.LTable).RawGetString("__index").(*lua.LTable).RawSetString("null", g.s.Null())
	return json
}

// lines keeps what scripts write within a rate. Generations that load write too, beside
// the one in force.
type lines struct {
	mu     sync.Mutex
	since  time.Time
	spent  float64 // lines, less what time has made up for
	missed int
}

// take tells whether a line may be written, and how many have been left out before it.
func (l *lines) take(now time.Time, rate int) (left int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spent = max(0, l.spent-now.Sub(l.since).Seconds()*float64(rate))
	l.since = now
	if l.spent+1 > float64(rate) {
		l.missed++
		return 0, false
	}
	l.spent++
	left, l.missed = l.missed, 0
	return left, true
}

func jsonClass() class {
	return class{
		name: "loci.JSON", at: "place.json",
		doc: "JSON as text, and what says in a table which JSON is meant.",
		fields: []field{
			{name: "null", typ: "userdata", doc: "stands for null"},
		},
		functions: []function{
			{"encode", "(value: any): string", "Writes plain data as JSON. An empty table is {}.", (*generation).jsonEncode},
			{"decode", "(text: string): any", "Reads JSON. null is place.json.null.", (*generation).jsonDecode},
			{"array", "(t: table): table", "Has a table be [] where it is empty.", (*generation).jsonArray},
			{"object", "(t: table): table", "Has a table be {} where it is empty.", (*generation).jsonObject},
		},
	}
}

func (g *generation) jsonEncode(L *lua.LState) int {
	L.Push(lua.LString(netcode.AppendValue(nil, g.toGo(L, L.CheckAny(1), component))))
	return 1
}

func (g *generation) jsonDecode(L *lua.LState) int {
	text := L.CheckString(1)
	if len(text) > MaxJSON {
		L.ArgError(1, fmt.Sprintf("longer than %d bytes", MaxJSON))
	}
	v, err := netcode.ParseValue([]byte(text))
	g.check(L, err)
	if v == nil {
		L.Push(g.s.Null())
		return 1
	}
	L.Push(g.toLua(L, v))
	return 1
}

func (g *generation) jsonArray(L *lua.LState) int {
	g.s.MarkArray(L.CheckTable(1))
	L.SetTop(1)
	return 1
}

func (g *generation) jsonObject(L *lua.LState) int {
	g.s.MarkObject(L.CheckTable(1))
	L.SetTop(1)
	return 1
}
