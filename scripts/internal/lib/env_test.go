package lib

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/sched"
	"github.com/loci-place/loci/scripts/sandbox"
)

// env is a state of scripts without a place.
func env(t *testing.T) (*Env, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	e := &Env{
		State: bind.New(sandbox.Config{}), Scope: &sched.Scope{}, Log: slog.New(slog.NewTextHandler(&log, nil)),
		Limits: &sched.Limits{StateBytes: 1000},
	}
	t.Cleanup(e.Close)
	return e, &log
}

// run runs a source, and returns what it returns as text, or its error.
func run(t *testing.T, e *Env, source string) string {
	t.Helper()
	fn, err := e.Load(source, "x.lua")
	if err != nil {
		t.Fatal(err)
	}
	values, err := e.Call(sandbox.Budget{}, fn)
	if err != nil {
		return err.Error()
	}
	var words []string
	for _, v := range values {
		words = append(words, v.String())
	}
	return strings.Join(words, " ")
}

func TestJSONGoesBothWays(t *testing.T) {
	e, _ := env(t)
	j := &JSON{e}
	e.L.SetGlobal("json", j.Value())
	for source, want := range map[string]string{
		`json.encode{ 1, "a", true, { x = json.null } }`: `[1,"a",true,{"x":null}]`,
		`json.encode{}`:              `{}`,
		`json.encode(json.array{})`:  `[]`,
		`json.encode(json.object{})`: `{}`,
		`json.encode(json.decode('{"a":[],"b":{},"c":[1,null]}'))`:                        `{"a":[],"b":{},"c":[1,null]}`,
		`json.decode("null") == json.null`:                                                `true`,
		`json.decode('{"a":{"b":[1,2]}}').a.b[2]`:                                         `2`,
		`pcall(json.decode, "{")`:                                                         `false`,
		`select(2, pcall(json.decode, ("["):rep(4000)))`:                                  `deep`,
		`select(2, pcall(function() json.null = 1 end))`:                                  `x.lua:1: place.json cannot be changed`,
		`select(2, pcall(function() return json.encod end))`:                              `did you mean encode?`,
		`select(2, pcall(json.encode, function() end))`:                                   `function`,
		`select(2, pcall(json.encode, (function() local t = {} t.t = t return t end)()))`: `.t: a cycle`,
	} {
		if got := run(t, e, "return "+source); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", source, got, want)
		}
	}
}

func TestStateKeepsWhatIsPlain(t *testing.T) {
	e, log := env(t)
	s := NewState(e)
	for key, value := range map[string]string{
		"n": "5", "text": `"x"`, "list": "{ 1, 2 }", "deep": "{ a = { b = true } }", "fn": "function() end", "long": `("x"):rep(2000)`,
	} {
		fn, err := e.Load("return "+value, "x.lua")
		if err != nil {
			t.Fatal(err)
		}
		values, err := e.Call(sandbox.Budget{}, fn)
		if err != nil {
			t.Fatal(err)
		}
		s.Table().RawSetString(key, values[0])
	}
	s.Table().RawSet(lua.LNumber(7), lua.LTrue)
	kept := s.Keep()
	var keys []string
	for key := range kept {
		if key, ok := key.(string); ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	if want := []string{"deep", "list", "n", "text"}; !slices.Equal(keys, want) || len(kept) != len(want)+1 {
		t.Errorf("%q cross over, want %q", keys, want)
	}
	if !strings.Contains(log.String(), "values of place.state do not cross over") || !strings.Contains(log.String(), "values=2") {
		t.Error(log)
	}
	other, _ := env(t)
	to := NewState(other)
	to.Replace(kept)
	other.L.SetGlobal("state", to.Table())
	if got := run(t, other, "return state.n, state.text, #state.list, state.deep.a.b, state[7], state.fn"); got != "5 x 2 true true nil" {
		t.Error(got)
	}
}

func TestTopLevelMayNotWriteState(t *testing.T) {
	e, _ := env(t)
	e.L.SetGlobal("state", NewState(e).ud)
	if got := run(t, e, "state.x = 1"); !strings.Contains(got, "x.lua:1: writing place.state works in handlers") {
		t.Error(got)
	}
	if got := run(t, e, "return #state, state.x"); got != "0 nil" {
		t.Error(got)
	}
}

func TestTimersComeInTheOrderOfTime(t *testing.T) {
	e, _ := env(t)
	ts := newTimers(e, nil)
	by := &sched.Quota{}
	by.Kept.Timers = 4
	late, first, second, gone := &timer{at: 9}, &timer{at: 1}, &timer{at: 1}, &timer{at: 0}
	for _, timer := range []*timer{late, first, second, gone} {
		timer.by, timer.script = by, true
		ts.add(timer)
	}
	if !ts.remove(gone) || ts.remove(gone) || ts.remove(nil) || by.Kept.Timers != 3 {
		t.Errorf("%d timers are kept after one was removed", by.Kept.Timers)
	}
	ts.Start(100)
	for i, want := range []*timer{first, second, late} {
		if got := ts.heap[0]; got != want || got.at < 100 {
			t.Errorf("timer %d comes at %v, want %v", i, got.at, want.at)
		}
		ts.remove(ts.heap[0])
	}
	if ts.Len() != 0 || by.Kept.Timers != 0 {
		t.Errorf("%d wait, %d are kept", ts.Len(), by.Kept.Timers)
	}
}
