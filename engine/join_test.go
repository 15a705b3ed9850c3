package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
)

func announce(version int, spec string) string {
	return fmt.Sprintf(`["announce","version",%d,"identity",{"display_name":"ann"},"spawn_avatar",%s]`, version, spec)
}

func asked(id, body string) string {
	return fmt.Sprintf(`["interaction","request","","place",%q,%s]`, id, body)
}

func TestAgentsOfEveryVersionJoinAndSeeTheirAvatarWithItsChildren(t *testing.T) {
	const spec = `{"visor":{"display_name":"ann"},"children":[
		{"intent":{"actuate_pose":"head"},"children":[{"components":{"geometry":{"type":"hat"}}}]},
		{"intent":{"actuate_pose":"hand/left"}}]}`
	for version := netcode.MinVersion; version <= netcode.MaxVersion; version++ {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			inPlace(t, Config{Name: "Lobby"}, func(r *rig) {
				p := r.join(version, spec)
				doc := p.follow(version, time.Second)
				if len(doc.Entities) != 5 {
					t.Fatalf("%d entities, want place, avatar and 3 below it: %v", len(doc.Entities), doc.Entities)
				}
				if _, ok := doc.Component(PlaceID, "clock"); !ok {
					t.Error("the place has no clock")
				}
				visor, _ := doc.Component(p.avatar, "visor")
				if visor["display_name"] != "ann" {
					t.Errorf("the avatar's visor is %v", visor)
				}
				if _, ok := doc.Component(p.avatar, "transform"); !ok {
					t.Error("the avatar has no transform")
				}
				checkParents(t, doc, p.avatar)
			})
		})
	}
}

// checkParents makes sure that the hat is on the head and the head on the avatar.
func checkParents(t *testing.T, doc *netcode.Document, avatar string) {
	t.Helper()
	for id := range doc.Entities {
		if _, ok := doc.Component(id, "geometry"); !ok {
			continue
		}
		onHat, _ := doc.Component(id, "relationships")
		head, _ := onHat["parent"].(string)
		pose, _ := doc.Component(head, "intent")
		onHead, _ := doc.Component(head, "relationships")
		if pose["actuate_pose"] != "head" || onHead["parent"] != avatar {
			t.Errorf("hat is on %q (%v), which is on %v", head, pose, onHead)
		}
		return
	}
	t.Error("the hat is missing")
}

func TestAnnounceIsAnswered(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		code uint32 // 0 = joined
		why  string
	}{
		"version 4":               {announce(4, `{}`), 0, ""},
		"an empty list of a spec": {announce(3, `[]`), 0, ""},
		"no avatar at all":        {`["announce","version",4,"identity",{"display_name":"ann"}]`, 0, ""},
		"the seed's shape":        {`["announce",["identity",{"name":"ann"}],{"geometry":{}}]`, 0, ""},
		"version 0":               {announce(0, `{}`), netcode.CodeOutdatedVersion, "versions 1 to 5"},
		"version 6":               {announce(6, `{}`), netcode.CodeOutdatedVersion, "versions 1 to 5"},
		"no version":              {`["announce","identity",{},"spawn_avatar",{}]`, netcode.CodeBadAnnounce, "version"},
		"an identity of one word": {`["announce","version",4,"identity","ann","spawn_avatar",{}]`, netcode.CodeBadAnnounce, "identity"},
		"a component of one word": {announce(4, `{"door":"open"}`), netcode.CodeBadAnnounce, "door"},
		"children of one word":    {announce(4, `{"children":"two"}`), netcode.CodeBadAnnounce, "children"},
		"a child of one word":     {announce(4, `{"children":["two"]}`), netcode.CodeBadAnnounce, "children"},
		"components in a list":    {announce(4, `{"components":[1]}`), netcode.CodeBadAnnounce, "components"},
		"a name that is too long": {announce(4, `{"`+strings.Repeat("n", 300)+`":{}}`), netcode.CodeBadAnnounce, "256"},
		"too many children":       {announce(4, `{"children":[`+strings.Repeat("{},", 2000)+`{}]}`), netcode.CodeBadAnnounce, "1024"},
		"too deep a family": {announce(4, strings.Repeat(`{"children":[`, 20)+strings.Repeat(`]}`, 20)),
			netcode.CodeBadAnnounce, "deeper than 16"},
	} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, Config{Name: "Lobby"}, func(r *rig) {
				p := r.dial()
				p.command(asked("r1", c.body))
				body := p.answer("r1")
				time.Sleep(100 * time.Millisecond)
				code, gone := p.disconnected()
				if c.code == 0 {
					if len(body) != 3 || body[0] != "announce" || body[2] != "Lobby" || gone {
						t.Errorf("answered %v, disconnected: %v", body, gone)
					}
					return
				}
				if len(body) != 4 || body[1] != "error" || body[2] != float64(c.code) || !strings.Contains(body[3].(string), c.why) {
					t.Errorf("answered %v, want error %d about %q", body, c.code, c.why)
				}
				if !gone || code != c.code {
					t.Errorf("disconnected: %v with %d, want %d", gone, code, c.code)
				}
				if n := len(r.entities()); n != 1 {
					t.Errorf("%d entities stand in the place, want the place itself", n)
				}
			})
		})
	}
}

