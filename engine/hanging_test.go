package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

// anythingHangs is a place in which whatever hangs on what others own, so that it shows
// what comes of that.
var anythingHangs = `allow ["attach" | _]`

const body = `{"children":[
	{"intent":{"actuate_pose":"head"},"transform":{"matrix":[1,0,0,0,0,1,0,0,0,0,1,0,0,1.7,0,1]}},
	{"intent":{"actuate_pose":"hand/left"}}]}`

// asks sends a request to the place, and reports whether it was done.
func (p *peer) asks(format string, args ...any) bool {
	p.Helper()
	id := p.newID()
	p.command(interaction("request", "", PlaceID, id, fmt.Sprintf(format, args...)))
	for _, i := range p.interactions() {
		if i.RequestID == id {
			return strings.Contains(string(i.Body), `"ok"]`) || strings.HasPrefix(string(i.Body), `["spawn_entity","`) && !strings.Contains(string(i.Body), `"error"`)
		}
	}
	return false // told in a message of its own
}

// at is where an entity stands, in world space.
func (r *rig) at(id string) (m mgl64.Mat4) {
	r.Helper()
	r.do(func(t *Turn) { m = t.World().Entity(id).World() })
	return m
}

func (r *rig) ours(id string, spec map[string]any) {
	r.Helper()
	r.do(func(t *Turn) {
		if _, err := t.Spawn(id, spec); err != nil {
			r.Error(err)
		}
	})
}

// spawnOurs makes an entity of the place's, two metres up.
func (r *rig) spawnOurs(id string) {
	r.Helper()
	r.ours(id, map[string]any{"transform": map[string]any{"matrix": shifted(0, 2, 0)}})
}

func shifted(x, y, z float64) netcode.Matrix { return netcode.Matrix(mgl64.Translate3D(x, y, z)) }

func (p *peer) intends(version int, format string, args ...any) {
	p.send(stateChannel(version), false, `{"cmd":"intent","intent":{`+fmt.Sprintf(format, args...)+`}}`)
	time.Sleep(300 * time.Millisecond)
}

// grabs holds something with the left hand for some heartbeats, far away.
func (p *peer) grabs(id string) {
	far := netcode.AppendMatrix(nil, (*netcode.Matrix)(new(shifted(100, 50, -100))))
	p.intends(4, `"poses":{"hand/left":{"matrix":[1,0,0,0,0,1,0,0,0,0,1,0,0.1,0,0,1],"grab":{"entity":%q,"grabber_from_entity_transform":%s}}}`, id, far)
	p.intends(4, `"wants_stick_movement":false`)
}

func TestNothingHangsOnWhatIsAnothers(t *testing.T) {
	for version := netcode.MinVersion; version <= netcode.MaxVersion; version++ {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			inPlace(t, Config{}, func(r *rig) {
				victim := r.join(4, body)
				thing := victim.spawn(`{}`)
				r.spawnOurs("lamp")
				for _, target := range []string{victim.avatar, thing, "lamp", PlaceID} {
					before := len(r.entities())
					bad := r.join(version, `{}`)
					own := bad.spawn(`{}`)
					for _, ask := range []string{
						`["spawn_entity",{"relationships":{"parent":"%s"}}]`,
						`["spawn_entity",{"components":{"relationships":{"parent":"%s"}},"children":[{}]}]`,
						`["change_components","` + own + `","add_or_change",{"relationships":{"parent":"%s"}},"remove",[]]`,
						`["change_components","` + own + `","remove",["text"],"add_or_change",{"relationships":{"parent":"%s"}}]`,
						`["change_components","` + bad.avatar + `","add_or_change",{"relationships":{"parent":"%s"}}]`,
					} {
						if bad.asks(ask, target) {
							t.Errorf(ask+" is done", target)
						}
					}
					if !bad.asks(`["spawn_entity",{"children":[{"relationships":{"parent":"%s"}}]}]`, target) {
						t.Error("a child may not say where it hangs, though that is known")
					}
					bad.close()
					time.Sleep(50 * time.Millisecond)
					stranger := r.dial()
					stranger.command(asked("hi", announce(version, `{"relationships":{"parent":"`+target+`"}}`)))
					time.Sleep(50 * time.Millisecond)
					if code, gone := stranger.disconnected(); !gone || code != netcode.CodeDenied {
						t.Errorf("an avatar below %s: disconnected %v with %d", target, gone, code)
					}
					old := r.dial() // that speaks version 0
					old.command(fmt.Sprintf(`{"cmd":"interact","interact":{"from_entity":"","to_entity":"place","cmd":%q}}`,
						`["announce",["identity",{"name":"old"}],{"relationships":{"parent":"`+target+`"}}]`))
					time.Sleep(50 * time.Millisecond)
					if code, gone := old.disconnected(); !gone || code != netcode.CodeDenied {
						t.Errorf("an avatar of version 0 below %s: disconnected %v with %d", target, gone, code)
					}
					if after := len(r.entities()); after != before {
						t.Errorf("%d entities, %d before", after, before)
					}
				}
				if !victim.asks(`["spawn_entity",{"relationships":{"parent":"%s"}}]`, thing) {
					t.Error("what is one's own cannot be hung on")
				}
			})
		})
	}
}

