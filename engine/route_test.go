package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
)

func interaction(typ, from, to, id, body string) string {
	return fmt.Sprintf(`["interaction",%q,%q,%q,%q,%s]`, typ, from, to, id, body)
}

func TestARequestIsCarriedAndAnswered(t *testing.T) {
	for _, versions := range [][2]int{{4, 4}, {3, 4}, {4, 1}, {2, 3}} {
		inPlace(t, Config{}, func(r *rig) {
			asker, asked := r.join(versions[0], `{}`), r.join(versions[1], `{}`)
			const body = `[ "poke", {"b":1.0,"a":[]} ]`
			asker.command(interaction("request", "", asked.avatar, "q1", body))
			asked.wait()
			got := asked.interactions()
			if len(got) != 1 || got[0].Type != "request" || got[0].From != asker.avatar || got[0].RequestID != "q1" || string(got[0].Body) != body {
				t.Fatalf("arrived as %+v", got)
			}
			asked.command(interaction("response", "", asker.avatar, "q1", `["poke","ok"]`))
			asker.wait()
			got = asker.interactions()
			if len(got) != 1 || got[0].Type != "response" || got[0].From != asked.avatar || string(got[0].Body) != `["poke","ok"]` {
				t.Fatalf("answered with %+v", got)
			}
		})
	}
}

func TestRequestsThatGoNowhereAreAnsweredByThePlace(t *testing.T) {
	inPlace(t, Config{Limits: Limits{Requests: 2}}, func(r *rig) {
		asker, other := r.join(4, `{}`), r.join(4, `{}`)
		asker.command(interaction("request", "", "place", "settled", `["poke"]`))
		asker.interactions()
		for _, id := range []string{"open1", "open2"} {
			asker.command(interaction("request", "", other.avatar, id, `["wait"]`))
		}
		long := strings.Repeat("x", 300)
		for name, c := range map[string]struct{ from, to, id, body, why string }{
			"nobody there":          {"", "nowhere", "q1", `["poke"]`, "nobody"},
			"somebody else's name":  {other.avatar, "place", "q2", `["poke"]`, "own"},
			"the place's name":      {"place", other.avatar, "q3", `["poke"]`, "own"},
			"a body without a verb": {"", other.avatar, "q5", `[1]`, "begins with a string"},
			"a body of one word":    {"", other.avatar, "q6", `"poke"`, "begins with a string"},
			"an announce to others": {"", other.avatar, "q7", `["announce"]`, "announced"},
			"an id too long":        {"", long, "q8", `["poke"]`, "256"},
			"an id in use":          {"", other.avatar, "open1", `["poke"]`, "been used"},
			"an id used before":     {"", "place", "settled", `["poke"]`, "been used"},
			"one request too many":  {"", other.avatar, "open3", `["poke"]`, "2 requests"},
		} {
			asker.command(interaction("request", c.from, c.to, c.id, c.body))
			body := asker.answer(c.id)
			if len(body) != 3 || body[0] != netcode.BodyVerb([]byte(c.body)) || body[1] != "error" || !strings.Contains(body[2].(string), c.why) {
				t.Errorf("%s: %v, want an error about %q", name, body, c.why)
			}
		}
		if _, gone := asker.disconnected(); gone {
			t.Error("disconnected")
		}
	})
}

func TestARecipientThatLeavesIsAnsweredForByThePlace(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		asker, leaver := r.join(4, `{}`), r.join(4, `{}`)
		asker.command(interaction("request", "", leaver.avatar, "q", `["poke"]`))
		leaver.close()
		time.Sleep(100 * time.Millisecond)
		if body := asker.answer("q"); body[0] != "poke" || body[1] != "error" {
			t.Errorf("answered %v", body)
		}
	})
}

