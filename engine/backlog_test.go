package engine

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/pipe"
)

// deafen has a peer acknowledge nothing, as a process does that is stopped, or again.
func (p *peer) deafen(deaf bool) {
	cfg := pipe.Config{Delay: time.Millisecond}
	if deaf {
		cfg.Loss = 1
	}
	p.transport.SetConfig(cfg)
}

// floods are how one agent sends another much, 900,000 bytes at a time.
var floods = map[string]struct {
	prepare func(flooder, victim *peer)
	send    func(flooder, victim *peer, pad string)
	refused string // how often requests must have been
}{
	"one-way": {nil, func(f, v *peer, pad string) {
		f.send(netcode.CommandChannel, true, interaction("oneway", "", v.avatar, "", pad))
	}, ""},
	"requests": {nil, func(f, v *peer, pad string) {
		f.send(netcode.CommandChannel, true, interaction("request", "", v.avatar, f.newID(), pad))
	}, "too much waits to be sent to the recipient"},
	"publications": {func(_, v *peer) { v.command(asked("sub", `["subscribe","[\"flood\" | _]"]`)) }, func(f, _ *peer, pad string) {
		f.send(netcode.CommandChannel, true, interaction("publication", "", "", "", pad))
	}, ""},
}

func TestFloodCostsTheVictimNoConnection(t *testing.T) {
	pad := `["flood","` + strings.Repeat("x", 900_000) + `"]`
	for name, flood := range floods {
		for _, version := range []int{1, 4} {
			t.Run(name, func(t *testing.T) {
				inPlace(t, Config{Limits: Limits{CommandByteRate: 1 << 30, RelayByteRate: 1 << 30, TurnTime: time.Hour}}, func(r *rig) {
					victim, flooder, bystander := r.join(version, `{}`), r.join(4, `{}`), r.join(4, `{}`)
					if flood.prepare != nil {
						flood.prepare(flooder, victim)
					}
					victim.wait()
					victim.interactions()
					victim.deafen(true)
					for range 40 {
						flood.send(flooder, victim, pad)
						time.Sleep(20 * time.Millisecond)
					}
					stats, ok := r.place.transport.Stats(victim.session().conn)
					if !ok || stats.Queued > 2<<20 {
						t.Errorf("%d bytes wait for it (connected: %v)", stats.Queued, ok)
					}
					refused := 0
					for _, i := range flooder.interactions() {
						if strings.Contains(string(i.Body), flood.refused) {
							refused++
						}
					}
					if flood.refused != "" && refused < 38 {
						t.Errorf("%d of 40 refused", refused)
					}
					bystander.command(interaction("request", "", victim.avatar, "q", `["hello"]`))
					victim.deafen(false)
					time.Sleep(5 * time.Second)
					hello := 0
					for _, i := range victim.interactions() {
						if string(i.Body) == `["hello"]` {
							hello++
						}
					}
					if hello != 1 {
						t.Errorf("the bystander's request came %d times", hello)
					}
					if code, gone := victim.disconnected(); gone {
						t.Errorf("the victim was sent away with %d", code)
					}
					if _, gone := flooder.disconnected(); gone {
						t.Error("the flooder was sent away")
					}
					if line := r.logs.find("limit=send_queue_bytes"); line == "" {
						t.Error("the log says nothing")
					}
				})
			})
		}
	}
}

// session is the place's side of a peer that has joined.
func (p *peer) session() (s *session) {
	_ = p.place.Do(func(*Turn) error {
		s = p.place.owner(p.avatar).session
		return nil
	})
	return s
}

func TestStoppedAgentLeavesByItsSilenceAlone(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		victim, other := r.join(4, `{}`), r.join(4, `{}`)
		victim.deafen(true)
		pad := `["hi","` + strings.Repeat("x", 20_000) + `"]`
		for began := time.Now(); time.Since(began) < 9*time.Second; time.Sleep(50 * time.Millisecond) {
			other.send(netcode.CommandChannel, true, interaction("oneway", "", victim.avatar, "", pad))
		}
		if stats, ok := r.place.transport.Stats(victim.session().conn); !ok || stats.Queued > 2<<20 {
			t.Fatalf("after 9 s %d bytes wait for it (connected: %v)", stats.Queued, ok)
		}
		time.Sleep(3 * time.Second)
		if line := r.logs.find("msg=left"); !strings.Contains(line, "code=1000") {
			t.Errorf("it left as %q", line)
		}
	})
}

