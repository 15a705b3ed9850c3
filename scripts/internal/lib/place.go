package lib

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/internal/suggest"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/sched"
	"github.com/loci-place/loci/scripts/internal/vec"
)

// Place is what place itself can do: its name and who hears which speaker, its entities, its agents and
// its clock. The other namespaces add their functions to the same table.
type Place struct {
	*Env
	calls    *sched.Calls
	entities *Entities
	agents   *Agents
	given    string // name that it has whatever the scripts say, "" for none
	name     string // as the scripts say
	hears    *sched.Handler
	names    []string // of all that place has
	missed   string   // the id of the last entity that a script asked for and that there is not
}

// Functions describes what place can do with entities, agents and its clock.
func (p *Place) Functions() []api.Function {
	return []api.Function{
		{Name: "spawn", Signature: "(spec: loci.Spec): loci.Entity", Doc: "Makes an entity of the place's own, with children if there are any: a list, or by names, which end their ids as in a scene. It survives a reload.", Call: p.spawnFromSpec, Price: 600},
		{Name: "entity", Signature: "(id: string): loci.Entity?", Doc: "The entity of that id, or nil.", Call: p.entity},
		{Name: "entities", Signature: "(filter?: {with?: string, owner?: loci.Agent}): loci.Entity[]", Doc: "All entities, or those that have a component, or belong to an agent, sorted by id.", Call: p.all},
		{Name: "agents", Signature: "(): loci.Agent[]", Doc: "All agents, in the order they came.", Call: p.allAgents},
		{Name: "time", Signature: "(): number", Doc: "The place's clock, in seconds.", Call: p.time},
	}
}

// Name returns the name that agents are told, "" if neither the host nor the scripts say.
func (p *Place) Name() string { return cmp.Or(p.given, p.name) }

// fields are those of place.
var fields = []api.Field{
	{Name: "name", Type: "string", Doc: "what agents that join are told the place is called, at most 256 bytes; set at the top level", Writable: true},
	{Name: "hears", Type: "fun(listener: loci.Agent, speaker: loci.Agent): boolean", Doc: "who hears which speaker, asked twice a second of each pair in which one has a track that the other would hear; set at the top level. Without it everybody hears everybody", Writable: true},
	{Name: "state", Type: "table", Doc: "a table that survives a reload: plain data only. It may not be written at the top level"},
	{Name: "store", Type: "loci.Store", Doc: "what survives a restart"},
	{Name: "log", Type: "loci.Log", Doc: "the place's log"},
	{Name: "json", Type: "loci.JSON", Doc: "JSON as text, and what says null, [] and {} in a table"},
}

// index is asked for what is no function of the place's.
func (p *Place) index(L *lua.LState) int {
	switch name := L.Get(2).String(); name {
	case "name":
		text := p.Name()
		if text == "" && p.Live() {
			text = p.Turn().Name()
		}
		L.Push(lua.LString(text))
	case "hears":
		L.Push(lua.LNil)
		if p.hears != nil {
			L.Replace(-1, p.hears.Fn)
		}
	default:
		L.RaiseError("there is no place.%s%s", name, suggest.From(name, p.names...))
	}
	return 1
}

// newIndex is a setting.
// nameBytes is how long place.name may be: the default of [engine.Limits.NameBytes], as a
// file is loaded before there is a place.
const nameBytes = 256

func (p *Place) newIndex(L *lua.LState) int {
	name := L.Get(2).String()
	if !slices.ContainsFunc(fields, func(f api.Field) bool { return f.Name == name && f.Writable }) {
		var settings []string
		for _, f := range fields {
			if f.Writable {
				settings = append(settings, f.Name)
			}
		}
		L.RaiseError("place.%s cannot be set%s", name, suggest.From(name, settings...))
	}
	p.NeedsTopLevel(L, "setting place."+name)
	switch name {
	case "name":
		text, ok := L.Get(3).(lua.LString)
		if !ok || text == "" {
			L.RaiseError("place.name must be a text")
		}
		if len(text) > nameBytes {
			L.RaiseError("place.name has %d bytes, at most %d may be", len(text), nameBytes)
		}
		p.name = string(text)
	case "hears":
		p.hears = sched.HandlerArg(L, 3, "place.hears")
	}
	return 0
}

// Spec makes plain data of the description of an entity.
func Spec(env *Env, L *lua.LState, t *lua.LTable) map[string]any {
	spec, ok := env.ToGo(L, t, bind.Component).(map[string]any)
	if !ok {
		L.RaiseError("a table of components expected: { transform = …, lamp = { … } }")
	}
	bind.Check(L, vec.WriteOutAll(spec))
	return spec
}

func (p *Place) time(L *lua.LState) int {
	p.NeedsPlace(L, "place.time")
	L.Push(lua.LNumber(p.Turn().Time()))
	return 1
}
func (p *Place) spawnFromSpec(L *lua.LState) int {
	p.Changes(L, "place.spawn")
	id, err := p.spawn("", Spec(p.Env, L, L.CheckTable(1)))
	bind.Check(L, err)
	L.Push(p.entities.Value(id))
	return 1
}