func TestWhatIsAbandonedIsAnsweredInTheOrderItWasAsked(t *testing.T) {
	const many = 20
	ask := func(asker *peer, to string) {
		asker.interactions()
		for n := range many {
			asker.command(interaction("request", "", to, fmt.Sprint("q", n), `["poke"]`))
		}
	}
	check := func(asker *peer, what string) {
		asker.Helper()
		time.Sleep(100 * time.Millisecond)
		answers := asker.interactions()
		if len(answers) != many {
			asker.Fatalf("%s: %d answers, want %d", what, len(answers), many)
		}
		for n, i := range answers {
			if want := fmt.Sprint("q", n); i.RequestID != want {
				asker.Errorf("%s: %s is answered where %s should be", what, i.RequestID, want)
			}
		}
	}
	inPlace(t, Config{}, func(r *rig) {
		asker, asked := r.join(4, `{}`), r.join(4, `{}`)
		button := asked.spawn(`{}`)
		ask(asker, button)
		asked.command(interaction("request", "", PlaceID, "gone", `["remove_entity","`+button+`"]`))
		check(asker, "the entity goes")
	})
	inPlace(t, Config{}, func(r *rig) {
		asker, leaver := r.join(4, `{}`), r.join(4, `{}`)
		ask(asker, leaver.avatar)
		leaver.close()
		check(asker, "its agent leaves")
	})
}

func TestARequesterThatLeavesIsForgotten(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		leaver, asked := r.join(4, `{}`), r.join(4, `{}`)
		leaver.command(interaction("request", "", asked.avatar, "q", `["poke"]`))
		leaver.close()
		time.Sleep(100 * time.Millisecond)
		asked.command(interaction("response", "", leaver.avatar, "q", `["poke","ok"]`))
		if _, gone := asked.disconnected(); gone || r.logs.find("violation") != "" {
			t.Error("the late response was taken for a violation")
		}
	})
}

func TestViolationsCostTheConnection(t *testing.T) {
	for name, message := range map[string]func(other *peer) string{
		"a response nobody asked for": func(o *peer) string { return interaction("response", "", o.avatar, "q", `["poke","ok"]`) },
		"a forged sender":             func(o *peer) string { return interaction("oneway", o.avatar, "place", "", `["poke"]`) },
		"an unknown type":             func(o *peer) string { return interaction("shout", "", o.avatar, "", `["poke"]`) },
		"not JSON":                    func(*peer) string { return `["interaction","oneway` },
		"not an interaction":          func(*peer) string { return `{"cmd":"leave"}` },
	} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, Config{}, func(r *rig) {
				bad, other := r.join(4, `{}`), r.join(4, `{}`)
				for n := range 16 {
					if _, gone := bad.disconnected(); gone {
						t.Fatalf("disconnected after %d", n)
					}
					bad.command(message(other))
				}
				time.Sleep(100 * time.Millisecond)
				if code, gone := bad.disconnected(); !gone || code != netcode.CodeViolations {
					t.Errorf("disconnected: %v with %d", gone, code)
				}
				if got := other.interactions(); len(got) != 0 {
					t.Errorf("some of it arrived: %+v", got)
				}
			})
		})
	}
}

func TestAResponseCountsOnlyFromWhoWasAsked(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		asker, asked, third := r.join(4, `{}`), r.join(4, `{}`), r.join(4, `{}`)
		asker.command(interaction("request", "", asked.avatar, "q", `["poke"]`))
		third.command(interaction("response", "", asker.avatar, "q", `["poke","forged"]`))
		asker.wait()
		if got := asker.interactions(); len(got) != 0 {
			t.Fatalf("forged response arrived: %+v", got)
		}
		asked.command(interaction("response", "", asker.avatar, "q", `["poke","ok"]`))
		asked.command(interaction("response", "", asker.avatar, "q", `["poke","twice"]`))
		asker.wait()
		if got := asker.interactions(); len(got) != 1 || string(got[0].Body) != `["poke","ok"]` {
			t.Errorf("got %+v", got)
		}
	})
}

