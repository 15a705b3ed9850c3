package scripts

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/loci-place/loci/internal/suggest"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/lib"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode/direct"
)

// luatestPlace is the place of one test.
type luatestPlace struct {
	rt      *Runtime
	place   *engine.Place
	driver  *engine.Driver
	direct  *direct.Transport
	log     *luatestLog
	players map[*lib.Agent]*player
}

// String is what people are told it is.
func (p *luatestPlace) String() string { return "place" }

// open makes a place with the scripts, and has the tests' state be about it.
func (lt *LuaTest) open() (*luatestPlace, error) {
	p := &luatestPlace{direct: direct.New(), log: &luatestLog{}, players: map[*lib.Agent]*player{}}
	log := p.log.logger()
	var err error
	p.rt, err = New(Config{Sources: lt.sources, Modules: lt.config.Modules, StandIns: true, Limits: lt.config.Limits, Logger: log})
	if err != nil {
		return nil, err
	}
	p.place, err = engine.New(engine.Config{Transports: []netcode.Transport{p.direct}, Behaviour: p.rt, Logger: log})
	if err != nil {
		return nil, err
	}
	if p.driver, err = p.place.Drive(); err != nil {
		return nil, errors.Join(err, p.place.Close())
	}
	lt.Scope.Enter(p.rt.turn)
	lt.Log = p.rt.log
	lt.Reset()
	lt.at = p
	return p, nil
}

// refill gives scripts what they may run in a heartbeat: a test does much between two of
// them.
func (p *luatestPlace) refill() { p.rt.sched.Refill() }

func (lt *LuaTest) close(p *luatestPlace) error {
	lt.at = nil
	lt.Scope.Leave()
	lt.Reset() // what a test keeps it has in the next place, by its id
	err := p.driver.Close()
	p.rt.Wait()
	return err
}

func (lt *LuaTest) placeClass() api.Class {
	return api.Class{
		Name: "loci.TestPlace", Method: true,
		Doc: "A test's own place, with the scripts of the directory in it. What it is told to do has happened, with " +
			"all that follows from it, when the call returns; but no time passes unless advance says so, or a " +
			"request waits for its answer.",
		Fields: []api.Field{
			{Name: "name", Type: "string", Doc: "what agents are told the place is called"},
			{Name: "state", Type: "table", Doc: "a copy of what place.state holds"},
			{Name: "store", Type: "loci.Store", Doc: "the place's store, which is empty when the test begins"},
			{Name: "json", Type: "loci.JSON", Doc: "as scripts have it"},
		},
		Functions: []api.Function{
			{Name: "join", Signature: "(identity?: table, options?: {avatar?: loci.Spec, version?: integer}): loci.TestAgent?, string?", Doc: "Lets an agent in, or gives nil and why it is refused.", Call: lt.luatestJoin},
			{Name: "advance", Signature: "(seconds: number)", Doc: "Lets time pass, heartbeat by heartbeat.", Call: lt.luatestAdvance},
			{Name: "spawn", Signature: "(spec: loci.Spec): loci.Entity", Doc: "Makes an entity of the place's own.", Call: lt.ofPlace("spawn")},
			{Name: "entity", Signature: "(id: string): loci.Entity?", Doc: "The entity of that id, or nil.", Call: lt.ofPlace("entity")},
			{Name: "entities", Signature: "(filter?: {with?: string, owner?: loci.Agent}): loci.Entity[]", Doc: "All entities, or those that have a component, or belong to an agent, sorted by id.", Call: lt.ofPlace("entities")},
			{Name: "agents", Signature: "(): loci.Agent[]", Doc: "All agents, in the order they came.", Call: lt.ofPlace("agents")},
			{Name: "publish", Signature: "(body: any[])", Doc: "Publishes something as the place.", Call: lt.onTurn(func(L *lua.LState) int { return lib.Publish(lt.Env, L) })},
			{Name: "request", Signature: "(to: loci.Entity|loci.Agent|string, body: any[], options?: {timeout?: number}): any[]?, string?", Doc: "Asks an entity something as the place: the answer's body, or nil and why there is none.", Call: lt.luatestRequest},
			{Name: "time", Signature: "(): number", Doc: "The place's clock, in seconds.", Call: lt.ofPlace("time")},
			{Name: "log", Signature: "(): string[]", Doc: "What the scripts have written to the log so far: \"info hello ann\".", Call: lt.luatestSaid},
			{Name: "expect_error", Signature: "(text: string)", Doc: "Says that an error with this text in it is logged in this test, before or after this line; without it, an error in the log fails the test, and with it, that there is none.", Call: lt.luatestExpectError},
			{Name: "reload", Signature: "(sources?: table<string, string|false>): boolean?, string?", Doc: "Loads the scripts again, as when a file is saved: with other sources by their paths, false for none. Gives nil and why if the old ones run on.", Call: lt.luatestReload},
		},
	}
}

func (lt *LuaTest) openLuaTestPlace() {
	functions := lt.Table(lt.placeClass())
	lt.meta.place = lt.Metatable("place", map[string]lua.LGFunction{
		"__newindex": bind.Refused("a test's place cannot be changed, but by what stands in it and by what agents do"),
		"__index": func(L *lua.LState) int {
			p, name := bind.Argument[*luatestPlace](L, 1, "a test's place"), L.CheckString(2)
			if f := functions.RawGetString(name); f != lua.LNil {
				L.Push(f)
				return 1
			}
			lt.here(L, p)
			L.Push(lt.luatestPlaceField(L, p, name))
			return 1
		},
	})
}

