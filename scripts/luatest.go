package scripts

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/lib"
	"github.com/loci-place/loci/scripts/internal/sched"
	"github.com/loci-place/loci/scripts/internal/vec"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts/sandbox"
)

// LuaTest is a file of a place's tests, loaded: each of its cases runs in a place of its
// own with the same scripts, in which no time passes unless told. Package luatest runs
// whole directories of them. A LuaTest belongs to one goroutine.
//
// The tests have a Lua state of their own, so that they outlive a reload of the place
// that they are about, and what they do is done between two of its turns: what an entity
// that is poked, spawned or changed sets off has happened by the next line.
type LuaTest struct {
	file    string
	sources Sources
	config  LuaTestConfig
	*lib.Values
	place *lib.Place // what the place under test can do
	meta  struct{ place, agent *lua.LTable }
	cases []*luatestCase
	scope []*luatestScope // the blocks being declared, the outermost first
	at    *luatestPlace   // of the case that runs
}

// LuaTestConfig is how tests are run. The zero value is good.
type LuaTestConfig struct {
	// Modules are the host's, as in [Config]; tests/host/NAME.lua stands in for one that
	// is not among them.
	Modules map[string]Module
	// Time is how much of the processor a test may use before it is cut off. Default
	// 10 s.
	Time time.Duration
	// Limits are those of the scripts that are tested.
	Limits Limits
}

// Case is one test.
type Case struct {
	Name string // with those of the blocks around it: "door: opens when poked"
	Line int    // that it is declared on
}

// Outcome is what became of a test.
type Outcome struct {
	// Failures say what is wrong, "tests/door_test.lua:12: …" in one line or more
	// each. There are none if the test passed.
	Failures []string
	// Log is what scripts have logged meanwhile, and what the place warned of, a line each.
	Log  []string
	Took time.Duration
}

// luatestCase is a test as it was declared.
type luatestCase struct {
	Case
	fn     *lua.LFunction
	before []*lua.LFunction // of the blocks around it, the outermost first
}

// luatestScope is a block of tests.
type luatestScope struct {
	name   string
	before []*lua.LFunction
}

// NewLuaTest loads a file of tests, which declares them. The error says file and line of
// what is wrong with it.
func NewLuaTest(sources Sources, file string, config LuaTestConfig) (*LuaTest, error) {
	orDefault(&config.Time, 10*time.Second)
	config.Limits.setDefaults()
	source, ok := sources.Source(file)
	if !ok {
		return nil, fmt.Errorf("scripts: there is no %s", file)
	}
	lt := &LuaTest{file: file, sources: sources, config: config, scope: []*luatestScope{{}}}
	limits := config.Limits.forScheduler()
	env := &lib.Env{Scope: &sched.Scope{}, Log: (&luatestLog{}).logger(), Limits: limits}
	lines := &lib.Log{Env: env}
	env.State = bind.New(sandbox.Config{
		Print:   func(line string) { lines.Say(slog.LevelInfo, line) },
		Explain: func(callee, id string) string { return lt.place.Explain(callee, id) },
		Require: func(name string) (string, string, bool) { return lib.ModuleSource(sources, name, true) },
	})
	lt.Values = lib.NewValues(env, func(string) bool { return true })
	lt.place = lib.NewPlace(lt.Values)
	lt.Preload("loci.vec", vec.Open(env.State))
	for name, m := range config.Modules {
		lt.Preload(name, moduleTable(env, m))
	}
	lt.openValues()
	fn, err := lt.Load(source, file)
	if err == nil {
		_, err = lt.State.Call(limits.LoadBudget(), fn)
	}
	if err != nil {
		lt.Close()
		return nil, loadError(err, limits)
	}
	return lt, nil
}

// Cases are the tests, in the order they were declared.
func (lt *LuaTest) Cases() []Case {
	cases := make([]Case, len(lt.cases))
	for i, c := range lt.cases {
		cases[i] = c.Case
	}
	return cases
}

// Close frees what the tests take.
func (lt *LuaTest) Close() { lt.State.Close() }

// Run runs one of the Cases.
func (lt *LuaTest) Run(n int) Outcome {
	began := time.Now()
	c := lt.cases[n]
	p, err := lt.open()
	if err != nil {
		return Outcome{Failures: []string{err.Error()}, Took: time.Since(began)}
	}
	ud := lt.Userdata(p, lt.meta.place)
	for _, fn := range append(c.before[:len(c.before):len(c.before)], c.fn) {
		if err = lt.call(fn, ud); err != nil {
			break
		}
	}
	out := Outcome{Log: p.log.lines}
	if err != nil {
		out.Failures = append(out.Failures, failureText(err))
	}
	out.Failures = append(out.Failures, p.log.surprises(fmt.Sprintf("%s:%d", lt.file, c.Line))...)
	if err := lt.close(p); err != nil {
		out.Failures = append(out.Failures, err.Error())
	}
	out.Took = time.Since(began)
	return out
}

func (lt *LuaTest) call(fn *lua.LFunction, args ...lua.LValue) error {
	_, err := lt.State.Call(sandbox.Budget{Time: lt.config.Time, Instructions: 1 << 40}, fn, args...)
	if errors.Is(err, sandbox.ErrCallBudget) {
		err = fmt.Errorf("%w: the test takes longer than %v", err, lt.config.Time)
	}
	return err
}

// failureText says what a test failed with, and how it came there unless that was from
// the test itself.
func failureText(err error) string {
	text := err.Error()
	if e, ok := errors.AsType[*sandbox.Error](err); ok && strings.Contains(e.Traceback, "\n") {
		text += "\n" + e.Traceback
	}
	return text
}

// do does something on the turn of the place that is tested, and lets all that follows
// from it happen.
func (lt *LuaTest) do(L *lua.LState, f lua.LGFunction) (n int) {
	p := lt.at
	if p == nil {
		L.RaiseError("there is no place yet: a test has one, t.it(\"…\", function(place) … end)")
	}
	p.refill()
	if err := p.place.Do(func(*engine.Turn) error { n = f(L); return nil }); err != nil {
		L.RaiseError("%v", err)
	}
	p.driver.Settle()
	return n
}

// settles has each of a table's functions, or those that are named, be done so.
func (lt *LuaTest) settles(table *lua.LTable, names ...string) {
	if len(names) == 0 {
		table.ForEach(func(key, _ lua.LValue) { names = append(names, key.String()) })
	}
	for _, name := range names {
		f := table.RawGetString(name).(*lua.LFunction).GFunction
		table.RawSetString(name, lt.L.NewFunction(func(L *lua.LState) int { return lt.do(L, f) }))
	}
}

// openLuaTest lays out what tests have beyond what scripts have, and takes from them what
// they get through their place.
func (lt *LuaTest) openValues() {
	entity, agent := lt.Methods()
	lt.settles(entity)
	lt.settles(agent)
	for _, meta := range lt.Writable() {
		lt.settles(meta, "__newindex")
	}
	lt.openLuaTestPlace()
	lt.openLuaTestAgent()
	lt.Preload("loci.test", lt.Table(lt.class()))
	none := func(L *lua.LState) int {
		L.RaiseError("in a test the place is what the test is given: t.it(\"…\", function(place) … end)")
		return 0
	}
	lt.L.SetGlobal("place", lt.Userdata(bind.Named("place"), lt.Metatable("place", map[string]lua.LGFunction{
		"__index": none, "__newindex": none,
	})))
}