func TestLimitsOnWhatAnAgentSends(t *testing.T) {
	flood := func(p *peer, channel uint8, n int, data string) {
		for range n {
			p.send(channel, channel == netcode.CommandChannel, data)
		}
		time.Sleep(200 * time.Millisecond)
	}
	for name, c := range map[string]struct {
		limits Limits
		offend func(p *peer)
	}{
		"CommandBytes": {Limits{CommandBytes: 1000}, func(p *peer) {
			flood(p, 1, 1, interaction("oneway", "", "place", "", `["`+strings.Repeat("x", 1000)+`"]`))
		}},
		"BadPackets": {Limits{BadPackets: 50}, func(p *peer) { flood(p, stateChannel(4), 50, `{"intent":7}`) }},
	} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, Config{Limits: c.limits}, func(r *rig) {
				bad, good := r.join(4, `{}`), r.join(4, `{}`)
				c.offend(bad)
				if code, gone := bad.disconnected(); !gone || code != netcode.CodeOverload {
					t.Errorf("disconnected: %v with %d", gone, code)
				}
				if _, gone := good.disconnected(); gone {
					t.Error("so is the agent beside it")
				}
			})
		})
	}
}

func TestCommandsThatOutrunThePlaceCostTheConnection(t *testing.T) {
	inPlace(t, Config{Limits: Limits{CommandQueueBytes: 2000}}, func(r *rig) {
		p := r.join(4, `{}`)
		release := make(chan struct{})
		r.place.intake.post(func() { <-release }) // the place is busy
		for range 40 {
			p.send(netcode.CommandChannel, true, interaction("oneway", "", "place", "", `["poke"]`))
		}
		time.Sleep(100 * time.Millisecond)
		close(release)
		time.Sleep(100 * time.Millisecond)
		if code, gone := p.disconnected(); !gone || code != netcode.CodeOverload {
			t.Errorf("disconnected: %v with %d", gone, code)
		}
	})
}

func TestAnAgentSilentForLongerThanTheWindowGetsEverything(t *testing.T) {
	inPlace(t, Config{Limits: Limits{Window: 2 * time.Second}}, func(r *rig) {
		p := r.join(4, `{}`)
		held := p.follow(4, time.Second).Revision
		time.Sleep(5 * time.Second)
		p.take(stateChannel(4))
		p.send(stateChannel(4), false, fmt.Sprintf(`{"cmd":"intent","intent":{"ack_state_rev":%d}}`, held))
		time.Sleep(1200 * time.Millisecond)
		got := p.take(stateChannel(4))
		if len(got) == 0 || !strings.Contains(got[0], `"patch_style":"set"`) {
			t.Errorf("got %.200q", got)
		}
	})
}

func TestTheOldestRequestIsGivenUpForANewOneOnceItHasWaited(t *testing.T) {
	inPlace(t, Config{Limits: Limits{Requests: 2, RequestPatience: time.Second}}, func(r *rig) {
		asker, mute := r.join(4, `{}`), r.join(4, `{}`)
		poke := func(id string) { asker.command(interaction("request", "", mute.avatar, id, `["poke",true]`)) }
		poke("1")
		poke("2")
		poke("3")
		if got, want := asker.raw("3"), `["poke","error","2 requests wait for an answer already"]`; got != want {
			t.Errorf("at once: %s, want %s", got, want)
		}
		time.Sleep(time.Second)
		poke("4")
		if got, want := asker.raw("1"), `["poke","error","the recipient has not answered"]`; got != want {
			t.Errorf("later: %s, want %s", got, want)
		}
		for range 20 { // too late, but no violation
			mute.command(interaction("response", "", asker.avatar, "1", `["poke","ok"]`))
		}
		mute.command(interaction("response", "", asker.avatar, "4", `["poke","ok"]`))
		asker.wait()
		got := asker.interactions()
		if _, gone := mute.disconnected(); gone || len(got) != 1 || got[0].RequestID != "4" {
			t.Errorf("disconnected %v, answered %+v", gone, got)
		}
	})
}

