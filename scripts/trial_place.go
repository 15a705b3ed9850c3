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

// trialPlace is the place of one test.
type trialPlace struct {
	rt      *Runtime
	place   *engine.Place
	driver  *engine.Driver
	direct  *direct.Transport
	log     *trialLog
	players map[*lib.Agent]*player
}

// String is what people are told it is.
func (p *trialPlace) String() string { return "place" }

// open makes a place with the scripts, and has the tests' state be about it.
func (tr *Trial) open() (*trialPlace, error) {
	p := &trialPlace{direct: direct.New(), log: &trialLog{}, players: map[*lib.Agent]*player{}}
	log := p.log.logger()
	var err error
	p.rt, err = New(Config{Sources: tr.sources, Modules: tr.config.Modules, StandIns: true, Limits: tr.config.Limits, Logger: log})
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
	tr.Scope.Enter(p.rt.turn)
	tr.Log = p.rt.log
	tr.Reset()
	tr.at = p
	return p, nil
}

// refill gives scripts what they may run in a heartbeat: a test does much between two of
// them.
func (p *trialPlace) refill() { p.rt.sched.Refill() }

func (tr *Trial) close(p *trialPlace) error {
	tr.at = nil
	tr.Scope.Leave()
	tr.Reset() // what a test keeps it has in the next place, by its id
	err := p.driver.Close()
	p.rt.Wait()
	return err
}

func (tr *Trial) placeClass() api.Class {
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
			{Name: "join", Signature: "(identity?: table, options?: {avatar?: loci.Spec, version?: integer}): loci.TestAgent?, string?", Doc: "Lets an agent in, or gives nil and why it is refused.", Call: tr.trialJoin},
			{Name: "advance", Signature: "(seconds: number)", Doc: "Lets time pass, heartbeat by heartbeat.", Call: tr.trialAdvance},
			{Name: "spawn", Signature: "(spec: loci.Spec): loci.Entity", Doc: "Makes an entity of the place's own.", Call: tr.ofPlace("spawn")},
			{Name: "entity", Signature: "(id: string): loci.Entity?", Doc: "The entity of that id, or nil.", Call: tr.ofPlace("entity")},
			{Name: "entities", Signature: "(filter?: {with?: string, owner?: loci.Agent}): loci.Entity[]", Doc: "All entities, or those that have a component, or belong to an agent, sorted by id.", Call: tr.ofPlace("entities")},
			{Name: "agents", Signature: "(): loci.Agent[]", Doc: "All agents, in the order they came.", Call: tr.ofPlace("agents")},
			{Name: "publish", Signature: "(body: any[])", Doc: "Publishes something as the place.", Call: tr.onTurn(func(L *lua.LState) int { return lib.Publish(tr.Env, L) })},
			{Name: "request", Signature: "(to: loci.Entity|loci.Agent|string, body: any[], options?: {timeout?: number}): any[]?, string?", Doc: "Asks an entity something as the place: the answer's body, or nil and why there is none.", Call: tr.trialRequest},
			{Name: "time", Signature: "(): number", Doc: "The place's clock, in seconds.", Call: tr.ofPlace("time")},
			{Name: "log", Signature: "(): string[]", Doc: "What the scripts have written to the log so far: \"info hello ann\".", Call: tr.trialSaid},
			{Name: "expect_error", Signature: "(text: string)", Doc: "Says that an error with this text in it is logged in this test, before or after this line; without it, an error in the log fails the test, and with it, that there is none.", Call: tr.trialExpectError},
			{Name: "reload", Signature: "(sources?: table<string, string|false>): boolean?, string?", Doc: "Loads the scripts again, as when a file is saved: with other sources by their paths, false for none. Gives nil and why if the old ones run on.", Call: tr.trialReload},
		},
	}
}

func (tr *Trial) openTrialPlace() {
	functions := tr.Table(tr.placeClass())
	tr.meta.place = tr.Metatable("place", map[string]lua.LGFunction{
		"__newindex": bind.Refused("a test's place cannot be changed, but by what stands in it and by what agents do"),
		"__index": func(L *lua.LState) int {
			p, name := bind.Argument[*trialPlace](L, 1, "a test's place"), L.CheckString(2)
			if f := functions.RawGetString(name); f != lua.LNil {
				L.Push(f)
				return 1
			}
			tr.here(L, p)
			L.Push(tr.trialPlaceField(L, p, name))
			return 1
		},
	})
}

