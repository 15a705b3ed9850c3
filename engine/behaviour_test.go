package engine

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/direct"
)

// script is a behaviour that writes down what it hears and answers what it is told to.
type script struct {
	heard  []string
	turns  int
	answer map[string]func(r *Request)
	check  func(e *world.Entity, owner string, set map[string]any) error
}

func (s *script) note(format string, args ...any) {
	s.heard = append(s.heard, fmt.Sprintf(format, args...))
}

func (s *script) Open(*Turn) error                     { s.note("open"); return nil }
func (s *script) Beat(*Turn, float64)                  {}
func (s *script) Settle(*Turn)                         { s.turns++ }
func (s *script) Close(*Turn)                          { s.note("close") }
func (s *script) Joined(_ *Turn, a Agent)              { s.note("joined %s", a.DisplayName()) }
func (s *script) Left(_ *Turn, a Agent, c uint32)      { s.note("left %s %d", a.DisplayName(), c) }
func (s *script) Watches(name string) bool             { return name == "door" }
func (s *script) Spawned(e *world.Entity)              { s.note("spawned %v", e.Names()) }
func (s *script) Removed(e Entity)                     { s.note("removed %v", e.Components) }
func (s *script) Published(_ *Turn, _ string, b []any) { s.note("published %v", b) }

func (s *script) Changed(e *world.Entity, name string, had bool, old map[string]any) {
	if !s.Watches(name) {
		if old != nil {
			s.note("%s is not watched", name)
		}
		return
	}
	if had != (old != nil) {
		s.note("had %v, was %v", had, old)
	}
	now, _ := e.Component(name)
	s.note("changed %s %v to %v", name, old, now)
}

func (s *script) Check(e *world.Entity, owner string, set map[string]any) error {
	if s.check == nil {
		return nil
	}
	return s.check(e, owner, set)
}

func (s *script) Checks(name string) bool { return s.check != nil && s.Watches(name) }

func (s *script) Answer(r *Request) bool {
	f := s.answer[r.Verb]
	if f != nil {
		f(r)
	}
	return f != nil
}

func (s *script) take() string {
	heard := strings.Join(s.heard, "\n")
	s.heard = nil
	return heard
}

// stage is a place that is driven by hand, with its behaviour.
type stage struct {
	*testing.T
	*Driver
	direct *direct.Transport
	script *script
}

func onStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{T: t, direct: direct.New(), script: &script{answer: map[string]func(*Request){}}}
	place, err := New(Config{Transports: []netcode.Transport{s.direct}, Behaviour: s.script, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if s.Driver, err = place.Drive(); err != nil {
		t.Fatal(err)
	}
	return s
}

// actor is an agent on a stage.
type actor struct {
	*stage
	peer  *direct.Peer
	heard []string // on the command channel
	code  uint32
}

func (s *stage) enter() *actor {
	a := &actor{stage: s}
	a.peer = s.direct.Connect(direct.Config{
		Received: func(channel uint8, data []byte) {
			if channel == netcode.CommandChannel {
				a.heard = append(a.heard, strings.TrimSuffix(string(data), "\n"))
			}
		},
		Disconnected: func(code uint32) { a.code = code },
	})
	return a
}

// says sends something and gives what comes back at once.
func (a *actor) says(interaction string) string {
	a.heard = nil
	a.peer.Send(netcode.CommandChannel, []byte(interaction))
	a.Settle()
	return strings.Join(a.heard, "\n")
}

func (a *actor) announce() string {
	return a.says(`["interaction","request","","place","a",["announce","version",4,"identity",{"display_name":"Ada"},"spawn_avatar",{"visor":{}}]]`)
}

func (s *stage) want(got, want string) {
	s.Helper()
	if got != want {
		s.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestBehaviourHearsOfAllThatHappens(t *testing.T) {
	s := onStage(t)
	ada := s.enter()
	ada.announce()
	s.want(s.script.take(), "open\nspawned [transform visor]\njoined Ada")
	id := strings.Split(ada.says(`["interaction","request","","place","1",["spawn_entity",{"door":{"open":false}}]]`), `"`)[13]
	ada.says(`["interaction","request","","place","2",["change_components","` + id + `","add_or_change",{"door":{"open":true},"wood":{}},"remove",[]]]`)
	ada.says(`["interaction","request","","place","3",["change_components","` + id + `","add_or_change",{"door":{"open":true}},"remove",["wood"]]]`)
	ada.says(`["interaction","publication","","","",["news",1]]`)
	ada.says(`["interaction","request","","place","4",["remove_entity","` + id + `"]]`)
	s.want(s.script.take(), "spawned [door transform]\nchanged door map[open:false] to map[open:true]\n"+
		"published [news 1]\nremoved map[door:map[open:true]]")
	ada.peer.Close(netcode.CodeClientLeft)
	s.Settle()
	s.want(s.script.take(), "removed map[]\nleft Ada 1001")
	before := s.script.turns
	s.Advance(time.Second)
	if beats := s.script.turns - before; beats < DefaultRate {
		t.Errorf("settled %d times in a second", beats)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	s.want(s.script.take(), "close")
}

func TestTheHostHearsThatThePlaceHasOpened(t *testing.T) {
	script, heard := &script{}, ""
	place, err := New(Config{Transports: []netcode.Transport{direct.New()}, Behaviour: script, Logger: slog.New(slog.DiscardHandler), Opened: func(p *Place) {
		heard += script.take()
		if err := p.Do(func(*Turn) error { return nil }); err != nil {
			t.Error(err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := place.Drive()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	d.Advance(time.Second)
	if heard != "open" || script.turns == 0 {
		t.Errorf("opened, when the behaviour had heard %q", heard)
	}
}

func TestOnlyTheDefaultLetsAnAgentIn(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(r *Request)
		want   string
		code   uint32
	}{
		"refused": {func(r *Request) { r.Refuse("full") }, `["announce","error",1103,"full"]`, netcode.CodeDenied},
		"other":   {func(r *Request) { r.OK("you", "are", "in") }, `["announce","error",1103,"in"]`, netcode.CodeDenied},
		"default": {(*Request).Default, `"Unnamed place"]`, 0},
		"hindsight": {func(r *Request) {
			if _, ok := r.DefaultAnswer(); !ok {
				panic("no answer")
			}
			r.Refuse("on second thought")
		}, `["announce","error",1103,"on second thought"]`, netcode.CodeDenied},
		"later": {func(r *Request) {
			items, _ := r.DefaultAnswer()
			r.Answer(items...)
		}, `"Unnamed place"]`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := onStage(t)
			defer s.Close()
			s.script.answer["announce"] = func(r *Request) {
				if !r.IsAnnounce() || r.Agent.DisplayName() != "Ada" || r.Args[1] != 4.0 {
					t.Errorf("%+v", r)
				}
				c.answer(r)
			}
			ada := s.enter()
			if got := ada.announce(); !strings.Contains(got, c.want) || ada.code != c.code {
				t.Errorf("got %s, code %d", got, ada.code)
			}
			if n := len(s.place.order); n != 1 && c.code == 0 || n != 0 && c.code != 0 {
				t.Errorf("%d agents", n)
			}
		})
	}
}

func TestBehaviourHasASayInComponents(t *testing.T) {
	s := onStage(t)
	defer s.Close()
	ada := s.enter()
	ada.announce()
	s.script.check = func(e *world.Entity, owner string, set map[string]any) error {
		door, ok := set["door"].(map[string]any)
		if !ok {
			return nil
		}
		if door["open"] == "half" {
			return errors.New("open must be true or false")
		}
		set["door"] = map[string]any{"open": door["open"], "angle": 1.5}
		return nil
	}
	spawn := `["interaction","request","","place","%d",["spawn_entity",{"door":{"open":%s}}]]`
	if got := ada.says(fmt.Sprintf(spawn, 1, `"half"`)); !strings.Contains(got, "open must be true or false") {
		t.Error(got)
	}
	if got := ada.says(fmt.Sprintf(spawn, 2, `true`)); strings.Contains(got, "error") {
		t.Error(got)
	}
	if !strings.Contains(s.script.take(), "[door transform]") {
		t.Error("not spawned")
	}
	err := s.place.Do(func(t *Turn) error { return t.Change("place", map[string]any{"door": map[string]any{"open": "half"}}) })
	if err == nil {
		t.Error("the host is not asked")
	}
}

func TestBehaviourHasASayInWhereAnimationsBeginAndEnd(t *testing.T) {
	s := onStage(t)
	defer s.Close()
	ada := s.enter()
	ada.announce()
	asked := 0
	s.script.check = func(e *world.Entity, owner string, set map[string]any) error {
		if door, ok := set["door"].(map[string]any); ok && e != nil {
			asked++
			if door["angle"].(float64) > 2 || door["is"] != "oak" {
				return fmt.Errorf("the angle is 2 at most, and it is oak: %v", door)
			}
		}
		return nil
	}
	avatar := s.place.order[0].avatar
	_ = s.place.Do(func(t *Turn) error {
		return t.Change(avatar, map[string]any{"door": map[string]any{"angle": 0, "is": "oak"}, "lamp": map[string]any{"light": 1}})
	})
	add := func(path string, from, to float64) string {
		asked = 0
		return ada.says(fmt.Sprintf(`["interaction","request","%s","place","%d",["add_property_animation",{"path":"%s","from":%v,"to":%v,"start_at":0,"duration":1}]]`,
			avatar, time.Now().UnixNano(), path, from, to))
	}
	for _, c := range []struct {
		path     string
		from, to float64
		asked    int
		want     string
	}{
		{"door.angle", 0, 2, 2, `["add_property_animation","ok",`},
		{"door.angle", 0, 2.5, 2, `["add_property_animation","error","the angle is 2 at most`},
		{"door.angle", 3, 0, 1, `["add_property_animation","error","the angle is 2 at most`},
		{"door.handle", 3, 0, 0, `["add_property_animation","ok",`},
		{"lamp.light", 3, 0, 0, `["add_property_animation","ok",`},
	} {
		if got := add(c.path, c.from, c.to); !strings.Contains(got, c.want) || asked != c.asked {
			t.Errorf("%s from %v to %v: asked %d times, %s", c.path, c.from, c.to, asked, got)
		}
	}
	_ = s.place.Do(func(turn *Turn) error {
		if _, err := turn.Animate(avatar, map[string]any{"path": "door.angle", "from": 0.0, "to": 9.0, "start_at": 0.0, "duration": 1.0}); err == nil {
			t.Error("the host is not asked")
		}
		return turn.Change(avatar, map[string]any{"door": map[string]any{"angle": 0, "is": "oak", "grain": strings.Repeat("-", checkedBytes)}})
	})
	if got := add("door.angle", 0, 1); !strings.Contains(got, `"error","door has 41`) || asked != 0 {
		t.Errorf("a large one: asked %d times, %s", asked, got)
	}
}

func TestHostAsksAgents(t *testing.T) {
	s := onStage(t)
	defer s.Close()
	ada := s.enter()
	ada.announce()
	avatar := s.place.order[0].avatar
	var got string
	ask := func(to string) (q *Asking) {
		_ = s.place.Do(func(t *Turn) error {
			q = t.Ask(PlaceID, to, []any{"wave", true}, func(answer []any, err error) { got = fmt.Sprint(answer, err) })
			return nil
		})
		return q
	}
	answer := `["interaction","response","` + avatar + `","place","%s",["wave","ok",3]]`

	ada.heard = nil
	ask(avatar)
	s.want(strings.Join(ada.heard, ""), `["interaction","request","place","`+avatar+`","place1",["wave",true]]`)
	ada.says(fmt.Sprintf(answer, "place1"))
	s.want(got, "[ok 3] <nil>")

	ask(avatar).Cancel()
	got = ""
	ada.says(fmt.Sprintf(answer, "place2"))
	s.want(got, "")
	if n := s.place.order[0].session.violations.Spent(1, time.Time{}); n != 0 {
		t.Errorf("a late answer is a violation: %g", n)
	}
	ada.says(fmt.Sprintf(answer, "place77"))
	if n := s.place.order[0].session.violations.Spent(1, time.Time{}); n != 1 {
		t.Errorf("an answer to nothing: %g violations", n)
	}

	s.script.answer["wave"] = func(r *Request) { r.OK(r.Agent.ID, r.From, r.Args) }
	ask(PlaceID)
	s.want(got, "[ok place place [true]] <nil>")
	ask("nobody")
	s.want(got, `[] there is no entity "nobody"`)

	ask(avatar)
	ada.peer.Close(netcode.CodeClientLeft)
	s.Settle()
	s.want(got, "[] the entity is gone")
}

func TestTheHostHearsOfWhatIsAbandonedInTheOrderItAsked(t *testing.T) {
	s := onStage(t)
	defer s.Close()
	ada := s.enter()
	ada.announce()
	var got []int
	_ = s.place.Do(func(t *Turn) error {
		var last *Asking
		for n := range 20 {
			last = t.Ask(PlaceID, s.place.order[0].avatar, []any{"wave"}, func([]any, error) {
				got = append(got, n)
				last.Cancel()
			})
		}
		return nil
	})
	ada.peer.Close(netcode.CodeClientLeft)
	s.Settle()
	s.want(fmt.Sprint(got), "[0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18]")
}

func TestTurnMovesAndAnimates(t *testing.T) {
	s := onStage(t)
	defer s.Close()
	_ = s.place.Do(func(turn *Turn) error {
		id, err := turn.Spawn("", map[string]any{"transform": map[string]any{"size": 2}})
		if err != nil {
			t.Fatal(err)
		}
		at := netcode.Identity
		at[12] = 3
		if err := turn.Move(id, at); err != nil {
			t.Fatal(err)
		}
		if c, _ := turn.Component(id, "transform"); c["size"] != 2.0 || turn.World().Entity(id).Local()[12] != 3 {
			t.Error(c)
		}
		a, err := turn.Animate(id, map[string]any{"path": "transform.matrix.translation.x", "from": 3.0, "to": 5.0, "start_at": 0.0, "duration": 1.0})
		if err != nil || !turn.StopAnimation(id, a) || turn.StopAnimation(id, a) {
			t.Error(a, err)
		}
		if _, err := turn.Animate(id, map[string]any{"path": 1}); err == nil {
			t.Error("animated nonsense")
		}
		return nil
	})
}