func TestAHandleMovesOnlyWhatItsOwnerMay(t *testing.T) {
	inPlace(t, Config{Rules: rulesOf(t, anythingHangs)}, func(r *rig) {
		victim, bystander, bad := r.join(4, body), r.join(4, body), r.join(4, body)
		r.spawnOurs("lamp")
		things := []string{victim.avatar, bystander.avatar, victim.spawn(`{"grabbable":{"translation_constraint":[1,0,1]}}`), "lamp", PlaceID}
		for _, target := range things {
			before := map[string]mgl64.Mat4{}
			for _, id := range r.entities() {
				before[id] = r.at(id)
			}
			for _, handle := range []string{
				bad.spawn(`{"relationships":{"parent":"` + target + `"},"grabbable":{"actuate_on":"$parent"}}`),
				bad.spawn(`{"relationships":{"parent":"` + bad.spawn(`{"relationships":{"parent":"`+target+`"}}`) + `"},"grabbable":{"actuate_on":"` + target + `"}}`),
			} {
				bad.grabs(handle)
			}
			for id, was := range before {
				if now := r.at(id); now != was && r.place.owner(id) != r.place.owner(bad.avatar) {
					t.Errorf("by a handle on %s, %s moved from %v to %v", target, id, was.Col(3), now.Col(3))
				}
			}
		}
		window := victim.spawn(`{}`)
		knob := victim.spawn(`{"relationships":{"parent":"` + window + `"},"grabbable":{"actuate_on":"$parent"}}`)
		bad.grabs(knob)
		if x := r.at(window).Col(3).X(); x < 99 {
			t.Errorf("a window is at x = %v after somebody held its handle", x)
		}
	})
}

func TestNobodyIsMovedByAnothersPoses(t *testing.T) {
	inPlace(t, Config{Rules: rulesOf(t, anythingHangs)}, func(r *rig) {
		victim, bad := r.join(4, body), r.join(4, body)
		thing := victim.spawn(`{}`)
		before := [...]mgl64.Mat4{r.at(victim.avatar), r.at(thing)}
		bad.asks(`["spawn_entity",{"relationships":{"parent":"%s"},"intent":{"actuate_pose":"root","from_avatar":"%s"}}]`, victim.avatar, bad.avatar)
		for _, id := range []string{victim.avatar, thing} {
			if bad.asks(`["change_components","%s","add_or_change",{"intent":{"actuate_pose":"head","from_avatar":"%s"}},"remove",[]]`, id, bad.avatar) ||
				bad.asks(`["change_components","%s","add_or_change",{"grabbable":{}},"remove",[]]`, id) {
				t.Error("what is another's was changed")
			}
		}
		const pose = `{"matrix":[1,0,0,0,0,1,0,0,0,0,1,0,9,9,9,1]}`
		bad.intends(4, `"poses":{"root":`+pose+`,"head":`+pose+`,"torso":`+pose+`}`)
		bad.send(stateChannel(4), false, `{"intents":{"`+victim.avatar+`":{"poses":{"root":`+pose+`}},"`+thing+`":{"zmovement":1}},"ack-state-rev":0}`)
		time.Sleep(300 * time.Millisecond)
		if after := [...]mgl64.Mat4{r.at(victim.avatar), r.at(thing)}; after != before {
			t.Errorf("moved from %v to %v", before, after)
		}
	})
}

