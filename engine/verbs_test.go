package engine

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/pipe"
)

func TestWhatIsSpawnedStandsThereWithItsChildren(t *testing.T) {
	for name, spec := range map[string]string{
		"loose":            `{"text":{"n":1},"children":[{"text":{"n":2},"children":[{"text":{"n":3}}]}]}`,
		"under components": `{"components":{"text":{"n":1}},"children":[{"components":{"text":{"n":2}},"children":[{"components":{"text":{"n":3}}}]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, Config{}, func(r *rig) {
				p := r.join(4, `{}`)
				parent := p.spawn(spec)
				for n := 1; n <= 3; n++ {
					if got, want := r.component(parent, "text"), fmt.Sprintf(`{"n":%d}`, n); got != want {
						t.Fatalf("level %d has the text %s, want %s", n, got, want)
					}
					if r.component(parent, "transform") != `{"matrix":`+identityText+`}` {
						t.Errorf("level %d has the transform %s", n, r.component(parent, "transform"))
					}
					parent = r.childOf(parent)
				}
			})
		})
	}
}

// childOf returns the only child of an entity, "" if it has none.
func (r *rig) childOf(parent string) (child string) {
	r.Helper()
	for _, id := range r.entities() {
		if r.component(id, "relationships") == fmt.Sprintf(`{"parent":%q}`, parent) {
			child = id
		}
	}
	return child
}

func TestRemovedEntitiesTakeTheirChildrenAlongOrLeaveThemWhereTheyStand(t *testing.T) {
	const at = `{"matrix":[1,0,0,0,0,1,0,0,0,0,1,0,%d,0,0,1]}`
	for how, stays := range map[string]bool{`,"cascade"`: false, "": false, `,"reparent"`: true} {
		t.Run(how, func(t *testing.T) {
			inPlace(t, Config{Rules: rulesOf(t, `allow ["attach" | _]`)}, func(r *rig) {
				p, other := r.join(4, `{}`), r.join(4, `{}`)
				parent := p.spawn(fmt.Sprintf(`{"transform":`+at+`}`, 5))
				child := other.spawn(fmt.Sprintf(`{"transform":`+at+`,"relationships":{"parent":%q}}`, 2, parent))
				p.compare(`["remove_entity","`+parent+`"`+how+`]`, `["remove_entity","ok"]`)
				want := ""
				if stays {
					want = fmt.Sprintf(at, 7)
				}
				if got := r.component(child, "transform"); got != want {
					t.Errorf("the child is at %s, want %s", got, want)
				}
				if got := r.component(child, "relationships"); got != "" {
					t.Errorf("the child still has relationships: %s", got)
				}
			})
		})
	}
}

func TestComponentsAreReplacedWhole(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p := r.join(4, `{}`)
		e := p.spawn(`{"a":{"x":1,"y":2},"b":{"x":1},"c":{}}`)
		p.compare(`["change_components","`+e+`","add_or_change",{"a":{"x":3},"d":[]},"remove",["b"]]`, `["change_components","ok"]`)
		for name, want := range map[string]string{"a": `{"x":3}`, "b": "", "c": "{}", "d": "{}"} {
			if got := r.component(e, name); got != want {
				t.Errorf("%s is %s, want %s", name, got, want)
			}
		}
		p.compare(`["change_components","`+e+`","add_or_change",{"a":{"x":4},"c":7},"remove",["d"]]`,
			`["change_components","error","component \"c\" must be an object"]`)
		if got := r.component(e, "a"); got != `{"x":3}` || r.component(e, "d") == "" {
			t.Error("half of a change was made")
		}
	})
}

func TestParentsStayAcyclicWhateverIsChanged(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p := r.join(4, `{}`)
		top := p.spawn(`{}`)
		middle := p.spawn(`{"relationships":{"parent":"` + top + `"}}`)
		low := p.spawn(`{"relationships":{"parent":"` + middle + `"}}`)
		p.compare(`["change_components","`+top+`","add_or_change",{"relationships":{"parent":"`+low+`"}}]`,
			`["change_components","error","an entity cannot be below itself: \"`+low+`\" is below \"`+top+`\""]`)
		p.compare(`["change_components","`+low+`","add_or_change",{"relationships":{"parent":"`+top+`"}}]`, `["change_components","ok"]`)
	})
}

func TestListAgentsTellsWhoIsHere(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		ann, bot := r.join(4, `{"visor":{}}`), r.join(2, `{}`)
		bot.command(interaction("request", "", PlaceID, "who", `["list_agents"]`))
		answer := bot.answer("who")
		list, ok := answer[2].([]any)
		if !ok || answer[1] != "ok" || len(list) != 2 {
			t.Fatalf("answered %v", answer)
		}
		for i, p := range []*peer{ann, bot} {
			got := list[i].(map[string]any)
			stats, _ := got["stats"].(string)
			if got["avatar_id"] != p.avatar || got["display_name"] != "peer" || got["is_visor"] != (p == ann) || got["agent_id"] == "" || len(got) != 7 {
				t.Errorf("agent %d is %v", i, got)
			}
			if !strings.Contains(stats, "RTT 2 ms") || !strings.Contains(stats, "loss 0.0 %") {
				t.Errorf("agent %d has the stats %q", i, stats)
			}
		}
	})
}

func TestAKickedAgentIsToldAndGone(t *testing.T) {
	inPlace(t, Config{Rules: &Rules{Verdict: acl.Allow}}, func(r *rig) {
		p, other := r.join(4, `{}`), r.join(4, `{}`)
		var id string
		_ = r.place.Do(func(t *Turn) error { id = t.Agents()[1].ID; return nil })
		p.compare(`["kick_agent","`+id+`"]`, `["kick_agent","ok"]`)
		time.Sleep(100 * time.Millisecond)
		if code, gone := other.disconnected(); !gone || code != netcode.CodeKicked {
			t.Errorf("disconnected: %v with %d", gone, code)
		}
		if got := r.component(other.avatar, "transform"); got != "" {
			t.Error("its avatar still stands there")
		}
	})
}

func TestOneWayMessagesToThePlaceAreNotAnsweredAndDoNothing(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p := r.join(4, `{}`)
		mine := p.spawn(`{"note":{}}`)
		for _, body := range []string{
			`["point",[0,1,2],[0,0,-1]]`, `["point-exit"]`, `["grabbing",true]`, `["poke",true]`,
			`["remove_entity","` + mine + `"]`, `["no such verb"]`, `["spawn_entity",{}]`,
		} {
			for _, typ := range []string{"oneway", "one-way"} {
				p.command(interaction(typ, "", PlaceID, "", body))
			}
		}
		if got := p.interactions(); len(got) != 0 {
			t.Errorf("answered %+v", got)
		}
		if got := len(r.entities()); got != 3 {
			t.Errorf("%d entities, want place, avatar and one more", got)
		}
		if _, gone := p.disconnected(); gone || r.logs.find("violation") != "" {
			t.Error("one of them was taken for a violation")
		}
	})
}

func TestAnEntityThatGoesAwayIsAnsweredForWhileItsAgentStays(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		asker, asked := r.join(4, `{}`), r.join(4, `{}`)
		button := asked.spawn(`{}`)
		asker.command(interaction("request", "", button, "q", `["poke",true]`))
		asked.interactions()
		asked.compare(`["remove_entity","`+button+`"]`, `["remove_entity","ok"]`)
		if got, want := asker.raw("q"), `["poke","error","the recipient is gone"]`; got != want {
			t.Errorf("answered %s, want %s", got, want)
		}
		for range 20 { // no violation: the agent could not know
			asked.command(interaction("response", button, asker.avatar, "q", `["poke","ok"]`))
		}
		if got := asker.interactions(); len(got) != 0 {
			t.Errorf("answered again: %+v", got)
		}
		if _, gone := asked.disconnected(); gone {
			t.Error("the agent whose entity went away was disconnected")
		}
	})
}

func TestAnAskerThatGoesAwayIsAnsweredToo(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		asker, asked := r.join(4, `{}`), r.join(4, `{}`)
		finger := asker.spawn(`{}`)
		asker.command(interaction("request", finger, asked.avatar, "q", `["poke",true]`))
		asker.command(interaction("request", "", PlaceID, "r", `["remove_entity","`+finger+`"]`))
		var bodies []string
		for _, i := range asker.interactions() {
			bodies = append(bodies, string(i.Body))
		}
		if got := fmt.Sprint(bodies); got != `[["poke","error","the sender is gone"] ["remove_entity","ok"]]` {
			t.Errorf("answered %s", got)
		}
	})
}

func TestHostsAnswerVerbsOfTheirOwnAndWrapOfficialOnes(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p := r.join(4, `{}`)
		kept := make(chan *Request, 1)
		var spawned []string
		for verb, v := range map[string]Verb{
			"add":   func(r *Request) { r.OK(r.Args[0].(float64) + r.Args[1].(float64)) },
			"later": func(r *Request) { kept <- r },
			"twice": func(r *Request) { r.OK(1); r.Fail("no") },
			"spawn_entity": func(r *Request) {
				spawned = append(spawned, r.Agent.DisplayName())
				r.Default()
			},
		} {
			if err := r.place.Handle(verb, v); err != nil {
				t.Fatal(err)
			}
		}
		p.compare(`["add",2,3]`, `["add","ok",5]`)
		p.compare(`["twice"]`, `["twice","ok",1]`)
		p.spawn(`{}`)
		if fmt.Sprint(spawned) != "[peer]" {
			t.Errorf("spawned for %v", spawned)
		}
		p.command(interaction("request", "", PlaceID, "z", `["later"]`))
		if got := p.interactions(); len(got) != 0 {
			t.Fatalf("answered at once: %+v", got)
		}
		late := <-kept
		var wait sync.WaitGroup
		for range 10 {
			wait.Go(func() { late.Fail("at last") })
		}
		wait.Wait()
		p.wait()
		if got, want := p.raw("z"), `["later","failed","at last"]`; got != want {
			t.Errorf("answered %s, want %s", got, want)
		}
		_ = r.place.Handle("later", func(*Request) { panic("a bug of the host's") })
		p.compare(`["later"]`, `["later","error","the place made a mistake"]`)
		if r.logs.take("bug in the place") == "" {
			t.Error("the log does not tell of the bug")
		}
		_ = r.place.Handle("add", nil)
		p.compare(`["add",2,3]`, `["add","error","the place does not know \"add\""]`)
	})
}

func TestThePlacesEntitiesAnswerForThemselves(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p := r.join(4, `{}`)
		pressed := make(chan bool, 9)
		err := r.place.Do(func(t *Turn) error {
			t.HandleAt("lamp", "poke", func(q *Request) {
				pressed <- q.Args[0].(bool)
				q.OK("lit")
			})
			_, err := t.Spawn("lamp", nil)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		ask := func(id, body string) netcode.Interaction {
			p.command(interaction("request", "", "lamp", id, body))
			all := p.interactions()
			if len(all) != 1 || all[0].From != "lamp" || all[0].RequestID != id || all[0].To != p.avatar {
				t.Fatalf("got %+v, want the lamp's answer to %s", all, id)
			}
			return all[0]
		}
		if got := string(ask("1", `["poke",true]`).Body); got != `["poke","ok","lit"]` {
			t.Errorf("answered %s", got)
		}
		if got := string(ask("2", `["spawn_entity",{}]`).Body); got != `["spawn_entity","error","the entity does not know \"spawn_entity\""]` {
			t.Errorf("answered %s", got)
		}
		p.command(interaction("oneway", "", "lamp", "", `["poke",false]`))
		if n := len(pressed); n != 2 || !<-pressed || <-pressed {
			t.Errorf("pressed %d times, want twice: once down, once up", n)
		}
		_ = r.place.Do(func(t *Turn) error {
			t.Remove("lamp", 0)
			_, err := t.Spawn("lamp", nil)
			return err
		})
		if got := string(ask("3", `["poke",true]`).Body); got != `["poke","ok"]` {
			t.Errorf("the next lamp answered %s", got)
		}
	})
}

func TestAHostSpeaksForThePlacesEntitiesOnly(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p, other := r.join(4, `{}`), r.join(4, `{}`)
		for name, c := range map[string]struct {
			from, to string
			want     error
		}{
			"its own":             {PlaceID, p.avatar, nil},
			"another agent's":     {other.avatar, p.avatar, ErrNoEntity},
			"what is not there":   {"ghost", p.avatar, ErrNoEntity},
			"to what is not":      {PlaceID, "ghost", ErrNoEntity},
			"to the place itself": {PlaceID, PlaceID, ErrNoEntity},
		} {
			if err := r.place.Do(func(t *Turn) error { return t.Send(c.from, c.to, "hi", 1) }); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		p.wait()
		if got := p.interactions(); len(got) != 1 || string(got[0].Body) != `["hi",1]` || got[0].From != PlaceID {
			t.Errorf("heard %+v", got)
		}
	})
}

func TestAHostsValuesAreTakenAsJSON(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		r.dial()
		err := r.place.Do(func(t *Turn) error {
			_, err := t.Spawn("a", map[string]any{
				"transform": map[string]any{"matrix": netcode.Identity},
				"light":     struct{ Watts float32 }{60},
				"children":  []map[string]any{{"list": map[string][]int{"n": {1, 2}}}},
			})
			return err
		})
		if err != nil || r.component("a", "light") != `{"Watts":60}` || r.component(r.childOf("a"), "list") != `{"n":[1,2]}` {
			t.Errorf("%v, %v", err, r.component("a", "light"))
		}
		for name, components := range map[string]map[string]any{
			"no JSON": {"f": map[string]any{"f": func() {}}}, "no component": {"a": 7}, "the clock": {"clock": map[string]any{}},
		} {
			if err := r.place.Do(func(t *Turn) error { return t.Change("a", components) }); !errors.Is(err, ErrBadEntity) {
				t.Errorf("%s: %v, want ErrBadEntity", name, err)
			}
		}
		if err := r.place.Do(func(t *Turn) error { return t.Change(PlaceID, nil, "clock") }); !errors.Is(err, ErrBadEntity) {
			t.Errorf("the place's clock went: %v", err)
		}
	})
}

func TestJoinedAndLeftHearOfAgents(t *testing.T) {
	var mu sync.Mutex
	var heard []string
	note := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, fmt.Sprintf(format, args...))
	}
	cfg := Config{
		Joined: func(t *Turn, a Agent) {
			_, there := t.Entity(a.Avatar)
			note("%s joined, version %d, avatar %v", a.DisplayName(), a.Version, there)
		},
		Left: func(t *Turn, a Agent, code uint32) {
			_, there := t.Entity(a.Avatar)
			note("%s left with %d, avatar %v", a.DisplayName(), code, there)
		},
	}
	inPlace(t, cfg, func(r *rig) {
		p := r.join(3, `{}`)
		p.close()
		time.Sleep(100 * time.Millisecond)
		r.join(4, `{}`)
		_ = r.place.Close()
		time.Sleep(2 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		if got := strings.Join(heard, "; "); got != "peer joined, version 3, avatar true; peer left with 1001, avatar false; peer joined, version 4, avatar true; peer left with 1100, avatar false" {
			t.Errorf("heard %q", got)
		}
	})
}

func TestATurnWorksOnThePlaceBeforeItServesAndUntilItCloses(t *testing.T) {
	n := pipe.New(pipe.Config{})
	p, err := New(Config{Transports: []netcode.Transport{n.Listen()}})
	if err != nil {
		t.Fatal(err)
	}
	err = p.Do(func(turn *Turn) error {
		id, err := turn.Spawn("lamp", map[string]any{"lamp": map[string]any{"lit": true}, "children": []any{map[string]any{}}})
		if err != nil || id != "lamp" {
			t.Errorf("spawned %q, %v", id, err)
		}
		if _, err := turn.Spawn("lamp", nil); err == nil {
			t.Error("spawned a second lamp")
		}
		if err := turn.Change("lamp", map[string]any{"lamp": map[string]any{"lit": false}}, "transform"); err != nil {
			t.Error(err)
		}
		e, _ := turn.Entity("lamp")
		if e.Owner != PlaceID || fmt.Sprint(e.Components) != "map[lamp:map[lit:false]]" {
			t.Errorf("the lamp is %+v", e)
		}
		if err := turn.Change("no lamp", nil); err == nil {
			t.Error("changed what is not there")
		}
		if turn.Remove(PlaceID, 0) || turn.Remove("no lamp", 0) || !turn.Remove("lamp", 0) || len(turn.Entities()) != 1 {
			t.Errorf("removed the wrong things: %v is left", turn.Entities())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := p.Do(func(*Turn) error { t.Error("a closed place had a turn"); return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

func TestAnAnimationMovesTheEntityThatAskedUntilItIsOverOrRemoved(t *testing.T) {
	for name, removed := range map[string]bool{"over": false, "removed": true} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, Config{}, func(r *rig) {
				p := r.join(4, `{}`)
				lamp := p.spawn(`{"lamp":{"light":7}}`)
				start := r.place.Time()
				body := fmt.Sprintf(`["add_property_animation",{"path":"lamp.light","from":0,"to":10,"start_at":%g,"duration":1}]`, start)
				p.command(interaction("request", lamp, PlaceID, "go", body))
				id := p.answer("go")[2].(string)
				time.Sleep(500 * time.Millisecond)
				half := r.component(lamp, "lamp")
				var light float64
				if _, err := fmt.Sscanf(half, `{"light":%g}`, &light); err != nil || light < 4 || light > 5.5 {
					t.Errorf("half way, the lamp is %s", half)
				}
				if removed {
					p.command(interaction("request", lamp, PlaceID, "stop", `["remove_property_animation","`+id+`"]`))
					if got, want := p.raw("stop"), `["remove_property_animation","ok","`+id+`"]`; got != want {
						t.Errorf("answered %s, want %s", got, want)
					}
					half = r.component(lamp, "lamp")
				}
				time.Sleep(time.Second)
				want := `{"light":10}`
				if removed {
					want = half
				}
				if got := r.component(lamp, "lamp"); got != want {
					t.Errorf("in the end, the lamp is %s, want %s", got, want)
				}
				if got := r.component(lamp, "property_animations"); got != `{"animations":{}}` {
					t.Errorf("its animations are %s", got)
				}
			})
		})
	}
}
