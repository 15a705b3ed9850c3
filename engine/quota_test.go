package engine

import (
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

// TestWhoAsksTooMuchIsToldWhatAndWhenToTryAgain hits each of the rates.
func TestWhoAsksTooMuchIsToldWhatAndWhenToTryAgain(t *testing.T) {
	for name, c := range map[string]struct {
		limits Limits
		ask    string // of which four are granted, and the fifth is not
		what   string
	}{
		"interactions":  {Limits{InteractionRate: 2}, `["list_agents"]`, "too many interactions: at most 2 a second; try again in 0.5 s"},
		"entities":      {Limits{SpawnRate: 4}, `["spawn_entity",{"children":[{}]}]`, "too many entities: at most 4 a second; try again in 0.5 s"},
		"bytes":         {Limits{ComponentByteRate: 200}, `["spawn_entity",{"x":{"y":"%020d"}}]`, "too many bytes of components: at most 200 a second; try again in "},
		"subscriptions": {Limits{PatternRate: 2}, `["subscribe","[\"news\"]"]`, "too many subscriptions or rules: at most 2 a second; try again in 0.5 s"},
	} {
		t.Run(name, func(t *testing.T) {
			c.limits.Burst = 2 * time.Second
			inPlace(t, Config{Limits: c.limits}, func(r *rig) {
				p := r.join(4, `{}`)
				time.Sleep(10 * time.Second)
				body := strings.Replace(c.ask, "%020d", strings.Repeat("z", 25), 1)
				for i := range 5 {
					p.send(netcode.CommandChannel, true, asked(fmt.Sprint(i), body))
				}
				p.wait()
				all := p.interactions()
				if len(all) != 5 {
					t.Fatalf("%d answers", len(all))
				}
				for i, answer := range all {
					if said := strings.Contains(string(answer.Body), c.what); said != (i == 4) {
						t.Errorf("answer %d is %s", i, answer.Body)
					}
				}
				time.Sleep(time.Second)
				p.command(asked("later", body))
				if got := p.answer("later"); got[1] == "error" {
					t.Errorf("later: %v", got)
				}
				if _, gone := p.disconnected(); gone {
					t.Error("disconnected")
				}
			})
		})
	}
}

func TestPublicationsBeyondTheirRateAreDroppedAndCounted(t *testing.T) {
	inPlace(t, Config{Limits: Limits{PublicationRate: 2, Burst: 2 * time.Second}}, func(r *rig) {
		hears, says := r.join(4, `{}`), r.join(4, `{}`)
		hears.compare(`["subscribe","[\"news\" | _]"]`, `["subscribe","sub1"]`)
		hears.interactions()
		for range 30 {
			says.send(netcode.CommandChannel, true, interaction("publication", "", "", "", `["news"]`))
		}
		hears.wait()
		if got := len(hears.interactions()); got != 4 {
			t.Errorf("%d heard, want 4", got)
		}
		if line := r.logs.find("an agent is over a limit"); !strings.Contains(line, "too many publications") {
			t.Errorf("the log says %q", line)
		}
		if _, gone := says.disconnected(); gone {
			t.Error("disconnected")
		}
	})
}

func TestAnAppThatSpawnsHundredsWhenItStartsIsNotHeldUp(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p := r.join(4, `{}`)
		for i := range 900 {
			p.send(netcode.CommandChannel, true, asked(fmt.Sprint(i), `["spawn_entity",{"text":{"string":"a letter"}}]`))
		}
		time.Sleep(100 * time.Millisecond)
		for _, i := range p.interactions() {
			if strings.Contains(string(i.Body), "error") {
				t.Fatalf("answered %s", i.Body)
			}
		}
		if got := len(r.entities()); got != 902 {
			t.Errorf("%d entities", got)
		}
	})
}