func TestABodyIsMadeOfItsAgentsEntities(t *testing.T) {
	inPlace(t, Config{Rules: rulesOf(t, anythingHangs)}, func(r *rig) {
		victim, bystander, bad := r.join(4, body), r.join(4, body), r.join(4, `{}`)
		box := bystander.spawn(`{"grabbable":{}}`)
		walks := func(p *peer) float64 {
			from := r.at(p.avatar).Col(3)
			p.intends(4, `"zmovement":-1`)
			p.intends(4, `"zmovement":0`)
			return r.at(p.avatar).Col(3).Sub(from).Z()
		}
		for _, matrix := range []string{
			`[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1]`,          // nobody walks with a flat head
			`[-1,0,0,0,0,1,0,0,0,0,-1,0,0,0,0,1]`,        // this one looks back
			`[1,0,0,0,0,1,0,0,0,0,1,0,1000,1000,1000,1]`, // and this one sees something else
		} {
			for _, part := range []string{"head", "hand/left", "hand/right", "torso", "root"} {
				bad.spawn(`{"relationships":{"parent":"` + victim.avatar + `"},"intent":{"actuate_pose":"` + part + `"},"transform":{"matrix":` + matrix + `}}`)
			}
			if got, want := walks(victim), walks(bystander); got > -0.3 || !mgl64.FloatEqualThreshold(got, want, 0.11) {
				t.Errorf("with %s the victim walks %v, the one beside it %v", matrix, got, want)
			}
			if got, want := r.place.owner(victim.avatar).Eye(), r.at(victim.avatar).Col(3).Vec3().Add(mgl64.Vec3{0, 1.7, 0}); got.Sub(want).Len() > 1e-6 {
				t.Errorf("with %s the victim looks from %v, want %v", matrix, got, want)
			}
		}
		before := r.at(box)
		victim.grabs(box)
		if at := r.at(box).Col(3); at.Sub(before.Col(3)).Len() < 50 || at.X() > 110 {
			t.Errorf("what the victim holds is at %v", at)
		}
	})
}

// hangs gives an app a widget that it has offered to a visor, and that hangs at its hand.
func (r *rig) hangs(app, visor *peer) (widget, hand string) {
	r.Helper()
	hand = visor.spawn(`{"relationships":{"parent":"` + visor.avatar + `"},"intent":{"actuate_pose":"hand/left"},"transform":{"matrix":[1,0,0,0,0,1,0,0,0,0,1,0,0,1,0,1]}}`)
	widget = app.spawn(`{"text":{"string":"mute"}}`)
	app.command(interaction("oneway", "", visor.avatar, "", `["add_wrist_widget","`+widget+`"]`))
	visor.wait()
	visor.interactions()
	// In the words of the visors that there are.
	if !visor.asks(`["change_components","%s","add_or_change",{"relationships":{"parent":"%s"},"transform":{"matrix":[1,0,0,0,0,1,0,0,0,0,1,0,-0.03,0,0,1]}},"remove",[]]`, widget, hand) {
		r.Fatal("a widget was not put on")
	}
	return widget, hand
}

