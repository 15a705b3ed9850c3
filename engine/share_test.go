package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
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
		"subscriptions": {Limits{PatternRate: 2}, `["subscribe","[\"news\"]"]`, "too many subscriptions: at most 2 a second; try again in 0.5 s"},
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
		if line := r.logs.find("dropping what an agent sends"); !strings.Contains(line, "too many publications") {
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
