package sched

import (
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
)

func handler(what string) *Handler {
	return NewHandler(&lua.LFunction{Proto: &lua.FunctionProto{SourceName: "place.lua", LineDefined: 7}}, what)
}

func TestRestDoublesUpToTheMost(t *testing.T) {
	b := backoffs{most: time.Second}
	h := handler(`event "join"`)
	for i, want := range []float64{0.1, 0.2, 0.4, 0.8, 1, 1, 1} {
		b.cutOff(h, "ann", "slow", 10)
		if got := b.rests(h, "ann", 10); got < want-1e-9 || got > want+1e-9 {
			t.Errorf("after %d times it rests for %v s, want %v", i+1, got, want)
		}
	}
	if got := b.rests(h, "ann", 10.75); got < 0.25-1e-9 || got > 0.25+1e-9 {
		t.Errorf("%v s are left of a second after 0.75", got)
	}
	if b.rests(h, "ann", 12) != 0 {
		t.Error("it rests when the time is over")
	}
}

func TestHandlerRestsForItsCauseAlone(t *testing.T) {
	b := backoffs{most: time.Minute}
	h := handler(`event "join"`)
	b.cutOff(h, "mallory", "slow", 0)
	if b.rests(h, "ann", 0) != 0 || b.rests(h, "", 0) != 0 {
		t.Error("it rests for others")
	}
	if b.rests(handler("timer"), "mallory", 0) != 0 {
		t.Error("another handler rests")
	}
	b.finished(h, "mallory")
	if b.rests(h, "mallory", 0) != 0 {
		t.Error("it rests though it came to its end")
	}
}

func TestOldRestsAreForgotten(t *testing.T) {
	b := backoffs{most: time.Second}
	h := handler("tick")
	b.cutOff(h, "", "slow", 0)
	b.forget(1)
	if len(b.by) != 1 {
		t.Error("forgotten at once")
	}
	b.forget(1.2)
	if len(b.by) != 0 {
		t.Error("remembered for good")
	}
}

func TestKindsAreReadFromWhatHandlersAreFor(t *testing.T) {
	for what, want := range map[string]struct {
		kind          string
		guard, urgent bool
	}{
		`event "join"`:            {"event", false, false},
		`guard before "announce"`: {"guard", true, true},
		`guard before "say"`:      {"guard", true, false},
		`verb "announce"`:         {"verb", true, true},
		`verb "say"`:              {"verb", false, false},
		"place.hears":             {"hears", true, true},
		"component door.validate": {"validate", true, true},
		"component a.b.tick":      {"tick", false, false},
		"timer of place.lua:3":    {"timer", false, false},
		"something":               {"other", false, false},
		"":                        {"other", false, false},
	} {
		h := handler(what)
		if Kinds[h.kind] != want.kind || h.guard != want.guard || h.urgent != want.urgent {
			t.Errorf("%q: kind %s, guard %v, urgent %v", what, Kinds[h.kind], h.guard, h.urgent)
		}
	}
	if spot := handler("tick").Spot(); spot != "place.lua:7" {
		t.Errorf("it begins at %s", spot)
	}
}

func TestAgentsAreToldWhyNothingRan(t *testing.T) {
	if got := Explain(RestingError{0.01}); !strings.HasSuffix(got, "try again in 0.1 s") {
		t.Error(got)
	}
	if got := Explain(ErrBusy); got != "the place is too busy, please try again" {
		t.Error(got)
	}
}

func TestMostMemoryIsBlamedOnOneFunction(t *testing.T) {
	a, b, c := handler("tick"), handler("tick"), handler("tick")
	b.Fn.Proto.LineDefined = 9
	var m Growth
	m.Weigh(true)
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	runtime.GC() // or what others left is swept meanwhile
	var kept [][]byte
	grow := func(h *Handler, bytes int) {
		heap := m.begin()
		kept = append(kept, make([]byte, bytes))
		m.end(h, heap)
	}
	grow(a, 16<<20)
	grow(b, 2<<20)
	if worst, grown, ok := m.Worst(); worst != a.Fn.Proto || !ok || grown < 8<<20 {
		t.Errorf("line %d grew by %d bytes, %v", worst.LineDefined, grown, ok)
	}
	grow(b, 10<<20)
	grow(c, 10<<20)
	if _, _, ok := m.Worst(); ok {
		t.Error("one is blamed for less than half")
	}
	runtime.KeepAlive(kept)
	m.Rest(a.Fn.Proto, 5)
	if m.rests(a, 2) != 3 || m.rests(b, 2) != 0 || m.rests(a, 6) != 0 {
		t.Errorf("%v rest", m.Resting())
	}
	if m.Forget(false); m.rests(a, 2) != 3 {
		t.Error("forgotten by a reload of the same")
	}
	if m.Forget(true); m.rests(a, 2) != 0 {
		t.Error("rests after it changed")
	}
	if m.Depth() != 0 {
		t.Error(m.Depth())
	}
}
