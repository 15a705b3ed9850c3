package world

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/netcode"
)

// model is the world as plain copies: what it should be, made the simple way.
type model struct {
	world  *World
	rng    *rand.Rand
	now    map[string]any           // entities of the state being made
	states map[Stamp]map[string]any // earlier ones
}

func newModel(seed uint64, first Stamp) *model {
	return &model{
		world: New(first), rng: rand.New(rand.NewPCG(seed, 1)),
		now: map[string]any{}, states: map[Stamp]map[string]any{},
	}
}

var (
	modelIDs        = []string{"a", "b", "c", "d", "e/f~g", "0"}
	modelComponents = []string{"transform", "relationships", "door", "x/y~z"}
	modelKeys       = []string{"p", "q", "r/s", "~t"}
)

func pick(rng *rand.Rand, from []string) string { return from[rng.IntN(len(from))] }

// edit makes one random edit to both.
func (m *model) edit(t *testing.T) {
	id := pick(m.rng, modelIDs)
	if m.now[id] == nil {
		m.spawn(t, id)
		return
	}
	name := pick(m.rng, modelComponents)
	e := m.world.Entity(id)
	switch m.rng.IntN(13) {
	case 0:
		m.remove(t, id)
	case 1, 2:
		e.Unset(name)
		delete(m.components(id), name)
	case 3:
		m.move(e)
	case 4:
		e.SetNumber(name, "n", float64(m.rng.IntN(3)))
		m.overwrite(id, name, "n", jsonCopy(t, m.component(id, name, "n")))
	case 5:
		m.setNumbers(t, e, name)
	case 6:
		m.animate(t, e)
	case 7:
		m.endAnimation(t, e)
	default:
		c := m.object(3)
		if err := e.Set(name, c); err != nil {
			t.Fatal(err)
		}
		m.components(id)[name] = c
	}
}

func (m *model) spawn(t *testing.T, id string) {
	components := map[string]any{}
	for range m.rng.IntN(3) {
		components[pick(m.rng, modelComponents)] = m.object(2)
	}
	if p := pick(m.rng, modelIDs); m.rng.IntN(4) == 0 {
		components["relationships"] = map[string]any{"parent": p}
	}
	if _, err := m.world.Spawn(id, "me", components); err != nil {
		t.Fatal(err)
	}
	m.now[id] = map[string]any{"id": id, "components": components}
}

func (m *model) remove(t *testing.T, id string) {
	removed := m.world.Remove(id, Cascade)
	want := m.family(id)
	var got []string
	for _, e := range removed {
		got = append(got, e.ID())
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Fatalf("removing %s took %v with it, want %v", id, got, want)
	}
	for _, id := range want {
		delete(m.now, id)
	}
}

// family is an entity and all below it.
func (m *model) family(id string) []string {
	in := map[string]bool{id: true}
	for grown := true; grown; {
		grown = false
		for child := range m.now {
			rel, _ := m.components(child)["relationships"].(map[string]any)
			parent, _ := rel["parent"].(string)
			if in[parent] && !in[child] {
				in[child], grown = true, true
			}
		}
	}
	return slices.Sorted(maps.Keys(in))
}

func (m *model) move(e *Entity) {
	at := mgl64.Translate3D(float64(m.rng.IntN(3)), 0, 1)
	e.SetLocal(at)
	list := make([]any, 16)
	for i, v := range at {
		list[i] = v
	}
	m.overwrite(e.ID(), "transform", "matrix", list)
}

func (m *model) overwrite(id, name, key string, v any) {
	old, _ := m.components(id)[name].(map[string]any)
	c := map[string]any{key: v}
	for k, v := range old {
		if k != key {
			c[k] = v
		}
	}
	m.components(id)[name] = c
}

func (m *model) components(id string) map[string]any {
	return m.now[id].(map[string]any)["components"].(map[string]any)
}

// component reads a key back from the world: SetNumber's value was random.
func (m *model) component(id, name, key string) any {
	c, _ := m.world.Entity(id).Component(name)
	return c[key]
}

// object is random JSON in which the same few names are now objects, now not.
func (m *model) object(depth int) map[string]any {
	o := map[string]any{}
	for range m.rng.IntN(4) {
		o[pick(m.rng, modelKeys)] = m.value(depth)
	}
	return o
}

func (m *model) value(depth int) any {
	n := m.rng.IntN(7)
	if depth > 0 && n >= 4 {
		return m.object(depth - 1)
	}
	return []any{1.0, "one", true, []any{1.0, nil, map[string]any{"n": nil}}, []any{}, 0.25, "\"\\\n"}[n]
}

