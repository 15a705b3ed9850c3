package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/direct"
	"github.com/loci-place/loci/netcode/pipe"
)

func (s *Stats) interactions(verb, outcome string) uint64 {
	for _, c := range s.Interactions {
		if c.Verb == verb && c.Outcome == outcome {
			return c.Count
		}
	}
	return 0
}

func (s *Stats) traffic(sent bool, kind, version string) Traffic {
	for _, t := range s.Traffic {
		if t.Sent == sent && t.Kind == kind && t.Version == version {
			return t
		}
	}
	return Traffic{}
}

func TestInteractionsAreCountedByVerbAndByWhatBecameOfThem(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		a, b := r.join(4, "{}"), r.join(3, "{}")
		for i, body := range []string{
			`["list_agents"]`, `["spawn_entity"]`, `["change_acl","add",[]]`, `["made_up_by_an_agent"]`, `["another"]`,
		} {
			a.command(fmt.Sprintf(`["interaction","request",%q,"place","r%d",%s]`, a.avatar, i, body))
		}
		a.command(fmt.Sprintf(`["interaction","request",%q,%q,"r9",["poke",true]]`, a.avatar, b.avatar))
		a.command(fmt.Sprintf(`["interaction","oneway",%q,"place","",["poke",true]]`, a.avatar))
		a.command(fmt.Sprintf(`["interaction","oneway",%q,%q,"",["poke",true]]`, b.avatar, a.avatar)) // forged
		a.command(`["interaction"`)
		s := r.place.Stats()
		for _, c := range []struct {
			verb, outcome string
			want          uint64
		}{
			{"announce", "ok", 2}, {"list_agents", "ok", 1}, {"spawn_entity", "error", 1}, {"change_acl", "denied", 1},
			{"other", "error", 2}, {"poke", "carried", 2}, {"poke", "rejected", 1}, {"other", "unreadable", 1},
			{"made_up_by_an_agent", "error", 0},
		} {
			if got := s.interactions(c.verb, c.outcome); got != c.want {
				t.Errorf("%s %s: %d, want %d", c.verb, c.outcome, got, c.want)
			}
		}
		for _, d := range s.Decisions {
			if d.Verdict == "deny" && d.Because == "rule" && d.Count != 1 || d.Verdict == "allow" && d.Because == "default" && d.Count == 0 {
				t.Errorf("%+v", d)
			}
		}
	})
}

func TestARefusedAnnounceIsAnError(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		r.dial().command(`["interaction","request","","place","a",["announce","version",99,"identity",{},"spawn_avatar",{}]]`)
		s := r.place.Stats()
		if s.interactions("announce", "error") != 1 || s.interactions("announce", "ok") != 0 || s.Joined != 0 {
			t.Errorf("%+v, %d joined", s.Interactions, s.Joined)
		}
	})
}

func TestTrafficIsCountedByKindAndVersion(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		a := r.join(4, "{}")
		a.follow(4, time.Second)
		a.send(5, false, `{"client_time":1}`)
		a.wait()
		s := r.place.Stats()
		for _, c := range []struct {
			sent          bool
			kind, version string
			packets       uint64
		}{
			{true, "state", "4", 18}, {false, "state", "4", 18}, {true, "command", "4", 1}, {false, "command", "none", 1},
			{false, "clock", "4", 1}, {true, "clock", "4", 1},
		} {
			if got := s.traffic(c.sent, c.kind, c.version); got.Packets < c.packets || got.Bytes < got.Packets {
				t.Errorf("sent %t, %s of version %s: %+v, want %d packets", c.sent, c.kind, c.version, got, c.packets)
			}
		}
		if got := s.traffic(true, "state", "3"); got.Packets != 0 {
			t.Errorf("version 3: %+v", got)
		}
	})
}

func TestStatesFromScratchAreToldApartFromChanges(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		r.join(4, "{}") // which acknowledges nothing
		r.join(4, "{}").follow(4, 5*time.Second)
		s := r.place.Stats()
		got := map[string]uint64{}
		for _, c := range s.States {
			got[c.Style] = c.Count
		}
		if got["first"] != 2 || got["again"] < 3 || got["again"] > 6 || got["change"] < 80 {
			t.Errorf("%v", got)
		}
		if s.Agents[0].Sets < 4 || s.Agents[1].Sets != 1 {
			t.Errorf("the agents were sent %d and %d sets", s.Agents[0].Sets, s.Agents[1].Sets)
		}
	})
}

