package engine

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/pipe"
)

// panicOf returns what f panics with, "" if it does not.
func panicOf(f func()) (text string) {
	defer func() {
		if bug := recover(); bug != nil {
			text = fmt.Sprint(bug)
		}
	}()
	f()
	return ""
}

const waitsForItself = " was called on the place's turn, whose end it would wait for:" +
	" use the *engine.Turn that is at hand there, or call it in a goroutine of its own"

func TestWaitingForTheTurnOnTheTurnPanics(t *testing.T) {
	nothing := func(*Turn) error { return nil }
	for name, c := range map[string]struct {
		call func(p *Place, d *Driver)
		what string
	}{
		"Do":              {func(p *Place, _ *Driver) { _ = p.Do(nothing) }, "Place.Do"},
		"Handle":          {func(p *Place, _ *Driver) { _ = p.Handle("poke", nil) }, "Place.Handle"},
		"Stats":           {func(p *Place, _ *Driver) { p.Stats() }, "Place.Stats"},
		"Serve":           {func(p *Place, _ *Driver) { _ = p.Serve(context.Background()) }, "Place.Serve"},
		"Drive":           {func(p *Place, _ *Driver) { _, _ = p.Drive() }, "Place.Drive"},
		"driver settles":  {func(_ *Place, d *Driver) { d.Settle() }, "Driver.Settle"},
		"driver advances": {func(_ *Place, d *Driver) { d.Advance(time.Second) }, "Driver.Advance"},
		"driver closes":   {func(_ *Place, d *Driver) { _ = d.Close() }, "Driver.Close"},
	} {
		t.Run(name, func(t *testing.T) {
			s := onStage(t)
			defer s.Close()
			var got string
			_ = s.place.Do(func(*Turn) error {
				got = panicOf(func() { c.call(s.place, s.Driver) })
				return nil
			})
			if want := "engine: " + c.what + waitsForItself; got != want {
				t.Errorf("panics with %q, want %q", got, want)
			}
			if err := s.place.Do(nothing); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

func TestEveryCallbackKnowsThatItIsOnTheTurn(t *testing.T) {
	var place *Place
	heard := map[string]string{}
	try := func(where string) {
		heard[where] = panicOf(func() { _ = place.Do(func(*Turn) error { return nil }) })
	}
	inPlace(t, Config{
		Joined: func(*Turn, Agent) { try("Joined") },
		Left:   func(*Turn, Agent, uint32) { try("Left") },
	}, func(r *rig) {
		place = r.place
		if err := place.Handle("verb", func(r *Request) { try("Verb"); r.OK() }); err != nil {
			r.Fatal(err)
		}
		p := r.join(4, `{}`)
		p.command(asked("1", `["verb"]`))
		if err := place.Do(func(turn *Turn) error {
			if _, err := turn.Subscribe(`["news" | _]`, func(*Turn, string, []any) { try("Listen") }); err != nil {
				return err
			}
			turn.Sync(func(error) { try("Sync") })
			return turn.Publish(PlaceID, "news")
		}); err != nil {
			r.Fatal(err)
		}
		p.transport.Disconnect(p.conn, netcode.CodeClientLeft)
		p.wait()
		_ = place.Stats() // nothing is written to heard from here on
	})
	for _, where := range []string{"Joined", "Left", "Verb", "Listen", "Sync"} {
		if want := "engine: Place.Do" + waitsForItself; heard[where] != want {
			t.Errorf("in %s: %q", where, heard[where])
		}
	}
}

func TestATurnIsGoodOnItsTurnOnly(t *testing.T) {
	place, err := New(Config{Transports: []netcode.Transport{pipe.New(pipe.Config{}).Listen()}}) // nobody else has its turn
	if err != nil {
		t.Fatal(err)
	}
	defer place.Close()
	var kept *Turn
	_ = place.Do(func(turn *Turn) error { kept = turn; return nil })
	for name, call := range map[string]func(){
		"Turn.Spawn":       func() { _, _ = kept.Spawn("lamp", nil) },
		"Turn.Change":      func() { _ = kept.Change("lamp", nil) },
		"Turn.Remove":      func() { kept.Remove("lamp", 0) },
		"Turn.Move":        func() { _ = kept.Move("lamp", netcode.Identity) },
		"Turn.Entity":      func() { kept.Entity("lamp") },
		"Turn.Entities":    func() { kept.Entities() },
		"Turn.Component":   func() { kept.Component("lamp", "light") },
		"Turn.Agents":      func() { kept.Agents() },
		"Turn.Agent":       func() { kept.Agent("ada") },
		"Turn.World":       func() { kept.World() },
		"Turn.Kick":        func() { kept.Kick("ada") },
		"Turn.Send":        func() { _ = kept.Send(PlaceID, "ada", "hello") },
		"Turn.Ask":         func() { kept.Ask(PlaceID, "ada", []any{"hello"}, func([]any, error) {}) },
		"Turn.Publish":     func() { _ = kept.Publish(PlaceID, "news") },
		"Turn.Subscribe":   func() { _, _ = kept.Subscribe("_", nil) },
		"Turn.Unsubscribe": func() { kept.Unsubscribe("1") },
		"Turn.HandleAt":    func() { kept.HandleAt("lamp", "poke", nil) },
		"Turn.Name":        func() { kept.Name() },
		"Turn.SetName":     func() { kept.SetName("Attic") },
		"Turn.Rules":       func() { kept.Rules() },
		"Turn.Cause":       func() { kept.Cause() },
		"Turn.Sync":        func() { kept.Sync(func(error) {}) },
	} {
		checkMisuse(t, panicOf(call), name, "nobody has its place's turn now")
		_ = place.Do(func(*Turn) error {
			got := make(chan string)
			go func() { got <- panicOf(call) }()
			checkMisuse(t, <-got, name, "another goroutine has its place's turn now")
			return nil
		})
	}
	_ = place.Do(func(*Turn) error {
		if kept.Place() != place || kept.Name() == "" {
			t.Error("a Turn is not good in a later Do")
		}
		return nil
	})
	if kept.Place() != place || kept.Time() < 0 {
		t.Error("Place and Time are good anywhere")
	}
}

// checkMisuse checks what a method of a Turn panicked with.
func checkMisuse(t *testing.T, got, method, state string) {
	t.Helper()
	want := "engine: " + method + " was called outside of the call that it was handed to, or in another goroutine (" + state + "): " +
		"a Turn is good until the function it was handed to returns; get one of your own with Place.Do"
	if got != want {
		t.Errorf("panics with %q, want %q", got, want)
	}
}

func TestAPlaceIsServedOnce(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		r.join(4, `{}`)
		if err := r.place.Serve(context.Background()); !errors.Is(err, ErrServed) {
			t.Errorf("Serve a second time: %v", err)
		}
		if _, err := r.place.Drive(); !errors.Is(err, ErrServed) {
			t.Errorf("Drive beside Serve: %v", err)
		}
		r.join(4, `{}`) // goes on
		_ = r.place.Close()
		if err := r.place.Serve(context.Background()); !errors.Is(err, ErrClosed) {
			t.Errorf("Serve after Close: %v", err)
		}
		if _, err := r.place.Drive(); !errors.Is(err, ErrClosed) {
			t.Errorf("Drive after Close: %v", err)
		}
	})
}

func TestAPlaceCanBeClosedOnItsTurn(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		if err := r.place.Handle("close", func(q *Request) {
			q.OK()
			if err := q.Turn().Place().Close(); err != nil {
				t.Error(err)
			}
		}); err != nil {
			t.Fatal(err)
		}
		p := r.join(4, `{}`)
		p.command(asked("1", `["close"]`))
		if code, gone := p.disconnected(); !gone || code != netcode.CodePlaceClosed {
			t.Errorf("disconnected: %v, %d", gone, code)
		}
	})
}

func TestACauseIsTheAgentWhoseCommandItIs(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		var causes []Cause
		note := func(turn *Turn) { causes = append(causes, turn.Cause()) }
		if err := r.place.Handle("who", func(q *Request) { note(q.Turn()); q.OK() }); err != nil {
			t.Fatal(err)
		}
		p := r.join(4, `{}`)
		p.command(asked("1", `["who"]`))
		_ = r.place.Do(func(turn *Turn) error {
			note(turn)
			own := turn.Agents()[0]
			if len(causes) != 2 || causes[0].Agent != own.ID || !causes[0].Address.IsValid() || causes[1] != (Cause{}) {
				t.Errorf("causes %+v, want agent %s, then nobody", causes, own.ID)
			}
			return nil
		})
	})
}