// advance ends the state and remembers it.
func (m *model) advance(t *testing.T) {
	m.states[m.world.Now()] = jsonCopy(t, m.now).(map[string]any)
	m.world.Advance()
}

func jsonCopy(t *testing.T, v any) any {
	t.Helper()
	c, err := netcode.ParseValue(netcode.AppendValue(nil, v))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// check compares what agents that hold base would make of each form with the
// newest state.
func (m *model) check(t *testing.T, base Stamp) {
	t.Helper()
	want := jsonCopy(t, m.now)
	m.checkAnimated(t)
	set := netcode.State{Style: netcode.StyleSet, Revision: 2, Entities: m.world.AppendSet(nil)}
	m.apply(t, "set", nil, &set, want)
	if base == 0 {
		return
	}
	held := m.states[base]
	for _, e := range m.world.entities {
		if size := e.FragmentSize(base); size != len(e.Fragment(base)) {
			t.Fatalf("%s: a fragment from %d has %d bytes, said to be %d", e.ID(), base, len(e.Fragment(base)), size)
		}
	}
	merge := netcode.State{Style: netcode.StyleMerge, From: 1, Revision: 2, Entities: m.world.AppendMerge(nil, base)}
	m.apply(t, fmt.Sprintf("merge from %d", base), held, &merge, want)
	m.checkNulls(t, base, held, merge.Entities)
	patch := netcode.State{Style: netcode.StyleApply, From: 1, Revision: 2, Patches: m.world.AppendPatch(nil, base, 2)}
	m.apply(t, fmt.Sprintf("apply from %d", base), held, &patch, want)
}

func (m *model) apply(t *testing.T, what string, held map[string]any, s *netcode.State, want any) {
	t.Helper()
	packet := s.Append(nil)
	parsed, err := netcode.ParseState(packet)
	if err != nil {
		t.Fatalf("%s: %v\n%s", what, err, packet)
	}
	doc := netcode.Document{Revision: 1, Entities: jsonCopy(t, held).(map[string]any)}
	if held == nil {
		doc = netcode.Document{}
	}
	if err := doc.Apply(&parsed); err != nil {
		t.Fatalf("%s: %v\n%s", what, err, packet)
	}
	if !reflect.DeepEqual(any(doc.Entities), want) {
		t.Fatalf("%s at %d\nheld  %s\ngets  %s\nmakes %s\nwant  %s", what, m.world.Now(), netcode.AppendValue(nil, held),
			packet, netcode.AppendValue(nil, doc.Entities), netcode.AppendValue(nil, want))
	}
}

// checkNulls makes sure that a merge patch deletes only what is there: agents
// crash on other nulls.
func (m *model) checkNulls(t *testing.T, base Stamp, held any, merge []byte) {
	t.Helper()
	v, err := netcode.ParseValue(merge)
	if err != nil {
		t.Fatal(err)
	}
	var walk func(path string, patch, held any)
	walk = func(path string, patch, held any) {
		h, _ := held.(map[string]any)
		p, _ := patch.(map[string]any)
		for k, v := range p {
			if _, ok := h[k]; v == nil && !ok {
				t.Fatalf("merge from %d deletes %s/%s, which is not there\n%s", base, path, k, merge)
			}
			walk(path+"/"+k, v, h[k])
		}
	}
	walk("", v, held)
}

// base picks an earlier state that a delta can start from, 0 if there is none.
func (m *model) base() Stamp {
	now, oldest := m.world.Now(), max(m.world.Oldest(), 1)
	if now <= oldest {
		return 0
	}
	return oldest + Stamp(m.rng.Uint64N(uint64(now-oldest)))
}

func TestEveryFormLeadsFromAnyBaseToTheNewestState(t *testing.T) {
	const runs, bases = 50, 5 // of each state, this many earlier ones are tried
	for seed := range uint64(runs) {
		m := newModel(seed, 1)
		for range 40 {
			for range m.rng.IntN(6) {
				m.edit(t)
			}
			for range bases {
				if base := m.base(); base != 0 {
					m.check(t, base)
				}
			}
			m.check(t, 0)
			m.advance(t)
			if m.rng.IntN(4) == 0 {
				m.world.Sweep(m.world.Now() - Stamp(m.rng.IntN(8)))
			}
		}
	}
}

func TestSweepForgetsTombstones(t *testing.T) {
	m := newModel(7, 1)
	for range 200 {
		m.edit(t)
		m.advance(t)
	}
	w := m.world
	w.Sweep(w.Now())
	if len(w.graves) != 0 {
		t.Errorf("%d tombstones remain", len(w.graves))
	}
	if len(w.entities) != w.Len() {
		t.Errorf("%d entities kept, %d stand in the world", len(w.entities), w.Len())
	}
}
