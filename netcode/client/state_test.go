package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/pipe"
)

func documentOf(c *Client) (d netcode.Document) {
	c.View(func(seen *netcode.Document) { d = *seen })
	return d
}

func TestClientAppliesAndAcknowledgesEveryState(t *testing.T) {
	var seen []uint64
	cfg := Config{Version: 2, OnState: func(d *netcode.Document) { seen = append(seen, d.Revision) }}
	inPlace(t, cfg, nil, func(t *testing.T, c *Client, a *fakeAgent) {
		steps := []struct {
			send     func()
			revision uint64
			want     string
		}{
			{func() { a.set(7, `{"a":{"components":{}}}`) }, 7, `{"a":{"components":{}}}`},
			{func() { a.merge(7, 9, `{"a":null,"b":{"components":{"x":{"n":1}}}}`) }, 9, `{"b":{"components":{"x":{"n":1}}}}`},
			{func() {
				a.state(netcode.State{Style: netcode.StyleApply, From: 9, Patches: []byte(
					`[{"op":"replace","path":"/entities/b/components/x/n","value":2},{"op":"replace","path":"/revision","value":10}]`)})
			}, 10, `{"b":{"components":{"x":{"n":2}}}}`},
			{func() { a.set(1, `{}`) }, 1, `{}`},
		}
		for _, step := range steps {
			step.send()
			after(100 * time.Millisecond)
			wantDocument(t, documentOf(c), step.revision, step.want)
			if a.ack() != step.revision {
				t.Errorf("acknowledged %d, want %d", a.ack(), step.revision)
			}
		}
		if !slices.Equal(seen, []uint64{7, 9, 10, 1}) {
			t.Errorf("OnState saw %v", seen)
		}
		if s := c.Stats(); s.States != 4 || s.Sets != 2 || s.UnusableStates != 0 || s.StateBytes == 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestClientRequestsSnapshotForUnusableState(t *testing.T) {
	for _, mode := range []StateMode{FullDocument, AcknowledgeOnly} {
		bad := map[string]func(a *fakeAgent){
			"unknown base": func(a *fakeAgent) { a.merge(5, 8, `{}`) },
			"no style":     func(a *fakeAgent) { a.send(a.dialect.State, false, []byte(`{"entities":{},"revision":8}`)) },
			"random bytes": func(a *fakeAgent) { a.send(a.dialect.State, false, []byte("\x00\xff{[")) },
			"nothing":      func(a *fakeAgent) { a.send(a.dialect.State, false, nil) },
		}
		if mode == FullDocument { // which alone looks inside
			bad["cut short"] = func(a *fakeAgent) {
				a.send(a.dialect.State, false, []byte(`{"patch_style":"set","entities":{"a":,"revision":8}`))
			}
		}
		for name, send := range bad {
			t.Run(fmt.Sprintf("%s mode %d", name, mode), func(t *testing.T) {
				inPlace(t, Config{Mode: mode}, nil, func(t *testing.T, c *Client, a *fakeAgent) {
					a.set(7, `{"a":{"components":{}}}`)
					after(100 * time.Millisecond)
					before := documentOf(c)
					send(a)
					after(100 * time.Millisecond)
					if a.ack() != 0 || c.Stats().UnusableStates != 1 {
						t.Errorf("acknowledged %d, %+v", a.ack(), c.Stats())
					}
					if !reflect.DeepEqual(documentOf(c), before) {
						t.Errorf("document changed to %v", documentOf(c))
					}
					a.set(8, `{}`)
					after(100 * time.Millisecond)
					if a.ack() != 8 || documentOf(c).Revision != 8 {
						t.Errorf("acknowledged %d after a set", a.ack())
					}
				})
			})
		}
	}
}

// TestClientAppliesAPatchOfAnOlderRevision has a place that has not yet heard
// the newest acknowledgement. What was only in the newer state is then gone.
func TestClientAppliesAPatchOfAnOlderRevision(t *testing.T) {
	inPlace(t, Config{}, nil, func(t *testing.T, c *Client, a *fakeAgent) {
		a.set(1, `{"a":{"components":{"n":{"v":1}}}}`)
		a.merge(1, 2, `{"a":{"components":{"n":{"v":2},"m":{}}}}`)
		a.merge(1, 3, `{"b":{"components":{}}}`)
		after(100 * time.Millisecond)
		wantDocument(t, documentOf(c), 3, `{"a":{"components":{"n":{"v":1}}},"b":{"components":{}}}`)
	})
}

func TestClientForgetsRevisionsThePlaceWillNotReturnTo(t *testing.T) {
	cases := map[string]struct {
		states func(a *fakeAgent)
		ack    uint64
	}{
		"older than one patched since": {func(a *fakeAgent) {
			a.merge(1, 2, `{}`)
			a.merge(2, 3, `{}`)
			a.merge(1, 4, `{}`)
		}, 0},
		"patched all along": {func(a *fakeAgent) {
			for i := range uint64(3 * historySize) {
				a.merge(1, i+2, `{}`)
			}
			a.merge(1, 1000, `{}`)
		}, 1000},
		"63 ago": {func(a *fakeAgent) {
			for i := range uint64(historySize) {
				a.merge(1, i+2, `{}`)
			}
			a.merge(3, 1000, `{}`)
		}, 1000},
		"64 ago": {func(a *fakeAgent) {
			for i := range uint64(historySize) {
				a.merge(1, i+2, `{}`)
			}
			a.merge(2, 1000, `{}`)
		}, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inPlace(t, Config{}, nil, func(t *testing.T, _ *Client, a *fakeAgent) {
				a.set(1, `{}`)
				c.states(a)
				after(100 * time.Millisecond)
				if a.ack() != c.ack {
					t.Errorf("acknowledged %d, want %d", a.ack(), c.ack)
				}
			})
		})
	}
}

func TestAcknowledgeOnlyKeepsRevisionsAlone(t *testing.T) {
	var mu sync.Mutex
	var seen []StateHeader
	cfg := Config{Mode: AcknowledgeOnly, Version: 1, Observe: func(h StateHeader) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, h)
	}}
	inPlace(t, cfg, nil, func(t *testing.T, c *Client, a *fakeAgent) {
		a.set(7, `{"a":{"components":{}}}`)
		a.merge(7, 8, `{"b":{"components":{}}}`)
		a.state(netcode.State{Style: netcode.StyleApply, From: 8, Patches: []byte(`[{"op":"replace","path":"/revision","value":9}]`)})
		a.merge(3, 10, `{}`)
		after(100 * time.Millisecond)
		if d := documentOf(c); d.Revision != 9 || len(d.Entities) != 0 {
			t.Errorf("knows %v", d)
		}
		for i := range seen {
			if seen[i].Bytes < 20 {
				t.Errorf("state of %d bytes", seen[i].Bytes)
			}
			seen[i].Bytes = 0
		}
		want := []StateHeader{
			{Style: netcode.StyleSet, Revision: 7, Held: true},
			{Style: netcode.StyleMerge, From: 7, Revision: 8, Held: true},
			{Style: netcode.StyleApply, From: 8, Revision: 9, Held: true},
			{Style: netcode.StyleMerge, From: 3, Revision: 10},
		}
		if !slices.Equal(seen, want) {
			t.Errorf("observed %v, want %v", seen, want)
		}
	})
}