func TestWhatWasOfferedMayOnlyBeMoved(t *testing.T) {
	for version := netcode.MinVersion; version <= netcode.MaxVersion; version++ {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			inPlace(t, Config{}, func(r *rig) {
				app, visor, other := r.join(4, `{}`), r.join(version, `{}`), r.join(4, `{}`)
				window := app.spawn(`{}`)
				knob := app.spawn(`{"relationships":{"parent":"` + window + `"}}`)
				if visor.asks(`["change_components","%s","add_or_change",{"transform":{}},"remove",[]]`, knob) {
					t.Error("moved before it was offered")
				}
				app.command(interaction("oneway", "", visor.avatar, "", `["add_wrist_widget","`+knob+`"]`))
				for _, change := range []string{
					`"add_or_change",{"grabbable":{"actuate_on":"$parent"}},"remove",[]`, // would move the window
					`"add_or_change",{"transform":{},"intent":{"actuate_pose":"head","from_avatar":"` + visor.avatar + `"}},"remove",[]`,
					`"add_or_change",{"relationships":{}},"remove",["text"]`,
					`"add_or_change",{"relationships":{},"transform":{},"text":{}},"remove",[]`,
					`"add_or_change",{},"remove",["relationships"]`,
				} {
					if visor.asks(`["change_components","%s",%s]`, knob, change) {
						t.Errorf("changed by %s", change)
					}
				}
				for _, change := range []string{
					`"add_or_change",{"transform":{"matrix":` + identityText + `}},"remove",[]`,
					`"add_or_change",{"relationships":{"parent":"` + visor.avatar + `"}},"remove",[]`,
				} {
					if other.asks(`["change_components","%s",%s]`, knob, change) {
						t.Errorf("changed by somebody else by %s", change)
					}
					if !visor.asks(`["change_components","%s",%s]`, knob, change) {
						t.Errorf("not changed by %s", change)
					}
				}
				if visor.asks(`["change_components","%s","add_or_change",{"relationships":{"parent":"%s"}},"remove",[]]`, knob, other.avatar) {
					t.Error("it was hung on somebody else")
				}
				// The other way round: what was offered may be hung on.
				if !visor.asks(`["spawn_entity",{"relationships":{"parent":"%s"}}]`, knob) || other.asks(`["spawn_entity",{"relationships":{"parent":"%s"}}]`, knob) {
					t.Error("not hung on by the one it was offered to, or by somebody else")
				}
			})
		})
	}
}

func TestWhatHangsOnOnesOwnMayBeTakenOff(t *testing.T) {
	for version := netcode.MinVersion; version <= netcode.MaxVersion; version++ {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			inPlace(t, Config{Rules: rulesOf(t, `allow ["attach", _, _, Parent] when component(Parent, "board") != nil`)}, func(r *rig) {
				mine, bad, other := r.join(version, `{}`), r.join(4, `{}`), r.join(4, `{}`)
				board := mine.spawn(`{"board":{},"transform":{"matrix":[0,0,-1,0,0,1,0,0,1,0,0,0,5,6,7,1]}}`)
				shelf := mine.spawn(`{"transform":{"matrix":[1,0,0,0,0,1,0,0,0,0,1,0,-3,0,0,1]}}`)
				note := func() string {
					return bad.spawn(`{"relationships":{"parent":"` + board + `"},"transform":{"matrix":[1,0,0,0,0,1,0,0,0,0,1,0,1,2,3,1]}}`)
				}
				for _, off := range []string{
					`"add_or_change",{},"remove",["relationships"]`, `"add_or_change",[],"remove",["relationships"]`, `"remove",["relationships"]`,
					`"add_or_change",{"relationships":{}},"remove",[]`, `"add_or_change",{"relationships":[]}`,
					`"add_or_change",{"relationships":{"parent":"` + shelf + `"}},"remove",[]`,
				} {
					id := note()
					stood := r.at(id)
					if other.asks(`["change_components","%s",%s]`, id, off) {
						t.Error("somebody else took it off")
					}
					if !mine.asks(`["change_components","%s",%s]`, id, off) {
						t.Errorf("not taken off by %s", off)
					}
					if at := r.at(id); !at.ApproxEqualThreshold(stood, 1e-9) {
						t.Errorf("it stood at %v, and by %s at %v", stood.Col(3), off, at.Col(3))
					}
					if on := r.component(id, "relationships"); strings.Contains(on, board) {
						t.Errorf("by %s it still hangs: %s", off, on)
					}
					if !strings.Contains(off, shelf) && mine.asks(`["change_components","%s",%s]`, id, off) {
						t.Error("it can be changed where it does not hang any more")
					}
				}
				id := note()
				for _, more := range []string{
					`"add_or_change",{"relationships":{},"text":{}},"remove",[]`, `"add_or_change",{},"remove",["relationships","transform"]`,
					`"add_or_change",{"relationships":{"parent":"` + shelf + `","more":1}},"remove",[]`, `"add_or_change",{},"remove",[]`,
					`"add_or_change",{"relationships":{"parent":"` + other.avatar + `"}},"remove",[]`,
				} {
					if mine.asks(`["change_components","%s",%s]`, id, more) {
						t.Errorf("changed by %s", more)
					}
				}
				leaf := bad.spawn(`{"relationships":{"parent":"` + id + `"}}`)
				if mine.asks(`["change_components","%s","remove",["relationships"]]`, leaf) {
					t.Error("what hangs together was taken apart")
				}
			})
		})
	}
}