func TestASecondAnnounceIsRefusedAndTheAgentStays(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p := r.join(4, `{}`)
		p.command(asked("again", announce(4, `{}`)))
		if body := p.answer("again"); body[1] != "error" {
			t.Errorf("answered %v", body)
		}
		if _, gone := p.disconnected(); gone {
			t.Error("disconnected")
		}
	})
}

func TestWhoDoesNotAnnounceInTimeIsDisconnected(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p := r.dial()
		time.Sleep(9900 * time.Millisecond)
		if _, gone := p.disconnected(); gone {
			t.Error("disconnected too early")
		}
		time.Sleep(200 * time.Millisecond)
		if code, gone := p.disconnected(); !gone || code != netcode.CodeNeverAnnounced {
			t.Errorf("disconnected: %v with %d", gone, code)
		}
	})
}

func TestBeforeTheAnnounceOtherChannelsAreSilentAndRequestsRefused(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p := r.dial()
		for channel := range uint8(6) {
			if channel != netcode.CommandChannel {
				p.send(channel, false, `{"client_time":1}`)
			}
		}
		p.command(asked("early", `["list_agents"]`))
		if body := p.answer("early"); body[0] != "list_agents" || body[1] != "error" {
			t.Errorf("answered %v", body)
		}
		p.command(asked("ann", announce(4, `{}`)))
		if body := p.answer("ann"); len(body) != 3 {
			t.Errorf("announce answered %v", body)
		}
		for channel := range uint8(6) {
			if got := p.take(channel); channel != stateChannel(4) && len(got) > 0 {
				t.Errorf("channel %d: %q", channel, got)
			}
		}
	})
}

func TestEverythingOfAnAgentGoesWhenItLeaves(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		stays, leaves := r.join(4, `{}`), r.join(3, `{"children":[{},{}]}`)
		if n := len(r.entities()); n != 5 {
			t.Fatalf("%d entities, want 5", n)
		}
		leaves.close()
		time.Sleep(100 * time.Millisecond)
		doc := stays.follow(4, time.Second)
		if len(doc.Entities) != 2 || doc.Entities[leaves.avatar] != nil {
			t.Errorf("still there: %v", doc.Entities)
		}
		if r.logs.find("left") == "" {
			t.Error("nothing in the log")
		}
	})
}

func TestClosingThePlaceTellsItsAgents(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p := r.join(4, `{}`)
		if err := r.place.Close(); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if code, gone := p.disconnected(); !gone || code != netcode.CodePlaceClosed {
			t.Errorf("disconnected: %v with %d", gone, code)
		}
	})
}

