package engine

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
)

func TestLimitsAreSetByName(t *testing.T) {
	var l Limits
	if err := l.Set("interaction-rate", "500"); err != nil || l.InteractionRate != 500 {
		t.Errorf("%d, %v", l.InteractionRate, err)
	}
}

func TestEveryLimitThatIsWarnedOfCanBeSet(t *testing.T) {
	for _, l := range limitTexts {
		if !slices.Contains(LimitFlags(), LimitFlag(l.field)) {
			t.Errorf("there is no limit %q", l.field)
		}
	}
}

func TestALimitIsWarnedOfOnceAnAgent(t *testing.T) {
	inPlace(t, Config{Limits: Limits{InteractionRate: 2, Burst: time.Second}}, func(r *rig) {
		for range 2 {
			p := r.join(4, `{}`)
			for range 10 {
				p.command(asked(p.newID(), `["poke"]`))
			}
		}
		r.logs.mu.Lock()
		defer r.logs.mu.Unlock()
		const want = `level=WARN msg="an agent is over a limit"`
		if n := strings.Count(r.logs.text.String(), want); n != 2 {
			t.Errorf("%d warnings, want one for each agent", n)
		}
		if !strings.Contains(r.logs.text.String(), `limit=interactions`) || !strings.Contains(r.logs.text.String(), `--limit interaction-rate=`) {
			t.Error(r.logs.text.String())
		}
	})
}

func TestChangesOfOnesOwnAreNoInteractions(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) { // as a confetti app does
		p := r.join(4, `{"children":[{}]}`)
		for range 6 {
			for range 1020 {
				p.send(netcode.CommandChannel, true, asked(p.newID(), `["change_components","`+p.avatar+`","add_or_change",{"transform":{"matrix":[1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1]}}]`))
			}
			time.Sleep(time.Second)
		}
		for _, i := range p.interactions() {
			if string(i.Body) != `["change_components","ok"]` {
				t.Fatalf("answered %s", i.Body)
			}
		}
	})
}

func TestNegativeLimitIsRefused(t *testing.T) {
	const want = "engine: Limits.Entities is -1, want 0 for the default, or more"
	if _, err := New(Config{Limits: Limits{Entities: -1}}); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