func TestFloodedAgentsResponseIsGivenInstead(t *testing.T) {
	inPlace(t, Config{Limits: Limits{CommandByteRate: 1 << 30, SendQueueBytes: 1 << 20}}, func(r *rig) {
		asker, answerer := r.join(4, `{}`), r.join(4, `{}`)
		for _, id := range []string{"a", "b", "c"} {
			asker.command(interaction("request", "", answerer.avatar, id, `["q"]`))
		}
		asker.deafen(true)
		pad := `["q","` + strings.Repeat("x", 400_000) + `"]`
		for _, id := range []string{"a", "b", "c"} {
			answerer.command(interaction("response", "", asker.avatar, id, pad))
		}
		asker.deafen(false)
		time.Sleep(5 * time.Second)
		got := map[string]string{}
		for _, i := range asker.interactions() {
			got[i.RequestID] = i.From
		}
		if got["a"] != answerer.avatar || got["b"] != PlaceID || got["c"] != PlaceID {
			t.Errorf("answered by %v", got)
		}
	})
}

func TestCommandsWaitForAgentThatTakesNoAnswers(t *testing.T) {
	inPlace(t, Config{Limits: Limits{SendQueueBytes: 100_000, TurnTime: time.Hour}}, func(r *rig) {
		_ = r.place.Handle("much", func(q *Request) { q.OK(strings.Repeat("x", 20_000)) })
		p, other := r.join(4, `{}`), r.join(4, `{}`)
		for range 100 {
			p.send(netcode.CommandChannel, true, asked(p.newID(), `["much"]`))
		}
		p.deafen(true) // to what is sent from now on
		time.Sleep(5 * time.Second)
		if stats, ok := r.place.transport.Stats(p.session().conn); !ok || stats.Queued > 100_000 {
			t.Errorf("%d bytes wait for it (connected: %v)", stats.Queued, ok)
		}
		other.command(asked("o", `["poke"]`))
		if got := other.answer("o"); got[1] != "ok" {
			t.Errorf("the other one's was answered %v", got)
		}
		p.deafen(false)
		time.Sleep(30 * time.Second)
		if n := len(p.interactions()); n != 100 {
			t.Errorf("%d answers came of 100", n)
		}
	})
}

func TestHostIsToldThatAnAgentTakesNothing(t *testing.T) {
	inPlace(t, Config{Limits: Limits{SendQueueBytes: 100_000}}, func(r *rig) {
		victim := r.join(4, `{}`)
		victim.command(asked("sub", `["subscribe","[\"news\" | _]"]`))
		victim.deafen(true)
		pad := strings.Repeat("x", 30_000)
		_ = r.place.Do(func(turn *Turn) error {
			var sent, published error
			for range 5 {
				sent = errors.Join(sent, turn.Send(PlaceID, victim.avatar, "news", pad))
				published = errors.Join(published, turn.Publish(PlaceID, "news", pad))
			}
			if !errors.Is(sent, ErrQueueFull) || !errors.Is(published, ErrQueueFull) {
				t.Errorf("sent: %v, published: %v", sent, published)
			}
			var answered error
			turn.Ask(PlaceID, victim.avatar, []any{"q", pad}, func(_ []any, err error) { answered = err })
			if !errors.Is(answered, ErrQueueFull) {
				t.Errorf("asked: %v", answered)
			}
			return nil
		})
	})
}

func TestRelayedBytesCountForEachThatHears(t *testing.T) {
	inPlace(t, Config{Limits: Limits{RelayByteRate: 10_000, Burst: time.Second}}, func(r *rig) {
		says := r.join(4, `{}`)
		var hear []*peer
		for range 4 {
			p := r.join(4, `{}`)
			p.command(asked(p.newID(), `["subscribe","[\"news\" | _]"]`))
			hear = append(hear, p)
		}
		time.Sleep(5 * time.Second)
		for _, p := range hear {
			p.interactions()
		}
		for range 4 {
			says.send(netcode.CommandChannel, true, interaction("publication", "", "", "", `["news","`+strings.Repeat("x", 1000)+`"]`))
		}
		says.wait()
		for _, p := range hear {
			if n := len(p.interactions()); n != 2 {
				t.Errorf("%d came, want 2 of the 10,000 bytes", n)
			}
		}
	})
}