func TestWhoTakesTheTurnForLongWaitsAndNobodyElse(t *testing.T) {
	inPlace(t, Config{Limits: Limits{TurnTime: 100 * time.Millisecond}}, func(r *rig) {
		slow, other := r.join(4, `{}`), r.join(4, `{}`)
		if err := r.place.Handle("dig", func(r *Request) {
			time.Sleep(30 * time.Millisecond)
			r.OK()
		}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for i := range 10 {
			slow.send(netcode.CommandChannel, true, asked(fmt.Sprint(i), `["dig"]`))
		}
		answers := 0
		for n := 0; answers < 10; n++ {
			time.Sleep(40 * time.Millisecond)
			answers += len(slow.interactions())
			id := fmt.Sprint("other ", n)
			other.send(netcode.CommandChannel, true, asked(id, `["poke"]`))
			time.Sleep(40 * time.Millisecond)
			if got := other.raw(id); got != `["poke","ok"]` {
				t.Fatalf("another is answered %s", got)
			}
		}
		if took := time.Since(began); took < 2400*time.Millisecond || took > 3200*time.Millisecond {
			t.Errorf("300 ms of the turn were had in %v, of which a tenth is for each", took)
		}
		for i := range 10 {
			slow.send(netcode.CommandChannel, true, asked(fmt.Sprint("more ", i), `["dig"]`))
		}
		slow.close()
		time.Sleep(500 * time.Millisecond)
		if n := len(r.entities()); n != 2 {
			t.Errorf("%d entities are there when it has left, want 2", n)
		}
	})
}

func TestComingBackFillsHalfAQuotaAtMost(t *testing.T) {
	limits := Limits{InteractionRate: 2, Burst: 10 * time.Second}
	inPlace(t, Config{Limits: limits}, func(r *rig) {
		p := r.join(4, `{}`)
		pokes := func(p *peer) (done int) {
			for range 30 {
				id := p.newID()
				p.command(asked(id, `["poke"]`))
				if p.raw(id) != `["poke","ok"]` {
					return done
				}
				done++
			}
			return done
		}
		if n := pokes(p); n != 19 { // and the announce
			t.Errorf("%d interactions at once, want 19", n)
		}
		for range 3 {
			p.again()
			if n := pokes(p); n != 9 {
				t.Errorf("%d interactions after coming back, want 9", n)
			}
		}
		p.again()
		time.Sleep(limits.Burst)
		if n := pokes(p); n != 20 {
			t.Errorf("%d interactions later, want 20", n)
		}
		other := r.join(4, `{}`)
		if n := pokes(other); n != 19 {
			t.Errorf("%d interactions from another address, want 19", n)
		}
	})
}

func TestAVerifiedAgentComesBackWithItsWholeUsage(t *testing.T) {
	limits := Limits{InteractionRate: 2, Burst: 10 * time.Second}
	inPlace(t, Config{Limits: limits}, func(r *rig) {
		for round, want := range []int{18, 0, 0} { // without the announce and the proof
			ann := r.travels(client.Config{Key: keyOf("ann")}) // each time from another address
			done := 0
			for range 30 {
				if _, err := ann.Request(r.Context(), PlaceID, "poke"); err == nil {
					done++
				}
			}
			if done > want || want > 0 && done < want-2 {
				t.Errorf("round %d: %d interactions, want %d", round, done, want)
			}
			ann.Close()
			time.Sleep(5 * time.Millisecond)
		}
	})
}

func TestUsageIsForgottenWhenItHasDecayed(t *testing.T) {
	var limits Limits
	limits.setDefaults()
	u, now := newUsage(&limits), time.Now()
	for i := range 1000 {
		now = now.Add(10 * time.Millisecond)
		from := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		q, _ := u.begin(from, now)
		q.settle(0.1, now) // which takes a second to come back
		u.end(from, q, now)
	}
	if n := len(u.byAddr); n > 700 {
		t.Errorf("the usage of %d addresses is known, of which 100 came in the last second and 500 since it was swept", n)
	}
}

func TestWhatWaitsForAProofIsPaidFor(t *testing.T) {
	inPlace(t, Config{Limits: Limits{InteractionRate: 2, Burst: 2 * time.Second}}, func(r *rig) {
		p := r.dial()
		body := claim("ann", "")
		c := p.challenged(body)
		for i := range 50 {
			p.send(netcode.CommandChannel, true, asked(fmt.Sprint("h", i), `["poke"]`))
		}
		p.wait()
		p.prove(c, body, "ann")
		p.wait()
		ok, much := 0, 0
		for _, i := range p.interactions() {
			switch {
			case strings.HasPrefix(i.RequestID, "h") && string(i.Body) == `["poke","ok"]`:
				ok++
			case strings.Contains(string(i.Body), "too many"):
				much++
			}
		}
		if ok != 3 || much != 47 { // the announce is the fourth
			t.Errorf("%d of 50 were done and %d too many, want 3", ok, much)
		}
	})
}

func TestLeavingWhileMuchWaitsAndComingAnewGivesNoMoreOfTheTurn(t *testing.T) {
	inPlace(t, Config{Limits: Limits{InteractionRate: 20, Burst: time.Second, TurnTime: 100 * time.Millisecond}}, func(r *rig) {
		var done atomic.Int64
		if err := r.place.Handle("dig", func(r *Request) {
			done.Add(1)
			time.Sleep(30 * time.Millisecond)
			r.OK()
		}); err != nil {
			t.Fatal(err)
		}
		p := r.join(4, `{}`)
		began := time.Now()
		for round := range 5 {
			for i := range 20 {
				p.send(netcode.CommandChannel, true, asked(fmt.Sprint(round, "-", i), `["dig"]`))
			}
			p.transport.Disconnect(p.conn, netcode.CodeClientLeft)
			time.Sleep(5 * time.Millisecond)
			conn, err := p.transport.Dial(p.addr, 6)
			if err != nil {
				t.Fatal(err)
			}
			p.conn = conn
			time.Sleep(5 * time.Millisecond)
			p.take(netcode.CommandChannel)
			p.send(netcode.CommandChannel, true, `["interaction","request","","place","ann",["announce","version",4,"identity",{"display_name":"peer"},"spawn_avatar",{}]]`)
			time.Sleep(300 * time.Millisecond)
		}
		time.Sleep(time.Second)
		took := time.Since(began)
		if had := time.Duration(done.Load()) * 30 * time.Millisecond; had > took/10+100*time.Millisecond || had < 150*time.Millisecond {
			t.Errorf("%v of the turn were had in %v, of which a tenth is for each", had, took)
		}
	})
}
