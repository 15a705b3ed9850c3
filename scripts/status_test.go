package scripts

import (
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
)

func (r *rig) status() (s Status) {
	r.do(func(t *engine.Turn) { s = r.rt.Status(t) })
	return s
}

func (s *Status) handler(kind string) HandlerStatus {
	for _, h := range s.Handlers {
		if h.Kind == kind {
			return h
		}
	}
	return HandlerStatus{}
}

func TestStatusTellsWhatHandlersCostByKind(t *testing.T) {
	r := opened(t, files{
		"place.lua": `place.handle("sum", function() local n = 0 for i = 1, 20000 do n = n + i end return n end)
			place.on("join", function() end)
			place.every(0.1, function() error("oh") end)
			place.before("list_agents", function() end)
			place.task(function() place.wait(0.1) end)
			place.scene{ lamp = { lamp = { lit = false } } }`,
		"components/lamp.lua": `return { tick = function() end, added = function() end }`,
	})
	ann := r.join("ann")
	ann.request("place", `["sum"]`)
	ann.request("place", `["list_agents"]`)
	r.Advance(time.Second)
	s := r.status()
	for kind, least := range map[string]uint64{"verb": 1, "event": 1, "guard": 1, "timer": 9, "task": 2, "tick": 19, "added": 1} {
		if h := s.handler(kind); h.Calls < least || kind == "verb" && h.Time <= 0 {
			t.Errorf("%+v, want %d calls", h, least)
		}
	}
	if h := s.handler("timer"); h.Errors != h.Calls {
		t.Errorf("%+v", h)
	}
	if h := s.handler("other"); h.Calls != 0 {
		t.Errorf("%+v", h)
	}
	if len(s.Errors) != 1 {
		t.Fatalf("%+v", s.Errors)
	}
	if e := s.Errors[0]; e.File != "place.lua" || e.Line != 3 || e.Message != "oh" || e.Count < 9 || e.At < 0.9 || e.Handler != "timer of place.lua:3" {
		t.Errorf("%+v", e)
	}
	if s.Generation != 1 || s.Files != 2 || s.Components != 1 || s.Failure != nil {
		t.Errorf("%+v", s)
	}
}

func TestStatusTellsWhatCameOfReloads(t *testing.T) {
	sources := lua1(`place.every(0.1, function() error("oh") end)`)
	r := opened(t, sources, func(c *Config) { c.Sources = sources })
	r.Advance(time.Second)
	sources["place.lua"] = "\nlocal x = nil .. 1"
	if r.rt.Reload(r.place) == nil {
		t.Fatal("loaded")
	}
	s := r.status()
	if f := s.Failure; s.Failed != 1 || s.Generation != 1 || f == nil || f.File != "place.lua" || f.Line != 2 || !strings.Contains(f.Error, "concatenate") {
		t.Errorf("%+v, %+v", s, s.Failure)
	}
	sources["place.lua"] = ""
	if err := r.rt.Reload(r.place); err != nil {
		t.Fatal(err)
	}
	s = r.status()
	if s.Reloads != 1 || s.Failed != 1 || s.Failure != nil || s.Generation != 2 || len(s.Errors) != 0 || s.handler("timer").Calls == 0 {
		t.Errorf("%+v", s)
	}
}