// TestFloodOfVersion0IsRefused has agents of version 0 flood one that takes nothing, in
// envelopes, and be flooded.
func TestFloodOfVersion0IsRefused(t *testing.T) {
	envelope := func(to, cmd string) string {
		return fmt.Sprintf(`{"cmd":"interact","interact":{"from_entity":"","to_entity":%q,"cmd":%q}}`, to, cmd)
	}
	dial := func(r *rig) *peer {
		zero := r.dial()
		zero.command(envelope("place", `["announce","version",0,"identity",{"display_name":"zero"},"spawn_avatar",{}]`))
		zero.avatar = zero.interactions()[0].To
		return zero
	}
	pad := `["flood","` + strings.Repeat("x", 30_000) + `"]`
	for name, flood := range map[string]func(*rig) (victim *peer, send func()){
		"by it": func(r *rig) (*peer, func()) {
			zero, victim := dial(r), r.join(4, `{}`)
			return victim, func() { zero.send(netcode.CommandChannel, true, envelope(victim.avatar, pad)) }
		},
		"of it": func(r *rig) (*peer, func()) {
			zero, flooder := dial(r), r.join(4, `{}`)
			return zero, func() {
				flooder.send(netcode.CommandChannel, true, interaction("oneway", "", zero.avatar, "", pad))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, Config{Limits: Limits{SendQueueBytes: 100_000}}, func(r *rig) {
				victim, send := flood(r)
				victim.wait()
				victim.interactions()
				victim.deafen(true)
				for range 10 {
					send()
					time.Sleep(20 * time.Millisecond)
				}
				if stats, ok := r.place.transport.Stats(victim.session().conn); !ok || stats.Queued > 100_000 || stats.Queued < 30_000 {
					t.Errorf("%d bytes wait for it (connected: %v)", stats.Queued, ok)
				}
				victim.deafen(false)
				time.Sleep(5 * time.Second)
				if n := len(victim.interactions()); n != 2 {
					t.Errorf("%d came of 10, want the 2 of half a queue", n)
				}
			})
		})
	}
}

// TestQueueOfResumedAgentStartsEmpty has an agent that was flooded come back over another
// connection.
func TestQueueOfResumedAgentStartsEmpty(t *testing.T) {
	inPlace(t, Config{Linger: time.Minute, Limits: Limits{SendQueueBytes: 100_000}}, func(r *rig) {
		victim, other := r.joinAs("ann", ""), r.join(4, `{}`)
		victim.deafen(true)
		pad := `["flood","` + strings.Repeat("x", 30_000) + `"]`
		flood := func() {
			for range 10 {
				other.send(netcode.CommandChannel, true, interaction("oneway", "", victim.avatar, "", pad))
				time.Sleep(20 * time.Millisecond)
			}
		}
		flood()
		q := r.place.backlogs
		waits := func(b *backlog) (bytes, total int) {
			q.mu.Lock()
			defer q.mu.Unlock()
			return b.bytes, q.total
		}
		lost := victim.session().backlog
		if bytes, _ := waits(lost); bytes < 30_000 {
			t.Fatalf("%d bytes wait for it", bytes)
		}
		time.Sleep(15 * time.Second) // it is lost
		flood()
		if bytes, total := waits(lost); bytes != 0 || total != 0 {
			t.Errorf("%d bytes wait for it, %d for all", bytes, total)
		}
		back := r.joinAs("ann", victim.avatar)
		if back.avatar != victim.avatar {
			t.Fatalf("%q came back as %q", victim.avatar, back.avatar)
		}
		queue := back.session().backlog
		if bytes, _ := waits(queue); queue == lost || bytes > 1000 {
			t.Errorf("%d bytes wait for it (the same queue: %v)", bytes, queue == lost)
		}
		back.interactions()
		other.send(netcode.CommandChannel, true, interaction("oneway", "", back.avatar, "", pad))
		time.Sleep(5 * time.Second)
		if n := len(back.interactions()); n != 1 {
			t.Errorf("%d came, want 1", n)
		}
	})
}

func TestBacklogsOfAllAreBounded(t *testing.T) {
	queued := map[netcode.Conn]int{}
	q := newBacklogs(&Limits{SendQueueBytes: 1000, PlaceSendQueueBytes: 2000}, func(c netcode.Conn) (netcode.Stats, bool) {
		return netcode.Stats{Queued: queued[c]}, true
	})
	var all []*backlog
	for c := range netcode.Conn(10) {
		b := &backlog{conn: c + 1}
		all = append(all, b)
		if _, ok := q.room(b, "flooder", 300); ok {
			queued[b.conn] += 300 + sendCost
			q.add(b, "flooder", 300)
		}
	}
	if q.total > 2000 || len(q.waiting) != 5 {
		t.Errorf("%d bytes wait for %d", q.total, len(q.waiting))
	}
	fresh := &backlog{conn: 99}
	if _, ok := q.room(fresh, "bystander", 100); !ok {
		t.Error("what is for one that nothing waits for is refused")
	}
	clear(queued) // all acknowledged
	q.counted = time.Time{}
	if hit, ok := q.room(all[9], "flooder", 300); !ok {
		t.Errorf("refused afterwards: %v", limitTexts[hit].name)
	}
	if q.total != 0 || len(q.waiting) != 0 {
		t.Errorf("%d bytes wait for %d in the end", q.total, len(q.waiting))
	}
}
