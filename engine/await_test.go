package engine

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/direct"
)

func TestAnAgentComesBackToAPlaceThatWasStartedAgain(t *testing.T) {
	var was Agent
	var stood []Entity
	inPlace(t, Config{}, func(r *rig) {
		p := r.joinAs("ann", "")
		p.spawn(`{"box":{"open":true},"children":[{}]}`)
		p.allocate(`"audio","opus",{}`)
		_ = r.place.Do(func(t *Turn) error {
			was = t.Agents()[0]
			for _, id := range t.Entities() {
				if e, _ := t.Entity(id); e.Owner == was.ID {
					stood = append(stood, e)
				}
			}
			return nil
		})
	})
	for name, c := range map[string]struct {
		wait  time.Duration
		comes bool
	}{"in time": {19 * time.Second, true}, "too late": {21 * time.Second, false}} {
		t.Run(name, func(t *testing.T) {
			var news comings
			inPlace(t, news.config(), func(r *rig) {
				if err := r.place.Do(func(t *Turn) error { return t.Await(was, stood) }); err != nil {
					t.Fatal(err)
				}
				if got := len(r.entities()); got != len(stood)+1 || r.component(was.Avatar, "live_media") != "" {
					t.Errorf("%d entities stand there, %d stood", got, len(stood))
				}
				time.Sleep(c.wait)
				p := r.joinAs("ann", was.Avatar)
				synctest.Wait()
				if (p.avatar == was.Avatar) != c.comes {
					t.Errorf("it came back as %q, and was %q", p.avatar, was.Avatar)
				}
				want := map[bool]string{true: "+peer;", false: "+peer;-peer 1000;+peer;"}[c.comes]
				if got := news.take(); got != want {
					t.Errorf("heard %q, want %q", got, want)
				}
				if c.comes {
					p.allocate(`"audio","opus",{}`)
				}
			})
		})
	}
}

func TestWhatCannotBeAwaitedIsRefusedWhole(t *testing.T) {
	good := Agent{ID: "agent1", Avatar: "a", Version: 4, Verified: keyText("ann")}
	avatar := Entity{ID: "a", Components: map[string]map[string]any{"transform": {}}}
	for name, c := range map[string]struct {
		agent    Agent
		entities []Entity
		linger   time.Duration
		want     error
	}{
		"no key":       {Agent{ID: "agent1", Avatar: "a", Version: 4}, []Entity{avatar}, 0, ErrBadAgent},
		"no version":   {Agent{ID: "agent1", Avatar: "a", Verified: "k"}, []Entity{avatar}, 0, ErrBadAgent},
		"no avatar":    {good, []Entity{{ID: "b"}}, 0, ErrBadEntity},
		"an id in use": {good, []Entity{avatar, {ID: PlaceID}}, 0, ErrBadEntity},
		"no waiting":   {good, []Entity{avatar}, -1, ErrBadAgent},
	} {
		place, err := New(Config{Transports: []netcode.Transport{direct.New()}, Linger: c.linger})
		if err != nil {
			t.Fatal(err)
		}
		_ = place.Do(func(turn *Turn) error {
			if err := turn.Await(c.agent, c.entities); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
			if len(turn.Entities()) != 1 || len(turn.Agents()) != 0 {
				t.Errorf("%s: %v stand there", name, turn.Entities())
			}
			return nil
		})
		_ = place.Close()
	}
}

func TestNoMoreAreAwaitedThanMayLinger(t *testing.T) {
	place, err := New(Config{Transports: []netcode.Transport{direct.New()}, Limits: Limits{Lingering: 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer place.Close()
	_ = place.Do(func(turn *Turn) error {
		for i, want := range []error{nil, ErrBadAgent} {
			name := []string{"ann", "bob"}[i]
			avatar := Entity{ID: name, Components: map[string]map[string]any{"transform": {}}}
			err := turn.Await(Agent{ID: "agent of " + name, Avatar: name, Version: 4, Verified: keyText(name)}, []Entity{avatar})
			if !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", name, err, want)
			}
		}
		if len(turn.Entities()) != 2 || len(turn.Agents()) != 1 {
			t.Errorf("%v stand there", turn.Entities())
		}
		return nil
	})
}