func TestHeartbeatsAreTimedByPhase(t *testing.T) {
	inPlace(t, Config{Behaviour: slowBehaviour{}}, func(r *rig) {
		time.Sleep(1025 * time.Millisecond) // between two
		s := r.place.Stats()
		n := s.Beats.Total()
		if n < 18 || s.Late.Total() != n {
			t.Errorf("%d heartbeats, %d of known lateness", n, s.Late.Total())
		}
		for _, p := range s.Phases {
			if p.Total() != n {
				t.Errorf("%s was timed %d times of %d", p.Name, p.Total(), n)
			}
			if slow := p.Name == "scripts"; slow != (p.Sum > 0.1) {
				t.Errorf("%s took %v s", p.Name, p.Sum)
			}
		}
	})
}

// slowBehaviour takes 10 ms a heartbeat.
type slowBehaviour struct{ nothing }

func (slowBehaviour) Beat(*Turn, float64) { time.Sleep(10 * time.Millisecond) }

func TestHealthTellsWithoutWaitingThatThePlaceHangs(t *testing.T) {
	hang := make(hangingBehaviour, 1)
	inPlace(t, Config{Behaviour: hang}, func(r *rig) {
		time.Sleep(time.Second)
		if h := r.place.Health(); !h.Open || h.Late > 0 {
			t.Errorf("%+v", h)
		}
		hang <- 3 * time.Second
		time.Sleep(2 * time.Second)
		if h := r.place.Health(); !h.Open || h.Late < 1800*time.Millisecond || h.Late > 2*time.Second {
			t.Errorf("%+v", h)
		}
		time.Sleep(2 * time.Second)
		if h := r.place.Health(); h.Late > 0 {
			t.Errorf("afterwards: %+v", h)
		}
		_ = r.place.Close()
		if h := r.place.Health(); h.Open {
			t.Error("closed and open")
		}
	})
}

// hangingBehaviour keeps the place's turn for as long as it is told.
type hangingBehaviour chan time.Duration

func (hangingBehaviour) Open(*Turn) error { return nil }
func (hangingBehaviour) Settle(*Turn)     {}
func (hangingBehaviour) Close(*Turn)      {}

func (h hangingBehaviour) Beat(*Turn, float64) {
	select {
	case d := <-h:
		time.Sleep(d)
	default:
	}
}

func TestAPlaceThatIsNotServedIsNotOpen(t *testing.T) {
	place, err := New(Config{Transports: []netcode.Transport{direct.New()}})
	if err != nil {
		t.Fatal(err)
	}
	defer place.Close()
	if h := place.Health(); h.Open {
		t.Errorf("%+v", h)
	}
}

func TestHistogramsCountUpToTheirBoundsAndBeyond(t *testing.T) {
	h := newHistogram()
	for _, d := range []time.Duration{0, 50 * time.Microsecond, 51 * time.Microsecond, time.Hour} {
		h.observe(d)
	}
	if h.Counts[0] != 2 || h.Counts[1] != 1 || h.Counts[len(h.Bounds)] != 1 || h.Total() != 4 {
		t.Errorf("%v", h.Counts)
	}
}

func TestAnAgentThatIsWaitedForIsToldAsAway(t *testing.T) {
	var news comings
	inPlace(t, news.config(), func(r *rig) {
		ann := r.travels(client.Config{Key: keyOf("ann")})
		time.Sleep(time.Second)
		if a := r.place.Stats().Agents[0]; a.Away || a.Sets != 1 || a.Verified == "" || a.Link.RTT == 0 {
			t.Errorf("%+v", a)
		}
		ann.end.SetConfig(pipe.Config{Loss: 1})
		for end := time.Now().Add(15 * time.Second); !r.place.Stats().Agents[0].Away; time.Sleep(500 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("never away")
			}
		}
		if a := r.place.Stats().Agents[0]; a.Sets != 0 || a.Entities != 1 || a.Link.RTT != 0 {
			t.Errorf("%+v", a)
		}
	})
}
