package engine

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
)

func TestLimitsAreSetByName(t *testing.T) {
	for name, c := range map[string]struct {
		limit, text string
		is          func(l *Limits) bool
		err         string
	}{
		"a number":      {"interaction-rate", "500", func(l *Limits) bool { return l.InteractionRate == 500 }, ""},
		"bytes":         {"entity-bytes", "2MiB", func(l *Limits) bool { return l.EntityBytes == 2<<20 }, ""},
		"a time":        {"turn-time", "200ms", func(l *Limits) bool { return l.TurnTime == 200*time.Millisecond }, ""},
		"a fraction":    {"inherited-usage", "0.25", func(l *Limits) bool { return l.InheritedUsage == 0.25 }, ""},
		"an initialism": {"request-ids", "9", func(l *Limits) bool { return l.RequestIDs == 9 }, ""},
		"nothing":       {"burst", "0s", nil, "want a time greater than 0"},
		"below nothing": {"rules", "-1", nil, "want a whole number greater than 0"},
		"no number":     {"rules", "many", nil, `limit rules is "many"`},
		"too large":     {"inherited-usage", "2", nil, "up to 1"},
		"none":          {"speed", "1", nil, "there are announce-timeout, command-bytes,"},
	} {
		t.Run(name, func(t *testing.T) {
			var l Limits
			err := l.Set(c.limit, c.text)
			switch {
			case c.err == "" && (err != nil || !c.is(&l)):
				t.Errorf("%v: %+v", err, l)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("error %v, want %q", err, c.err)
			}
		})
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

func TestNoLimitIsNegative(t *testing.T) {
	for want, limits := range map[string]Limits{
		"engine: Limits.Entities is -1, want 0 for the default, or more":         {Entities: -1},
		"engine: Limits.TurnTime is -1s, want 0 for the default, or more":        {TurnTime: -time.Second},
		"engine: Limits.InheritedUsage is -0.5, want 0 for the default, up to 1": {InheritedUsage: -0.5},
		"engine: Limits.InheritedUsage is NaN, want 0 for the default, up to 1":  {InheritedUsage: math.NaN()},
	} {
		if _, err := New(Config{Limits: limits}); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