func TestInnocentHabitsAreNoViolations(t *testing.T) {
	for name, habit := range map[string]func(r *rig, app, visor *peer){
		"a one-way from an entity just removed": func(r *rig, app, visor *peer) {
			id := app.spawn(`{}`)
			app.send(netcode.CommandChannel, true, asked(app.newID(), `["remove_entity","`+id+`"]`))
			app.send(netcode.CommandChannel, true, interaction("oneway", id, visor.avatar, "", `["hello"]`))
			app.send(netcode.CommandChannel, true, interaction("publication", id, "", "", `["hello"]`))
		},
		"a second answer": func(r *rig, app, visor *peer) {
			visor.command(interaction("request", "", app.avatar, visor.newID(), `["hello"]`))
			for range 2 {
				app.send(netcode.CommandChannel, true, interaction("response", "", visor.avatar, fmt.Sprint("id", visor.ids), `["hello"]`))
			}
		},
		"an answer to a one-way": func(r *rig, app, visor *peer) {
			visor.command(interaction("oneway", "", app.avatar, "", `["hello"]`))
			app.command(interaction("response", "", visor.avatar, "", `["hello"]`))
		},
		"an answer to a one-way of the place": func(r *rig, app, visor *peer) {
			_ = r.place.Do(func(t *Turn) error { return t.Send(PlaceID, app.avatar, "hello") })
			app.command(interaction("response", "", PlaceID, "", `["hello"]`))
		},
		"an answer by the avatar for a child": func(r *rig, app, visor *peer) {
			child := app.spawn(`{}`)
			visor.command(interaction("request", "", child, visor.newID(), `["hello"]`))
			app.command(interaction("response", app.avatar, visor.avatar, fmt.Sprint("id", visor.ids), `["hello"]`))
		},
		"an answer to the avatar in place of the hand": func(r *rig, app, visor *peer) {
			hand := visor.spawn(`{}`)
			visor.command(interaction("request", hand, app.avatar, visor.newID(), `["hello"]`))
			app.command(interaction("response", "", visor.avatar, fmt.Sprint("id", visor.ids), `["hello"]`))
		},
		"answers to the place from elsewhere and again": func(r *rig, app, visor *peer) {
			child := app.spawn(`{}`)
			var asking string
			_ = r.place.Do(func(t *Turn) error {
				asking = t.Ask(PlaceID, child, []any{"hello"}, func([]any, error) {}).id
				return nil
			})
			app.command(interaction("response", app.avatar, PlaceID, asking, `["hello"]`))
			for range 2 {
				app.command(interaction("response", child, PlaceID, asking, `["hello"]`))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, Config{}, func(r *rig) {
				app, visor := r.join(4, `{}`), r.join(4, `{}`)
				for range 40 {
					habit(r, app, visor)
					time.Sleep(100 * time.Millisecond)
					app.interactions()
					visor.interactions()
				}
				if code, gone := app.disconnected(); gone {
					t.Errorf("sent away with %d", code)
				}
			})
		})
	}
}

func TestViolationsAreForgottenInMinutes(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		slow, quick, other := r.join(4, `{}`), r.join(4, `{}`), r.join(4, `{}`)
		forge := func(p *peer) { p.command(interaction("response", "", other.avatar, "never", `["hello"]`)) }
		for range 60 {
			forge(slow)
			time.Sleep(20 * time.Second)
		}
		if code, gone := slow.disconnected(); gone {
			t.Errorf("sent away with %d for one violation now and then", code)
		}
		for i := range 16 {
			if _, gone := quick.disconnected(); gone {
				t.Fatalf("sent away after %d", i)
			}
			forge(quick)
		}
		if code, gone := quick.disconnected(); !gone || code != netcode.CodeViolations {
			t.Errorf("sixteen at once: %v with %d", gone, code)
		}
		if _, gone := other.disconnected(); gone {
			t.Error("so is the agent beside it")
		}
	})
}
