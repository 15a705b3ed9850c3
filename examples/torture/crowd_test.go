package torture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

// gateway boots an agent of this process for every other launch, and fails the others.
func (r *rack) gateway() *httptest.Server {
	var launches atomic.Int64
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		var order struct {
			AvatarToken string `json:"avatarToken"`
		}
		if json.NewDecoder(q.Body).Decode(&order) != nil || launches.Add(1)%2 == 0 {
			http.Error(w, "not today", http.StatusInternalServerError)
			return
		}
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			app, err := client.Dial(ctx, r.url(), client.Config{
				Identity: map[string]any{"display_name": "app"},
				Avatar:   map[string]any{"avatar": map[string]any{"token": order.AvatarToken}},
			})
			if err == nil {
				time.Sleep(300 * time.Millisecond)
				_ = app.Close()
			}
		}()
	}))
}

// crowd is agents that come, furnish, ask, talk, hand out files, launch apps and leave at
// random.
type crowd struct {
	*rack
	gateway string
	lives   atomic.Int64
	done    atomic.Int64
	assets  sync.Map // ids of files that were handed out
}

func (r *rack) crowd() *crowd {
	gateway := r.gateway()
	r.Cleanup(gateway.Close)
	return &crowd{rack: r, gateway: "alloapp:" + gateway.URL + "/app"}
}

// busy has a crowd in the place while something else is measured; all have left when the
// function that it gives returns.
func (r *rack) busy(atOnce int) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	c := r.crowd()
	var playing sync.WaitGroup
	playing.Go(func() { c.play(ctx, atOnce) })
	return func() {
		cancel()
		playing.Wait()
		r.Logf("meanwhile %d others lived there, and did %d things", c.lives.Load(), c.done.Load())
	}
}

// play has so many at a time live until ctx ends, and saves scripts meanwhile.
func (c *crowd) play(ctx context.Context, atOnce int) {
	var all sync.WaitGroup
	for i := range atOnce {
		all.Go(func() {
			chance := rand.New(rand.NewPCG(uint64(i), uint64(c.lives.Load())))
			for ctx.Err() == nil {
				c.live(ctx, chance)
			}
		})
	}
	all.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			c.save([]string{"place.lua", "components/door.lua"}[n%2], fmt.Sprint("edit ", n))
			time.Sleep(300 * time.Millisecond)
		}
	})
	all.Wait()
}

// live is one agent's life.
func (c *crowd) live(ctx context.Context, chance *rand.Rand) {
	a, err := client.Dial(ctx, c.url(), client.Config{
		Version:  1 + chance.IntN(4),
		Identity: map[string]any{"display_name": fmt.Sprint("agent ", c.lives.Add(1))},
		Avatar:   map[string]any{"children": []any{map[string]any{"intent": map[string]any{"actuate_pose": "head"}}}},
		Handle: func(a *client.Client, i netcode.Interaction) {
			if i.Type == netcode.TypeRequest {
				_ = a.Respond(i, netcode.BodyVerb(i.Body), "ok")
			}
		},
	})
	if err != nil {
		if ctx.Err() == nil {
			c.Errorf("not let in: %v", err)
		}
		return
	}
	defer a.Close()
	_ = a.SetIntent(netcode.Intent{WantsStickMovement: true, ZMovement: -1, Yaw: chance.Float64() * 6})
	life := &life{crowd: c, Client: a, ctx: ctx, chance: chance}
	for range 5 + chance.IntN(30) {
		if ctx.Err() != nil {
			return
		}
		life.act()
		c.done.Add(1)
		time.Sleep(time.Duration(chance.IntN(60)) * time.Millisecond)
	}
}

// life is an agent that is in the place.
type life struct {
	*crowd
	*client.Client
	ctx    context.Context
	chance *rand.Rand
	things []string
	track  uint32
}

// ask asks the place, or an entity; only silence is a fault.
func (l *life) ask(to string, body ...any) []any {
	answer, err := l.Request(l.ctx, to, body...)
	_, refused := errors.AsType[*client.RefusedError](err)
	if err != nil && !refused && l.ctx.Err() == nil {
		l.crowd.Errorf("%v of %s: %v", body[0], to, err)
	}
	return answer
}

func (l *life) act() {
	switch l.chance.IntN(14) {
	case 0, 1:
		answer := l.ask("place", "spawn_entity", map[string]any{
			"door": map[string]any{"open": l.chance.IntN(2) == 0}, "children": []any{map[string]any{}},
		})
		if id, ok := item(answer, 1).(string); ok && id != "error" {
			l.things = append(l.things, id)
		}
	case 2:
		if n := len(l.things); n > 0 {
			l.ask("place", "change_components", l.things[l.chance.IntN(n)], "add_or_change",
				map[string]any{"door": map[string]any{"open": l.chance.IntN(2) == 0}}, "remove", []any{"colour"})
		}
	case 3:
		if n := len(l.things); n > 0 {
			l.ask("place", "remove_entity", l.things[n-1], []string{"cascade", "reparent"}[l.chance.IntN(2)])
			l.things = l.things[:n-1]
		}
	case 4:
		l.ask("door", "poke", true)
	case 5:
		l.ask("place", []string{"echo", "later", "unknown"}[l.chance.IntN(3)], 1)
	case 6:
		l.ask("place", "subscribe", `["news", N] when N > 5`)
	case 7:
		_ = l.Publish("news", l.chance.IntN(10))
	case 8:
		l.talk()
	case 9:
		l.share()
	case 10:
		l.fetch()
	case 11:
		if l.chance.IntN(4) == 0 {
			l.ask("place", "launch_app", l.gateway, map[string]any{})
		}
	case 12:
		if len(l.things) > 0 {
			l.ask("place", "add_property_animation", map[string]any{
				"path": "transform.matrix.translation.x", "from": 0, "to": 1, "start_at": 0, "duration": 1,
			})
		}
	case 13:
		l.ask("place", "list_agents")
	}
}

func (l *life) talk() {
	if l.track == 0 {
		answer := l.ask("place", "allocate_track", "audio", "opus", map[string]any{})
		if id, ok := item(answer, 2).(float64); ok {
			l.track = uint32(id)
		}
	}
	for range 10 {
		_ = l.SendMedia(l.track, []byte{0xf8, 1, 2, 3, 4, 5, 6, 7})
	}
}

func (l *life) share() {
	content := strings.Repeat(fmt.Sprint(l.chance.Uint64()), 1+l.chance.IntN(5000))
	l.assets.Store(l.PublishAsset([]byte(content)), l.Avatar())
}

// fetch asks for somebody's file; who has it may be gone.
func (l *life) fetch() {
	ctx, cancel := context.WithTimeout(l.ctx, 2*time.Second)
	defer cancel()
	l.assets.Range(func(id, by any) bool {
		_, _ = l.FetchAsset(ctx, id.(string), by.(string))
		return false
	})
}

func item(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}
