package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/pipe"
)

func TestWhatAnAgentOwnsIsBounded(t *testing.T) {
	limits := Limits{Components: 3, EntityBytes: 1000, Entities: 4}
	big := func(n int) string { return `{"text":"` + strings.Repeat("x", n) + `"}` }
	c := conformance{verb: "change_components", cfg: Config{Limits: limits},
		bad: [][2]string{
			{`["spawn_entity",{"a":{},"b":{},"c":{}}]`, `["spawn_entity","error","entity: an entity has at most 3 components"]`},
			{`["spawn_entity",{"a":` + big(1000) + `}]`, `["spawn_entity","error","entity: an entity takes at most 1000 bytes: put large data into an asset"]`},
			{`["spawn_entity",{"children":[{},{},{}]}]`, `["spawn_entity","error","entity: you own 4 already"]`},
			{`["change_components","MINE","add_or_change",{"a":{},"b":{}}]`, `["change_components","error","entity: an entity has at most 3 components"]`},
			{`["change_components","MINE","add_or_change",{"a":` + big(900) + `}]`, `["change_components","error","entity: an entity takes at most 1000 bytes: put large data into an asset"]`},
		},
		good: [][2]string{
			{`["change_components","MINE","add_or_change",{"a":` + big(600) + `}]`, `["change_components","ok"]`},
			{`["change_components","MINE","add_or_change",{"a":` + big(700) + `}]`, `["change_components","ok"]`},
			{`["change_components","MINE","add_or_change",{"b":{}},"remove",["note"]]`, `["change_components","ok"]`},
			{`["spawn_entity",{}]`, `["spawn_entity","NEW"]`},
		},
	}
	c.run(t)
}

func TestAnIdentityIsBounded(t *testing.T) {
	inPlace(t, Config{Limits: Limits{IdentityBytes: 100}}, func(r *rig) {
		p := r.dial()
		p.command(asked("hi", `["announce","version",4,"identity",{"display_name":"`+strings.Repeat("x", 100)+`"},"spawn_avatar",{}]`))
		if got, want := p.raw("hi"), `["announce","error",1105,"the identity takes at most 100 bytes"]`; got != want {
			t.Errorf("answered %s, want %s", got, want)
		}
	})
}

func TestBytesOfCommandsThatOutrunThePlaceCostTheConnection(t *testing.T) {
	inPlace(t, Config{Limits: Limits{CommandQueueBytes: 1 << 20}}, func(r *rig) {
		p := r.join(4, `{}`)
		release := make(chan struct{})
		r.place.intake.post(func() { <-release }) // the place is busy
		for range 20 {
			p.send(netcode.CommandChannel, true, interaction("oneway", "", PlaceID, "", `["poke","`+strings.Repeat("x", 100_000)+`"]`))
		}
		time.Sleep(100 * time.Millisecond)
		close(release)
		time.Sleep(100 * time.Millisecond)
		if code, gone := p.disconnected(); !gone || code != netcode.CodeOverload {
			t.Errorf("disconnected: %v with %d", gone, code)
		}
	})
}

// TestBodiesWithANULAreNotCarried: C agents end a text at one, so they would read
// another verb than the one that the rules saw.
func TestBodiesWithANULAreNotCarried(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p, other := r.join(4, `{}`), r.join(4, `{}`)
		for body, carried := range map[string]bool{
			`["announce\u0000x",5]`:      false,
			`["a",{"k\u0000":1}]`:        false,
			`["a","\\\u0000"]`:           false,
			`["a","\\u0000"]`:            true, // a backslash, and "u0000"
			`["a","\\\\u0000","\u0001"]`: true,
		} {
			p.command(interaction("oneway", "", other.avatar, "", body))
			other.wait()
			if got := other.interactions(); (len(got) == 1) != carried {
				t.Errorf("%s arrived as %+v", body, got)
			}
		}
	})
}

func TestOfficialVerbsOfAHostHearNothingOneWay(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p := r.join(4, `{}`)
		called := 0
		_ = r.place.Handle("kick_agent", func(*Request) { called++ })
		for _, typ := range []string{"oneway", "one-way"} {
			p.command(interaction(typ, "", PlaceID, "", `["kick_agent","x"]`))
		}
		if called != 0 {
			t.Error("what the rules deny as a request came one-way")
		}
	})
}