func TestWhatThePlaceHangsOnAgentsStays(t *testing.T) {
	for rule, want := range map[string]bool{`deny ["detach", _, "nothing", _]`: false, `allow ["detach", _, "hat", _]`: true} {
		inPlace(t, Config{Rules: rulesOf(t, rule)}, func(r *rig) {
			ann := r.join(4, `{}`)
			r.ours("hat", map[string]any{"relationships": map[string]any{"parent": ann.avatar}})
			if got := ann.asks(`["change_components","hat","remove",["relationships"]]`); got != want {
				t.Errorf("with %s it is taken off: %v", rule, got)
			}
		})
	}
}

func TestRulesSayWhatHangsWhere(t *testing.T) {
	rules := rulesOf(t,
		`allow ["attach", "", nil, "boat"]`,
		`deny ["attach", From, _, "board"] when identity(From)["display_name"] != "peer"`,
		`allow ["attach", _, E, "board"] when E == nil or component(E, "note") != nil`,
		`deny ["attach", From, _, Mine] when owns(From, Mine)`, // is not asked
	)
	inPlace(t, Config{Rules: rules}, func(r *rig) {
		r.spawnOurs("boat")
		r.spawnOurs("board")
		p := r.join(4, `{"relationships":{"parent":"boat"}}`)
		note, other := p.spawn(`{"note":{}}`), p.spawn(`{}`)
		for ask, want := range map[string]bool{
			`["spawn_entity",{"relationships":{"parent":"board"}}]`:                                               true,
			`["spawn_entity",{"relationships":{"parent":"boat"}}]`:                                                false,
			`["spawn_entity",{"relationships":{"parent":"` + other + `"}}]`:                                       true,
			`["change_components","` + note + `","add_or_change",{"relationships":{"parent":"board"}}]`:           true,
			`["change_components","` + other + `","add_or_change",{"relationships":{"parent":"board"}}]`:          false,
			`["change_components","` + p.avatar + `","add_or_change",{"relationships":{"parent":"boat","at":1}}]`: true, // as it does already
		} {
			if got := p.asks("%s", ask); got != want {
				t.Errorf("%s is done: %v", ask, got)
			}
		}
	})
}

func TestTakingOffIsDecidedWhenItIsDone(t *testing.T) {
	inPlace(t, Config{Rules: rulesOf(t, anythingHangs)}, func(r *rig) {
		mine, bad := r.join(4, `{}`), r.join(4, `{}`)
		note := bad.spawn(`{"relationships":{"parent":"` + mine.avatar + `"}}`)
		var later *Request
		if err := r.place.Handle("change_components", func(q *Request) { later = q }); err != nil {
			t.Fatal(err)
		}
		mine.command(interaction("request", "", PlaceID, "off", `["change_components","`+note+`","remove",["relationships"]]`))
		r.do(func(t *Turn) {
			if err := t.Change(note, map[string]any{"relationships": map[string]any{"parent": bad.avatar}}); err != nil {
				r.Error(err)
			}
			later.Default()
		})
		mine.wait()
		if got, want := mine.raw("off"), fmt.Sprintf(`["change_components","error","\"%s\" hangs on nothing of yours"]`, note); got != want {
			t.Errorf("answered %s, want %s", got, want)
		}
	})
}