// spawn makes an entity of the place's own, all of it or nothing. Its children are a
// list, as in the protocol, or have names as in a scene, which end their ids:
// "lamp.bulb". How deep they nest is bounded by how deep plain data may.
func (p *Place) spawn(id string, spec map[string]any) (string, error) {
	if most := p.Limits.Entities; p.Turn().World().CountOwned(engine.PlaceID) > most {
		return "", fmt.Errorf("the place has %d entities already", most)
	}
	named, ok := spec["children"].(map[string]any)
	if !ok {
		return p.Turn().Spawn(id, spec)
	}
	spec = maps.Clone(spec)
	delete(spec, "children")
	id, err := p.Turn().Spawn(id, spec)
	if err != nil {
		return "", err
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if err := p.spawnChild(id, name, named[name]); err != nil {
			p.Turn().Remove(id, world.Cascade)
			return "", err
		}
	}
	return id, nil
}

func (p *Place) spawnChild(parent, name string, v any) error {
	child, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("the child %s must be a table of components", name)
	}
	child = maps.Clone(child)
	into := child
	if nested, ok := child["components"].(map[string]any); ok {
		into = maps.Clone(nested)
		child["components"] = into
	}
	into["relationships"] = map[string]any{"parent": parent}
	_, err := p.spawn(parent+"."+name, child)
	return err
}

func (p *Place) entity(L *lua.LState) int {
	p.NeedsPlace(L, "place.entity")
	id := L.CheckString(1)
	if p.Turn().World().Entity(id) == nil {
		p.missed = id
		L.Push(lua.LNil)
		return 1
	}
	L.Push(p.entities.Value(id))
	return 1
}

// maxSuggested is among how many ids a similar one is looked for: 1 ms.
const maxSuggested = 1000

// Explain returns why place.entity returned nil, for the error of a script that did not
// expect that.
func (p *Place) Explain(callee, id string) string {
	name := callee[strings.LastIndexByte(callee, '.')+1:] // place may have another name
	if id == "" {
		id = p.missed
	}
	if name != "entity" || id != p.missed && callee != "place.entity" || !p.Live() {
		return ""
	}
	w := p.Turn().World()
	if id == "" || w.Entity(id) != nil {
		return ""
	}
	var ids []string
	for _, e := range w.OwnedBy(engine.PlaceID) { // others' ids are random
		if ids = append(ids, e.ID()); len(ids) == maxSuggested {
			break
		}
	}
	return fmt.Sprintf("place.entity(%q) is nil: no such entity%s", id, strings.Replace(suggest.From(id, ids...), ":", ";", 1))
}

func (p *Place) all(L *lua.LState) int {
	p.NeedsPlace(L, "place.entities")
	with, owner := entityFilter(L)
	var ids []string
	add := func(e *world.Entity) {
		if with == "" || e.Has(with) {
			ids = append(ids, e.ID())
		}
	}
	w := p.Turn().World()
	if owner != "" {
		for _, e := range w.OwnedBy(owner) {
			add(e)
		}
	} else {
		for e := range w.Entities() {
			add(e)
		}
	}
	p.Charge(L, p.Turn().World().Len()/16+len(ids)*api.EachPrice)
	slices.Sort(ids)
	list := L.CreateTable(len(ids), 0)
	for i, id := range ids {
		list.RawSetInt(i+1, p.entities.Value(id))
	}
	L.Push(list)
	return 1
}

// entityFilter reads { with = component, owner = agent }.
func entityFilter(L *lua.LState) (with, owner string) {
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
			a, ok := ud.Value.(*Agent)
			if !ok {
				L.ArgError(1, "owner: an agent expected, got "+bind.NameOf(ud))
			}
			owner = a.agent.ID
		default:
			L.ArgError(1, fmt.Sprintf("unknown filter %q%s", key, suggest.From(key.String(), "with", "owner")))
		}
	})
	return with, owner
}

func (p *Place) allAgents(L *lua.LState) int {
	p.NeedsPlace(L, "place.agents")
	list := L.NewTable()
	for i, a := range p.Turn().Agents() {
		list.RawSetInt(i+1, p.agents.Value(a))
	}
	L.Push(list)
	return 1
}

// Hearing returns what asks place.hears, nil if everybody hears everybody. Where the script
// fails or is cut off the speaker is not heard until it is asked about again: what is said
// in a quiet room must not leak. While the scripts' state is replaced, the last answers
// hold.
func (p *Place) Hearing() func(listener, speaker string) bool {
	if p.hears == nil {
		return nil
	}
	answers := map[[2]string]bool{}
	return func(listener, speaker string) bool {
		pair := [2]string{listener, speaker}
		l, here := p.Turn().Agent(listener)
		s, there := p.Turn().Agent(speaker)
		if !here || !there {
			return true
		}
		var results []lua.LValue
		var err error
		p.calls.Act(p.calls.Of(speaker), func() { // who brings much about itself pays for it
			results, err = p.calls.Look(p.hears, listener, p.agents.Value(l), p.agents.Value(s))
		})
		if err == sched.ErrBusy {
			return answers[pair]
		}
		if len(answers) >= maxHearing {
			clear(answers)
		}
		answers[pair] = len(results) > 0 && lua.LVAsBool(results[0])
		return answers[pair]
	}
}

// maxHearing is how many pairs of agents are remembered.
const maxHearing = 1 << 16