func TestWaitForSeesTheStateComeAndHonoursItsEnds(t *testing.T) {
	hasB := func(d *netcode.Document) bool { _, ok := d.Entities["b"]; return ok }
	inPlace(t, Config{}, nil, func(t *testing.T, c *Client, a *fakeAgent) {
		waited := make(chan error)
		go func() { waited <- c.WaitFor(t.Context(), hasB) }()
		a.set(1, `{"a":{"components":{}}}`)
		after(time.Second)
		select {
		case err := <-waited:
			t.Fatalf("waited for nothing: %v", err)
		default:
		}
		a.merge(1, 2, `{"b":{"components":{}}}`)
		if err := <-waited; err != nil {
			t.Error(err)
		}
		if err := c.WaitFor(t.Context(), hasB); err != nil {
			t.Errorf("what is there already: %v", err)
		}
		never := func(*netcode.Document) bool { return false }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.WaitFor(ctx, never); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		go func() { waited <- c.WaitFor(t.Context(), never) }()
		synctest.Wait()
		c.Close()
		if err := <-waited; !errors.Is(err, netcode.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

// diffPlace is a place whose entities are all of the form {"v":{key:number}}, so
// that merge patches between its revisions are easily made.
type diffPlace struct {
	mu       sync.Mutex
	rng      *rand.Rand
	newest   uint64
	worlds   map[uint64]map[string]map[string]int
	problems []string
}

func (p *diffPlace) edit() {
	world := make(map[string]map[string]int)
	for id, values := range p.worlds[p.newest] {
		world[id] = make(map[string]int)
		for key, value := range values {
			world[id][key] = value
		}
	}
	for range p.rng.IntN(4) {
		id, key := fmt.Sprint("e", p.rng.IntN(6)), fmt.Sprint("k", p.rng.IntN(4))
		switch {
		case p.rng.IntN(4) == 0:
			delete(world, id)
		case world[id] == nil:
			world[id] = map[string]int{key: p.rng.IntN(100)}
		case p.rng.IntN(3) == 0:
			delete(world[id], key)
		default:
			world[id][key] = p.rng.IntN(100)
		}
	}
	p.newest++
	p.worlds[p.newest] = world
}

// update is the state that brings an agent from the acknowledged revision to the newest.
func (p *diffPlace) update(ack uint64) netcode.State {
	base, held := p.worlds[ack]
	patch := make(map[string]any)
	for id, values := range p.worlds[p.newest] {
		components := make(map[string]any)
		for key, value := range values {
			if was, ok := base[id][key]; !ok || was != value {
				components[key] = value
			}
		}
		for key := range base[id] {
			if _, ok := values[key]; !ok {
				components[key] = nil
			}
		}
		if base[id] == nil || len(components) > 0 {
			patch[id] = map[string]any{"v": components}
		}
	}
	for id := range base {
		if p.worlds[p.newest][id] == nil {
			patch[id] = nil
		}
	}
	entities, _ := json.Marshal(patch)
	if ack == 0 || !held {
		return netcode.State{Style: netcode.StyleSet, Revision: p.newest, Entities: entities}
	}
	return netcode.State{Style: netcode.StyleMerge, From: ack, Revision: p.newest, Entities: entities}
}

// check compares a client's document with the place's world of its revision.
func (p *diffPlace) check(d *netcode.Document) {
	p.mu.Lock()
	defer p.mu.Unlock()
	want := make(map[string]any)
	for id, values := range p.worlds[d.Revision] {
		components := make(map[string]any)
		for key, value := range values {
			components[key] = float64(value)
		}
		want[id] = map[string]any{"v": components}
	}
	if !reflect.DeepEqual(d.Entities, want) {
		p.problems = append(p.problems, fmt.Sprintf("revision %d is %v, want %v", d.Revision, d.Entities, want))
	}
}

// TestClientFollowsThePlaceOverABadNetwork: whatever is lost, late or overtaken,
// each document is exactly the place's world of its revision, and the client
// never needs everything again.
func TestClientFollowsThePlaceOverABadNetwork(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			world := &diffPlace{rng: rand.New(rand.NewPCG(seed, 0)), worlds: make(map[uint64]map[string]map[string]int)}
			cfg := Config{Version: 4, OnState: world.check}
			answer := func(p *fakePlace) {
				p.intent = func(a *fakeAgent, m *netcode.IntentMessage) {
					world.mu.Lock()
					defer world.mu.Unlock()
					world.edit()
					a.state(world.update(m.Ack))
				}
			}
			synctest.Test(t, func(t *testing.T) {
				n := pipe.New(pipe.Config{Seed: seed})
				p, url := startPlace(t, n, answer)
				defer p.close()
				d := NewDialer(n.Host())
				defer d.Close()
				c, err := d.Dial(t.Context(), url, cfg)
				if err != nil {
					t.Fatal(err)
				}
				after(time.Second)
				n.SetConfig(pipe.Config{Delay: 60 * time.Millisecond, Jitter: 120 * time.Millisecond, Loss: 0.2, Timeout: time.Minute, Duplicate: 0.1, Reorder: 0.1})
				after(time.Minute)
				if s := c.Stats(); s.States < 400 || s.Sets > 10 || s.UnusableStates > 0 {
					t.Errorf("%+v", s)
				}
				if len(world.problems) > 0 {
					t.Errorf("%d of %d documents differ:\n%s", len(world.problems), c.Stats().States, strings.Join(world.problems[:1], "\n"))
				}
			})
		})
	}
}

func TestStateHeaderIsReadFromBothEnds(t *testing.T) {
	for _, s := range []netcode.State{
		{Style: netcode.StyleSet, Revision: 1, Entities: []byte(`{}`)},
		{Style: netcode.StyleMerge, From: 1 << 52, Revision: 1<<53 - 1, Entities: []byte(`{"revision":{"components":{"x":{"revision":3}}}}`)},
	} {
		data := s.Append(nil)
		h, ok := quickStateHeader(data)
		if want := (StateHeader{Style: s.Style, From: s.From, Revision: s.Revision, Bytes: len(data)}); !ok || h != want {
			t.Errorf("%s: got %v, %v", data, h, ok)
		}
	}
}

// FuzzStateHeader checks that reading only the ends of a state gives what
// parsing all of it does.
func FuzzStateHeader(f *testing.F) {
	for _, s := range []netcode.State{
		{Style: netcode.StyleSet, Revision: 1, Entities: []byte(`{}`)},
		{Style: netcode.StyleMerge, From: 4, Revision: 5, Entities: []byte(`{"a":{"components":{"x":{"revision":3}}}}`)},
		{Style: netcode.StyleApply, From: 4, Revision: 5, Patches: []byte(`[{"op":"replace","path":"/revision","value":5}]`)},
	} {
		f.Add(s.Append(nil))
	}
	f.Add([]byte(`{"patch_style":"set","entities":{},"revision":1,"x":",\"revision":2}`))
	f.Add([]byte(`{"patch_style":"set","entities":{},"revision":1,"patch_style":"merge","patch_from":1,"revision":3}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, ok := quickStateHeader(data)
		s, err := netcode.ParseState(data)
		if !ok || err != nil || hasKeyTwice(data) {
			return
		}
		if h.Style != s.Style || h.From != s.From || h.Revision != s.Revision {
			t.Errorf("%s: quick %v, parsed %v %d %d", data, h, s.Style, s.From, s.Revision)
		}
	})
}

// hasKeyTwice reports whether an object has a key of a state's more than once, of
// which the last counts, wherever it is.
func hasKeyTwice(data []byte) bool {
	var keys struct {
		Style, From, Revision counter
	}
	type counters struct {
		Style    *counter `json:"patch_style"`
		From     *counter `json:"patch_from"`
		Revision *counter `json:"revision"`
	}
	json.Unmarshal(data, &counters{&keys.Style, &keys.From, &keys.Revision})
	return keys.Style > 1 || keys.From > 1 || keys.Revision > 1
}

// counter counts how often it is unmarshalled.
type counter int

func (c *counter) UnmarshalJSON([]byte) error {
	*c++
	return nil
}

func BenchmarkAcknowledgeOnlyState(b *testing.B) {
	c, err := newClient(nil, "", Config{Version: 4, Mode: AcknowledgeOnly}, false)
	if err != nil {
		b.Fatal(err)
	}
	entities := []byte(`{"a":{"components":{"text":{"string":"` + strings.Repeat("x", 16000) + `"}}}}`)
	c.receivedState((&netcode.State{Style: netcode.StyleSet, Revision: 1, Entities: entities}).Append(nil))
	var packets [2][]byte
	for i := range packets {
		s := netcode.State{Style: netcode.StyleMerge, From: uint64(i + 1), Revision: uint64(2 - i), Entities: entities}
		packets[i] = s.Append(nil)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.receivedState(packets[i%2])
	}
	if c.stats.UnusableStates > 0 {
		b.Fatalf("%+v", c.stats)
	}
}