// A host, or a script, that does later what it was asked does not go past the rules.
func TestHangingIsDecidedWhenItIsDone(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		victim, bad := r.join(4, `{}`), r.join(4, `{}`)
		var later []*Request
		if err := r.place.Handle("spawn_entity", func(q *Request) { later = append(later, q) }); err != nil {
			t.Fatal(err)
		}
		for _, target := range []string{"lamp", victim.avatar, bad.avatar} {
			bad.command(interaction("request", "", PlaceID, target, `["spawn_entity",{"relationships":{"parent":"`+target+`"}}]`))
		}
		r.spawnOurs("lamp")
		r.do(func(*Turn) {
			for _, q := range later[:2] {
				q.Default()
			}
			items, ok := later[1].DefaultAnswer()
			if !ok || items[0] != "error" {
				t.Errorf("a second default is answered %v", items)
			}
			if items, ok = later[2].DefaultAnswer(); !ok || len(items) != 1 {
				t.Errorf("what is one's own is answered %v", items)
			}
		})
		bad.wait()
		got := bad.interactions()
		if len(got) != 2 || !strings.HasPrefix(string(got[0].Body), `["interaction_denied",["interaction","request",`) || got[0].RequestID != "lamp" {
			t.Errorf("answered %+v", got)
		}
	})
}

func TestWhatAppearsHasNothingOfOthersOnIt(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		bad := r.join(4, `{}`)
		early := bad.spawn(`{"relationships":{"parent":"lamp"},"transform":{"matrix":[1,0,0,0,0,1,0,0,0,0,1,0,1,2,3,1]}}`)
		r.ours("shade", map[string]any{"relationships": map[string]any{"parent": "lamp"}})
		if bad.asks(`["change_components","shade","add_or_change",{"relationships":{}},"remove",[]]`) {
			t.Error("what hangs on nothing was taken off")
		}
		stood := r.at(early)
		r.spawnOurs("lamp")
		if on := r.component(early, "relationships"); on != "" || r.at(early) != stood {
			t.Errorf("what waited for the lamp hangs %q at %v", on, r.at(early).Col(3))
		}
		if r.component("shade", "relationships") == "" {
			t.Error("the place's own was shaken off")
		}
		r.do(func(t *Turn) { t.Remove("lamp", world.Cascade) })
		if left := r.entities(); len(left) != 3 { // the place, the agent, and what was early
			t.Errorf("%v are left", left)
		}
	})
}

func TestOffersEnd(t *testing.T) {
	const put = `["change_components","%s","add_or_change",{"relationships":{"parent":"%s"}},"remove",[]]`
	for name, c := range map[string]struct {
		what  func(app, visor *peer, widget, hand string) bool
		stays bool
	}{
		"nothing happens": {func(*peer, *peer, string, string) bool { return true }, true},
		"the owner paints it": {func(app, _ *peer, widget, _ string) bool {
			return app.asks(`["change_components","%s","add_or_change",{"material":{}},"remove",["text"]]`, widget)
		}, true},
		"the owner says where it hangs already": {func(app, _ *peer, widget, hand string) bool { return app.asks(put, widget, hand) }, true},
		"the visor takes it off": {func(_, visor *peer, widget, _ string) bool {
			return visor.asks(`["change_components","%s","add_or_change",{"relationships":{}},"remove",[]]`, widget)
		}, true},
		"the owner takes it off": {func(app, _ *peer, widget, _ string) bool {
			return app.asks(`["change_components","%s","remove",["relationships"]]`, widget)
		}, false},
		"the owner hangs it elsewhere": {func(app, _ *peer, widget, _ string) bool { return app.asks(put, widget, app.avatar) }, false},
		"it goes":                      {func(app, _ *peer, widget, _ string) bool { return app.asks(`["remove_entity","%s"]`, widget) }, false},
		"the owner goes":               {func(app, _ *peer, _, _ string) bool { app.close(); return true }, false},
		"the visor goes without it": {func(_, visor *peer, widget, _ string) bool {
			done := visor.asks(`["change_components","%s","add_or_change",{"relationships":{}},"remove",[]]`, widget)
			visor.close()
			return done
		}, false},
		"the visor goes": {func(_, visor *peer, _, _ string) bool { visor.close(); return true }, false},
	} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, Config{}, func(r *rig) {
				app, visor := r.join(4, `{}`), r.join(4, `{}`)
				widget, hand := r.hangs(app, visor)
				if !c.what(app, visor, widget, hand) {
					t.Fatal("it is not done")
				}
				time.Sleep(50 * time.Millisecond)
				var left int
				r.do(func(*Turn) { left = len(r.place.offers.made) + len(r.place.offers.by) })
				if (left > 0) != c.stays {
					t.Errorf("%d offers are left", left)
				}
				if !strings.Contains(name, " goes") && visor.asks(put, widget, visor.avatar) != c.stays {
					t.Error("whether it can be put on is not so")
				}
			})
		})
	}
}