func (tr *Trial) trialPlaceField(L *lua.LState, p *trialPlace, name string) lua.LValue {
	switch name {
	case "name":
		return lua.LString(tr.Turn().Name())
	case "store":
		return lib.NewStore(tr.Env, p.rt.config.Store).Value()
	case "json":
		return tr.JSON.Value()
	case "state":
		state := lib.NewState(tr.Env)
		state.Take(p.rt.gen.State.Keep())
		return state.Table()
	}
	L.RaiseError("a test's place has no %q%s", name, suggest.From(name, tr.placeClass().Names()...))
	return nil
}

// here checks that a test uses its own place, and not one that it kept from another.
func (tr *Trial) here(L *lua.LState, p *trialPlace) {
	if tr.at != p {
		L.RaiseError("the test that this place is of is over")
	}
}

// trialSelf takes the place off the arguments, whether it was called with a colon, as
// tests do, or a dot, as in scripts.
func (tr *Trial) self(L *lua.LState) *trialPlace {
	if ud, ok := L.Get(1).(*lua.LUserData); ok {
		if p, ok := ud.Value.(*trialPlace); ok {
			tr.here(L, p)
			L.Remove(1)
			return p
		}
	}
	if tr.at == nil {
		L.RaiseError("there is no place yet: a test has one")
	}
	return tr.at
}

// ofPlace makes a function of the scripts' place one of a test's.
func (tr *Trial) ofPlace(name string) lua.LGFunction {
	return tr.onTurn(func(L *lua.LState) int {
		for _, f := range tr.place.Functions() {
			if f.Name == name {
				return f.Call(L)
			}
		}
		panic("place has no " + name)
	})
}

// onTurn makes a function one of a test's place, which is called on its turn.
func (tr *Trial) onTurn(f lua.LGFunction) lua.LGFunction {
	return func(L *lua.LState) int {
		tr.self(L)
		return tr.do(L, f)
	}
}

// maxAdvance is how far a test may advance its place's clock at once, in seconds.
const maxAdvance = 24 * 60 * 60

func (tr *Trial) trialAdvance(L *lua.LState) int {
	p := tr.self(L)
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
func (p *trialPlace) await(timeout float64, happened func() bool) bool {
	for end := p.place.Time() + timeout; !happened() && p.place.Time() < end; {
		p.driver.Advance(heartbeat)
	}
	return happened()
}

func (tr *Trial) trialRequest(L *lua.LState) int {
	p := tr.self(L)
	to, body, timeout := lib.Recipient(L, 1), lib.Body(tr.Env, L, 2), lib.Timeout(L, 3)
	var answer []any
	var failed error
	var asking *engine.Asking
	over := false
	tr.do(L, func(*lua.LState) int {
		asking = tr.Turn().Ask(engine.PlaceID, to, body, func(a []any, err error) { answer, failed, over = a, err, true })
		return 0
	})
	if !p.await(timeout, func() bool { return over }) {
		failed = fmt.Errorf("no answer within %s", lib.Seconds(timeout))
		tr.do(L, func(*lua.LState) int { asking.Cancel(); return 0 })
	}
	values := lib.Reply(tr.Env, body, answer, failed)
	for _, v := range values {
		L.Push(v)
	}
	return len(values)
}

func (tr *Trial) trialSaid(L *lua.LState) int {
	lines := L.NewTable()
	for i, line := range tr.self(L).log.said {
		lines.RawSetInt(i+1, lua.LString(line))
	}
	L.Push(lines)
	return 1
}

func (tr *Trial) trialExpectError(L *lua.LState) int {
	p := tr.self(L)
	p.log.expect(L.CheckString(1), L.Where(1))
	return 0
}

func (tr *Trial) trialReload(L *lua.LState) int {
	p := tr.self(L)
	changed := files{}
	for _, path := range tr.sources.Paths() {
		changed[path], _ = tr.sources.Source(path)
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