func TestAnAnnounceHasNoSenderWhateverItSays(t *testing.T) {
	rules := rulesOf(t,
		`allow ["interaction", "request", From, "place", _, ["announce" | _]] when From == "" or owner(From) == nil`)
	rules.Verdict = acl.Deny
	inPlace(t, Config{Rules: rules}, func(r *rig) {
		staff := r.join(4, `{}`)
		p := r.dial()
		p.command(interaction("request", staff.avatar, PlaceID, "hi", announce(4, `{}`)))
		if got := p.answer("hi"); got[1] == "error" {
			t.Errorf("answered %v: the sender was believed", got)
		}
	})
}

func TestWhoeverHasGoneAsksForNothingMore(t *testing.T) {
	for _, body := range []string{
		`["spawn_entity",{}]`, `["subscribe","_"]`, `["allocate_track","audio","opus",{}]`,
		`["add_property_animation",{"path":"a.b","from":0,"to":1,"start_at":0,"duration":1}]`,
	} {
		t.Run(netcode.BodyVerb([]byte(body)), func(t *testing.T) {
			inPlace(t, Config{}, func(r *rig) {
				p := r.join(4, `{}`)
				kept := make(chan *Request, 1)
				_ = r.place.Handle(netcode.BodyVerb([]byte(body)), func(q *Request) { kept <- q })
				p.command(interaction("request", "", PlaceID, "q", body))
				p.close()
				time.Sleep(100 * time.Millisecond)
				late := <-kept
				_ = r.place.Do(func(*Turn) error {
					late.Default()
					return nil
				})
				newInvariants(r).checkEmpty()
			})
		})
	}
}

func TestAnOpenRequestKeepsItsIDHoweverManyFollow(t *testing.T) {
	inPlace(t, Config{Limits: Limits{RequestIDs: 4}}, func(r *rig) {
		asker, asked := r.join(4, `{}`), r.join(4, `{}`)
		asker.command(interaction("request", "", asked.avatar, "x", `["wait"]`))
		for i := range 10 {
			asker.compare(`["poke",true]`, `["poke","ok"]`)
			asker.command(interaction("request", "", asked.avatar, "x", fmt.Sprintf(`["wait",%d]`, i)))
			if got, want := asker.raw("x"), `["wait","error","request id \"x\" has been used"]`; got != want {
				t.Fatalf("answered %s, want %s", got, want)
			}
		}
		newInvariants(r).check()
	})
}

func TestResponsesInThePlacesNameAreViolations(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		bad, other := r.join(4, `{}`), r.join(4, `{}`)
		for range 16 {
			bad.command(interaction("response", PlaceID, other.avatar, "q", `["poke","ok"]`))
		}
		time.Sleep(100 * time.Millisecond)
		if code, gone := bad.disconnected(); !gone || code != netcode.CodeViolations {
			t.Errorf("disconnected: %v with %d", gone, code)
		}
	})
}

// TestHeartbeatsThatTakeTooLongDoNotKeepThePlaceFromAnythingElse runs in real time.
func TestHeartbeatsThatTakeTooLongDoNotKeepThePlaceFromAnythingElse(t *testing.T) {
	p, err := New(Config{Transports: []netcode.Transport{pipe.New(pipe.Config{}).Listen()}, Rate: MaxRate})
	if err != nil {
		t.Fatal(err)
	}
	spins := map[string]any{}
	for i := range 64 {
		spins[fmt.Sprint(i)] = map[string]any{
			"path": "transform.matrix.rotation.y", "from": 0, "to": 1, "start_at": 0, "duration": 1, "repeats": true,
		}
	}
	spec := map[string]any{"property_animations": map[string]any{"animations": spins}}
	err = p.Do(func(turn *Turn) error {
		for range 300 { // several times the 4 ms between two heartbeats
			if _, err := turn.Spawn("", spec); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- p.Serve(ctx) }()
	heard := make(chan struct{})
	p.intake.post(func() { close(heard) })
	await.Next(t, heard, "the inbox to be served")
	stop()
	if err := await.Next(t, served, "the place to end"); err != nil {
		t.Error(err)
	}
}