func TestClockIsAnsweredAtOnceInBothSpellings(t *testing.T) {
	for version, spelling := range map[int]string{1: "clock", 3: "time", 4: "time"} {
		inPlace(t, Config{}, func(r *rig) {
			p := r.join(version, `{}`)
			d, _ := netcode.DialectOf(version)
			p.send(d.Clock, false, fmt.Sprintf(`{"client_%s":12.5,"mine":[1]}`, spelling))
			p.wait()
			got := p.take(d.Clock)
			if len(got) != 1 || !strings.Contains(got[0], `"client_`+spelling+`":12.5`) ||
				!strings.Contains(got[0], `"server_`+spelling+`":`) || !strings.Contains(got[0], `"mine":[1]`) {
				t.Errorf("version %d: %q", version, got)
			}
		})
	}
}

func TestAnAvatarWalksWhileItsIntentSaysSo(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		walker, watcher := r.join(3, `{}`), r.join(4, `{}`)
		walker.send(stateChannel(3), false, `{"cmd":"intent","intent":{"zmovement":-1,"xmovement":0,"yaw":0,"ack_state_rev":0}}`)
		doc := watcher.follow(4, time.Second)
		z := doc.Entities[walker.avatar].(map[string]any)["components"].(map[string]any)["transform"].(map[string]any)["matrix"].([]any)[14].(float64)
		if z > -1.8 || z < -2.1 {
			t.Errorf("after a second at 2 m/s it stands at z = %g", z)
		}
	})
}

func TestStatesComeAtTheConfiguredRate(t *testing.T) {
	for _, rate := range []float64{5, 20, 60} {
		inPlace(t, Config{Rate: rate}, func(r *rig) {
			p := r.join(4, `{}`)
			p.follow(4, time.Second)
			p.take(stateChannel(4))
			n := 0
			for range 50 {
				time.Sleep(200 * time.Millisecond)
				states := p.take(stateChannel(4))
				n += len(states)
				s, err := netcode.ParseState([]byte(states[len(states)-1]))
				if err != nil {
					t.Fatal(err)
				}
				p.send(stateChannel(4), false, fmt.Sprintf(`{"cmd":"intent","intent":{"ack_state_rev":%d}}`, s.Revision))
			}
			if n < int(10*rate)-1 || n > int(10*rate)+1 {
				t.Errorf("%d states in 10 s at %g Hz", n, rate)
			}
		})
	}
}

func TestAVersion0ClientJoinsWavesAndIsAnswered(t *testing.T) {
	envelope := func(to, cmd string) string {
		return fmt.Sprintf(`{"cmd":"interact","interact":{"from_entity":"","to_entity":%q,"cmd":%q}}`, to, cmd)
	}
	inPlace(t, Config{Name: "Lobby"}, func(r *rig) {
		other := r.join(4, `{}`)
		zero := r.dial()
		zero.command(envelope("place", `["announce","version",0,"identity",{"display_name":"zero"},"spawn_avatar",{}]`))
		got := zero.interactions()
		if len(got) != 1 || !got[0].Envelope || netcode.BodyVerb(got[0].Body) != "announce" {
			t.Fatalf("announce answered %+v", got)
		}
		zero.avatar = got[0].To

		zero.command(envelope(other.avatar, "wave"))
		got = other.interactions()
		if len(got) != 1 || got[0].Envelope || got[0].Type != netcode.TypeOneway || got[0].From != zero.avatar || string(got[0].Body) != `["wave"]` {
			t.Fatalf("the wave arrived as %+v", got)
		}
		other.command(fmt.Sprintf(`["interaction","oneway","",%q,"",["wave","back"]]`, zero.avatar))
		zero.wait()
		got = zero.interactions()
		if len(got) != 1 || !got[0].Envelope || string(got[0].Body) != `["wave","back"]` || got[0].From != other.avatar {
			t.Fatalf("the answer arrived as %+v", got)
		}
		other.command(fmt.Sprintf(`["interaction","request","",%q,"q",["poke"]]`, zero.avatar))
		if body := other.answer("q"); body[1] != "error" {
			t.Errorf("a request to who cannot answer gets %v", body)
		}
	})
}

func TestConfigIsChecked(t *testing.T) {
	for name, rate := range map[string]float64{"negative": -1, "too slow": 0.1, "too fast": 1e6} {
		if _, err := New(Config{Rate: rate}); err == nil || !strings.Contains(err.Error(), "Config.Rate") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
