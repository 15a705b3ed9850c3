package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/direct"
)

// shelf is a [Store] in memory that can be told to fail, or to wait.
type shelf struct {
	mu      sync.Mutex
	records map[[2]string]string
	broken  error
	slow    bool
	waiting []func(error)
}

var _ Store = (*shelf)(nil)

func newShelf() *shelf { return &shelf{records: map[[2]string]string{}} }

func (s *shelf) Records(kind string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for key, value := range s.all(kind) {
			if !yield(key, []byte(value)) {
				return
			}
		}
	}
}

func (s *shelf) Put(records []Record, done func(error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		if r.Value == nil {
			delete(s.records, [2]string{r.Kind, r.Key})
		} else {
			s.records[[2]string{r.Kind, r.Key}] = string(r.Value)
		}
	}
	switch {
	case done == nil:
	case s.slow:
		s.waiting = append(s.waiting, done)
	default:
		done(s.broken)
	}
}

// all gives what is kept of a kind.
func (s *shelf) all(kind string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string]string{}
	for key, value := range s.records {
		if key[0] == kind {
			found[key[1]] = value
		}
	}
	return found
}

// finish answers those who wait.
func (s *shelf) finish(err error) {
	s.mu.Lock()
	waiting := s.waiting
	s.waiting, s.slow = nil, false
	s.mu.Unlock()
	for _, done := range waiting {
		done(err)
	}
}

func (r *rig) do(f func(t *Turn)) {
	r.Helper()
	if err := r.place.Do(func(t *Turn) error { f(t); return nil }); err != nil {
		r.Fatal(err)
	}
}

func TestThePlacesOwnEntitiesAreKeptAndNoOthers(t *testing.T) {
	kept := newShelf()
	inPlace(t, Config{Store: kept}, func(r *rig) {
		ann := r.join(4, `{"visor":{}}`)
		ann.command(`["interaction","request","","place","1",["spawn_entity",{"lamp":{}}]]`)
		r.do(func(t *Turn) {
			if t.Restored() {
				r.Error("it is said to have stood before")
			}
			for id, spec := range map[string]map[string]any{
				"door": {"door": map[string]any{"open": false}}, "gone": {}, "lamp": {"children": []any{map[string]any{"bulb": map[string]any{}}}},
				"hat": {"relationships": map[string]any{"parent": ann.avatar}},
			} {
				if _, err := t.Spawn(id, spec); err != nil {
					r.Error(err)
				}
			}
			_ = t.Change(PlaceID, map[string]any{"weather": map[string]any{"rain": true}})
		})
		time.Sleep(200 * time.Millisecond)
		if n := len(kept.all(KindEntity)); n != 6 {
			r.Errorf("%d entities are kept, want 6: %v", n, kept.all(KindEntity))
		}
		r.do(func(t *Turn) {
			t.Remove("gone", world.Cascade)
			_ = t.Change("door", map[string]any{"door": map[string]any{"open": true}})
		})
		time.Sleep(200 * time.Millisecond)
		if got := kept.all(KindEntity); !strings.Contains(got["door"], `"open":true`) || got["gone"] != "" {
			r.Errorf("kept is %v", got)
		}
		if got := kept.all(KindEntity)[PlaceID]; got != `{"components":{"weather":{"rain":true}}}` {
			r.Errorf("of the place %s is kept", got)
		}
	})
	kept.Put([]Record{{Kind: KindEntity, Key: "bad", Value: []byte(`{"components":{"transform":{"matrix":1}}}`)}}, nil)
	kept.Put([]Record{{Kind: KindEntity, Key: "hat", Value: []byte(`{"components":{"relationships":{"parent":"an agent"}}}`)}}, nil)
	inPlace(t, Config{Store: kept}, func(r *rig) {
		time.Sleep(time.Millisecond) // until it serves
		r.do(func(t *Turn) {
			if got := len(t.Entities()); got != 4 || !t.Restored() {
				r.Errorf("%v stand there", t.Entities())
			}
			if door, _ := t.Component("door", "door"); door["open"] != true {
				r.Errorf("the door is %v", door)
			}
			if weather, _ := t.Component(PlaceID, "weather"); weather["rain"] != true {
				r.Errorf("the weather is %v", weather)
			}
		})
		if r.logs.find(`"an entity that was kept is left out" entity=bad`) == "" {
			r.Error("the log says nothing of the one that makes no sense")
		}
		if kept.all(KindEntity)["hat"] != "" {
			r.Error("what hangs from an agent who is gone is kept")
		}
	})
}

func TestTheClockGoesOnOverARestart(t *testing.T) {
	kept := newShelf()
	kept.Put([]Record{{Kind: KindPlace, Key: "clock", Value: fmt.Appendf(nil, `{"began":%d}`, time.Now().Add(-time.Hour).Unix())}}, nil)
	place, err := New(Config{Transports: []netcode.Transport{direct.New()}, Store: kept})
	if err != nil {
		t.Fatal(err)
	}
	defer place.Close()
	if got := place.Time(); got < 3600 || got > 3660 {
		t.Errorf("the clock says %v s, want an hour", got)
	}
}

func TestARuleThatCannotBeReadKeepsThePlaceFromOpening(t *testing.T) {
	for _, value := range []string{`{`, `{"number":2}`, `{"number":1,"verdict":"deny","pattern":"["}`, `{"number":1,"verdict":"perhaps","pattern":"_"}`} {
		kept := newShelf()
		kept.Put([]Record{{Kind: KindRule, Key: "rule1", Value: []byte(value)}}, nil)
		if _, err := New(Config{Transports: []netcode.Transport{direct.New()}, Store: kept}); err == nil || !strings.Contains(err.Error(), "rule1") {
			t.Errorf("%s: %v", value, err)
		}
	}
}