func (lt *LuaTest) luatestPlaceField(L *lua.LState, p *luatestPlace, name string) lua.LValue {
	switch name {
	case "name":
		return lua.LString(lt.Turn().Name())
	case "store":
		return lib.NewStore(lt.Env, p.rt.config.Store).Value()
	case "json":
		return lt.JSON.Value()
	case "state":
		state := lib.NewState(lt.Env)
		state.Take(p.rt.gen.State.Keep())
		return state.Table()
	}
	L.RaiseError("a test's place has no %q%s", name, suggest.From(name, lt.placeClass().Names()...))
	return nil
}

// here checks that a test uses its own place, and not one that it kept from another.
func (lt *LuaTest) here(L *lua.LState, p *luatestPlace) {
	if lt.at != p {
		L.RaiseError("the test that this place is of is over")
	}
}

// luatestSelf takes the place off the arguments, whether it was called with a colon, as
// tests do, or a dot, as in scripts.
func (lt *LuaTest) self(L *lua.LState) *luatestPlace {
	if ud, ok := L.Get(1).(*lua.LUserData); ok {
		if p, ok := ud.Value.(*luatestPlace); ok {
			lt.here(L, p)
			L.Remove(1)
			return p
		}
	}
	if lt.at == nil {
		L.RaiseError("there is no place yet: a test has one")
	}
	return lt.at
}

// ofPlace makes a function of the scripts' place one of a test's.
func (lt *LuaTest) ofPlace(name string) lua.LGFunction {
	return lt.onTurn(func(L *lua.LState) int {
		for _, f := range lt.place.Functions() {
			if f.Name == name {
				return f.Call(L)
			}
		}
		panic("place has no " + name)
	})
}

// onTurn makes a function one of a test's place, which is called on its turn.
func (lt *LuaTest) onTurn(f lua.LGFunction) lua.LGFunction {
	return func(L *lua.LState) int {
		lt.self(L)
		return lt.do(L, f)
	}
}

// maxAdvance is how far a test may advance its place's clock at once, in seconds.
const maxAdvance = 24 * 60 * 60

func (lt *LuaTest) luatestAdvance(L *lua.LState) int {
	p := lt.self(L)
	seconds := float64(L.CheckNumber(1))
	if !(seconds >= 0 && seconds <= maxAdvance) {
		L.ArgError(1, fmt.Sprintf("0 to %d seconds expected", maxAdvance))
	}
	p.driver.Advance(time.Duration(seconds * float64(time.Second)))
	return 0
}

// heartbeat is what the place's clock moves by while somebody waits.
const heartbeat = time.Second / engine.DefaultRate

// await lets time pass until something has happened, and reports whether it has.
func (p *luatestPlace) await(timeout float64, happened func() bool) bool {
	for end := p.place.Time() + timeout; !happened() && p.place.Time() < end; {
		p.driver.Advance(heartbeat)
	}
	return happened()
}

func (lt *LuaTest) luatestRequest(L *lua.LState) int {
	p := lt.self(L)
	to, body, timeout := lib.Recipient(L, 1), lib.Body(lt.Env, L, 2), lib.Timeout(L, 3)
	var answer []any
	var failed error
	var asking *engine.Asking
	over := false
	lt.do(L, func(*lua.LState) int {
		asking = lt.Turn().Ask(engine.PlaceID, to, body, func(a []any, err error) { answer, failed, over = a, err, true })
		return 0
	})
	if !p.await(timeout, func() bool { return over }) {
		failed = fmt.Errorf("no answer within %s", lib.Seconds(timeout))
		lt.do(L, func(*lua.LState) int { asking.Cancel(); return 0 })
	}
	values := lib.Reply(lt.Env, body, answer, failed)
	for _, v := range values {
		L.Push(v)
	}
	return len(values)
}

func (lt *LuaTest) luatestSaid(L *lua.LState) int {
	lines := L.NewTable()
	for i, line := range lt.self(L).log.said {
		lines.RawSetInt(i+1, lua.LString(line))
	}
	L.Push(lines)
	return 1
}

func (lt *LuaTest) luatestExpectError(L *lua.LState) int {
	p := lt.self(L)
	p.log.expect(L.CheckString(1), L.Where(1))
	return 0
}

func (lt *LuaTest) luatestReload(L *lua.LState) int {
	p := lt.self(L)
	changed := files{}
	for _, path := range lt.sources.Paths() {
		changed[path], _ = lt.sources.Source(path)
	}
	var paths []string
	if others := L.OptTable(1, nil); others != nil {
		others.ForEach(func(path, source lua.LValue) {
			paths = append(paths, path.String())
			changed[path.String()] = source.String()
			if source == lua.LFalse {
				delete(changed, path.String())
			}
		})
	}
	slices.Sort(paths)
	p.refill()
	if err := p.rt.reload(p.place, maps.Clone(changed), paths); err != nil {
		L.Push(lua.LNil)
		L.Push(lua.LString(err.Error()))
		return 2
	}
	p.driver.Settle()
	L.Push(lua.LTrue)
	return 1
}