func TestOffersLastThroughAReconnect(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		app := r.join(4, `{}`)
		visor := r.travels(client.Config{Key: keyOf("ann")})
		widget := app.spawn(`{}`)
		app.command(interaction("oneway", "", visor.Avatar(), "", `["add_wrist_widget","`+widget+`"]`))
		visor.blackout(12 * time.Second)
		again := r.travels(client.Config{Key: keyOf("ann"), Resume: visor.Avatar()})
		if again.Avatar() != visor.Avatar() {
			t.Fatal("it came back as somebody else")
		}
		hung := map[string]any{"relationships": map[string]any{"parent": again.Avatar()}}
		if got := again.must(r.T, PlaceID, "change_components", widget, "add_or_change", hung, "remove", []any{}); got[1] != "ok" {
			t.Errorf("answered %v", got)
		}
		onApp := map[string]any{"relationships": map[string]any{"parent": app.avatar}}
		if got, err := again.Request(r.Context(), PlaceID, "spawn_entity", onApp); err == nil {
			t.Errorf("after it came back it hangs things on others: %v", got)
		}
	})
}

// Where nothing may be done that is not named, an offer opens nothing, yet what somebody
// else hung on one's own can be taken off.
func TestOffersOpenNothingThatIsClosed(t *testing.T) {
	rules := rulesOf(t, `allow ["interaction", _, _, _, _, [Verb | _]] when Verb in ["announce", "spawn_entity", "take"]`,
		`allow ["attach", _, nil, _]`)
	rules.Verdict = acl.Deny
	inPlace(t, Config{Rules: rules}, func(r *rig) {
		app, visor := r.join(4, `{}`), r.join(4, `{}`)
		widget := app.spawn(`{}`)
		app.command(interaction("oneway", "", visor.avatar, "", `["take","`+widget+`"]`))
		visor.wait()
		visor.interactions()
		if visor.asks(`["change_components","%s","add_or_change",{"transform":{}},"remove",[]]`, widget) {
			t.Error("what was offered is moved")
		}
		note := app.spawn(`{"relationships":{"parent":"` + visor.avatar + `"}}`)
		if app.asks(`["change_components","%s","remove",["relationships"]]`, note) || !visor.asks(`["change_components","%s","remove",["relationships"]]`, note) {
			t.Error("it is taken off by its owner, or not by the one it hung on")
		}
	})
}

func TestOffersAreLimited(t *testing.T) {
	inPlace(t, Config{Limits: Limits{Offers: 3}}, func(r *rig) {
		app, visor := r.join(4, `{}`), r.join(4, `{}`)
		var ids []string
		for range 5 {
			ids = append(ids, app.spawn(`{}`))
		}
		app.command(interaction("oneway", "", visor.avatar, "", `["take","`+strings.Join(ids, `","`)+`","`+ids[4]+`"]`))
		visor.wait()
		visor.interactions()
		for i, id := range ids {
			if got, want := visor.asks(`["change_components","%s","add_or_change",{"transform":{}},"remove",[]]`, id), i >= 2; got != want {
				t.Errorf("offer %d holds: %v", i, got)
			}
		}
		r.do(func(*Turn) {
			if n := len(r.place.offers.made); n != 3 {
				t.Errorf("%d offers are remembered", n)
			}
		})
		if n := r.place.counts.limited[limitOffers].Load(); n != 2 {
			t.Errorf("the limit was hit %d times", n)
		}
	})
}