func TestRulesAreAnsweredWhenTheyAreDurableAndTakenBackWhenNot(t *testing.T) {
	kept := newShelf()
	open := DefaultRules()
	open.Bundled = nil
	change := func(id int, rest string) string {
		return fmt.Sprintf(`["interaction","request","","place","%d",["change_acl",%s]]`, id, rest)
	}
	inPlace(t, Config{Store: kept, Rules: &open}, func(r *rig) {
		ann := r.join(4, `{"visor":{}}`)
		ann.command(change(1, `"add",[["deny","[\"a\"]"],["deny","[\"b\"]"]]`))
		if got := ann.raw("1"); got != `["change_acl","ok",["rule1","rule2"]]` {
			r.Errorf("answered %s", got)
		}
		before := maps.Clone(kept.all(KindRule))
		kept.slow = true
		ann.command(change(2, `"add",[["deny","[\"c\"]"]],"remove",["rule1"]`))
		ann.command(change(3, `"remove",["rule1"]`))
		if all := ann.interactions(); len(all) != 0 {
			r.Errorf("answered before it is durable: %v", all)
		}
		kept.finish(errors.New("no space left"))
		ann.wait()
		all := ann.interactions()
		if len(all) != 2 || !strings.Contains(string(all[0].Body), `"failed","the rules are as before`) || string(all[1].Body) != `["change_acl","ok",[]]` {
			r.Errorf("answered %v", all)
		}
		delete(before, "rule1")
		if got := kept.all(KindRule); !maps.Equal(got, before) {
			r.Errorf("kept is %v, want %v", got, before)
		}
	})
	inPlace(t, Config{Store: kept, Rules: &open}, func(r *rig) {
		ann := r.join(4, `{"visor":{}}`)
		ann.command(change(1, `"add",[["allow","[\"d\"]"]]`))
		if got := ann.raw("1"); got != `["change_acl","ok",["rule4"]]` {
			r.Errorf("answered %s: rule3 was given away already", got)
		}
		ann.command(`["interaction","request","","place","2",["list_acl"]]`)
		if got := ann.raw("2"); !strings.HasPrefix(got, `["list_acl","ok",[["rule2","deny","[\"b\"]","change_acl by peer",0],["rule4","allow"`) {
			r.Errorf("the rules are %s", got)
		}
	})
}

func TestWhatRareHeartbeatsWouldLeaveIsKeptSoon(t *testing.T) {
	kept := newShelf()
	inPlace(t, Config{Store: kept, Rate: 1}, func(r *rig) {
		time.Sleep(300 * time.Millisecond)
		r.do(func(t *Turn) { _, _ = t.Spawn("door", nil) })
		time.Sleep(keepEvery + time.Millisecond)
		if kept.all(KindEntity)["door"] == "" {
			r.Error("it is not kept")
		}
	})
}

func TestSyncHearsOfAllBefore(t *testing.T) {
	kept := newShelf()
	kept.slow = true
	inPlace(t, Config{Store: kept}, func(r *rig) {
		time.Sleep(time.Millisecond) // until it serves
		var heard []error
		r.do(func(t *Turn) {
			_, _ = t.Spawn("door", nil)
			t.Sync(func(err error) { heard = append(heard, err) })
		})
		if kept.all(KindEntity)["door"] == "" || len(heard) != 0 {
			r.Errorf("heard %v", heard)
		}
		kept.finish(context.Canceled)
		time.Sleep(10 * time.Millisecond)
		r.do(func(*Turn) {
			if len(heard) != 1 || !errors.Is(heard[0], context.Canceled) {
				r.Errorf("heard %v", heard)
			}
		})
	})
	inPlace(t, Config{}, func(r *rig) {
		time.Sleep(time.Millisecond) // until it serves
		r.do(func(t *Turn) {
			heard := false
			t.Sync(func(err error) { heard = err == nil })
			if !heard {
				r.Error("a place that keeps nothing has somebody wait")
			}
		})
	})
}

// nowhere is a [Store] that costs nothing.
type nowhere struct{}

func (nowhere) Records(string) iter.Seq2[string, []byte] { return func(func(string, []byte) bool) {} }
func (nowhere) Put([]Record, func(error))                {}

// What a heartbeat costs where 100 of 10,000 entities of the place's change in each,
// without a store and with one.
func BenchmarkHeartbeatThatKeeps(b *testing.B) {
	for name, store := range map[string]Store{"nothing": nil, "100 changes": nowhere{}} {
		b.Run(name, func(b *testing.B) {
			place, err := New(Config{Transports: []netcode.Transport{direct.New()}, Store: store})
			if err != nil {
				b.Fatal(err)
			}
			defer place.Close()
			var entities []*world.Entity
			for i := range 10_000 {
				e, err := place.world.Spawn(fmt.Sprint("e", i), PlaceID, map[string]any{
					"transform": map[string]any{"matrix": identityMatrix()}, "dial": map[string]any{"n": 0.0},
					"material": map[string]any{"texture": strings.Repeat("x", 100)},
				})
				if err != nil {
					b.Fatal(err)
				}
				entities = append(entities, e)
			}
			place.world.Advance()
			n := 0
			for b.Loop() {
				for range 100 {
					n++
					entities[n%len(entities)].SetNumber("dial", "n", float64(n))
				}
				place.world.Advance()
				place.kept.keep(nil, nil)
			}
		})
	}
}
