package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
)

// subscribeAll subscribes a peer to many patterns.
func (p *peer) subscribeAll(n int, pattern func(i int) string) {
	p.Helper()
	for i := range n {
		p.send(netcode.CommandChannel, true, asked(p.newID(), fmt.Sprintf(`["subscribe",%q]`, pattern(i))))
		if i%50 == 49 {
			time.Sleep(time.Second)
		}
	}
	time.Sleep(time.Second)
	for _, i := range p.interactions() {
		if strings.Contains(string(i.Body), "error") || strings.Contains(string(i.Body), "failed") {
			p.Fatalf("answered %s", i.Body)
		}
	}
}

func TestCostlySubscriptionsAreTheirOwnersLoss(t *testing.T) {
	large := `{"a":{"l":[` + strings.TrimSuffix(strings.Repeat("0,", 98_000), ",") + `],"x":1}}`
	for name, pattern := range map[string]func(id string) func(i int) string{
		"a list is searched": func(id string) func(i int) string {
			return func(i int) string {
				return fmt.Sprintf(`[_, N | _] when N in component("%s", "a")["l"] and N == %d`, id, i+5)
			}
		},
		"a component is compared": func(id string) func(i int) string {
			return func(i int) string {
				return fmt.Sprintf(`[_ | _] when component("%s", "a") == %d`, id, i)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, Config{Limits: Limits{EntityBytes: 512 << 10}}, func(r *rig) {
				heavy, light, says := r.join(4, `{}`), r.join(4, `{}`), r.join(4, `{}`)
				heavy.subscribeAll(250, pattern(heavy.spawn(large)))
				light.subscribeAll(20, func(i int) string { return fmt.Sprintf(`[_, N | _] when N == %d`, i%2) })
				worst := 0
				for range 50 {
					says.send(netcode.CommandChannel, true, interaction("publication", "", "", "", `["news",1]`))
					says.wait()
					_ = r.place.Do(func(turn *Turn) error {
						steps := 0
						for _, o := range turn.place.news.owners {
							steps += o.steps
						}
						worst = max(worst, steps)
						return nil
					})
					time.Sleep(100 * time.Millisecond)
				}
				if n := len(light.interactions()); n != 50 {
					t.Errorf("the light subscriber heard %d of 50", n)
				}
				if worst > 300_000 {
					t.Errorf("one publication took %d steps", worst)
				}
				if r.logs.find("misses some") == "" {
					t.Error("nobody is told that publications are missed")
				}
				if code, gone := says.disconnected(); gone {
					t.Errorf("the publisher was sent away with %d", code)
				}
			})
		})
	}
}

func TestASubscriptionReadsOneFieldOfALargeComponent(t *testing.T) {
	inPlace(t, Config{Limits: Limits{EntityBytes: 512 << 10}}, func(r *rig) {
		hears, says := r.join(4, `{}`), r.join(4, `{}`)
		id := hears.spawn(`{"a":{"l":[` + strings.TrimSuffix(strings.Repeat("0,", 98_000), ",") + `],"x":1}}`)
		hears.subscribeAll(1, func(int) string { return fmt.Sprintf(`[_ | _] when component("%s", "a")["x"] == 1`, id) })
		for range 100 {
			says.command(interaction("publication", "", "", "", `["news",1]`))
			time.Sleep(50 * time.Millisecond)
		}
		if n := len(hears.interactions()); n != 100 {
			t.Errorf("%d of 100 were heard", n)
		}
		_ = r.place.Do(func(turn *Turn) error {
			for _, o := range turn.place.news.owners {
				if o.steps > 200 {
					t.Errorf("a publication took %d steps", o.steps)
				}
			}
			return nil
		})
	})
}
