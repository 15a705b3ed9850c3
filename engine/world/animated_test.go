package world

import (
	"maps"
	"slices"
	"testing"
)

// animate gives an entity of the model some animations, or none.
func (m *model) animate(t *testing.T, e *Entity) {
	animations := map[string]any{}
	for range m.rng.IntN(3) {
		animations[pick(m.rng, modelKeys)] = m.object(1)
	}
	c := map[string]any{"animations": animations}
	if err := e.Set("property_animations", c); err != nil {
		t.Fatal(err)
	}
	m.components(e.ID())["property_animations"] = c
}

func (m *model) endAnimation(t *testing.T, e *Entity) {
	id := pick(m.rng, modelKeys)
	e.EndAnimations(id, "never there")
	c, _ := m.components(e.ID())["property_animations"].(map[string]any)
	if c != nil {
		delete(c["animations"].(map[string]any), id)
	}
}

// checkAnimated compares the world's list with what the components say.
func (m *model) checkAnimated(t *testing.T) {
	t.Helper()
	var want, got []string
	for _, id := range slices.Sorted(maps.Keys(m.now)) {
		c, _ := m.components(id)["property_animations"].(map[string]any)
		if animations, _ := c["animations"].(map[string]any); len(animations) > 0 {
			want = append(want, id)
		}
	}
	for _, by := range m.world.Animated() {
		for _, a := range by.Entities {
			if a.Entity.Owner() != by.Owner {
				t.Fatalf("%s counts as %s's", a.Entity.ID(), by.Owner)
			}
			got = append(got, a.Entity.ID())
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Fatalf("animated are %v, want %v", got, want)
	}
}

func animated(ids ...string) map[string]any {
	animations := map[string]any{}
	for _, id := range ids {
		animations[id] = map[string]any{"from": 1.0}
	}
	return map[string]any{"animations": animations}
}

func TestChangedAnimationsAreCompiledAgain(t *testing.T) {
	w := New(1)
	e := spawn(t, w, "e", map[string]any{"property_animations": animated("a", "b"), "door": map[string]any{}})
	a := w.Animated()[0].Entities[0]
	for _, c := range []struct {
		name   string
		change func()
		forget bool
	}{
		{"another component", func() { _ = e.Set("door", map[string]any{"open": true}) }, false},
		{"the same again", func() { _ = e.Set("property_animations", animated("a", "b")) }, false},
		{"one that ends", func() { e.EndAnimations("a") }, false},
		{"a number in one", func() { e.SetNumbers([]string{"property_animations", "animations", "b", "from"}, Numbers{N: 1}) }, true},
		{"a new one", func() { _ = e.Set("property_animations", animated("b", "c")) }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a.Parsed = "parsed"
			c.change()
			if (a.Parsed == nil) != c.forget {
				t.Errorf("is %v", a.Parsed)
			}
			if all := w.Animated(); len(all) != 1 || all[0].Entities[0] != a {
				t.Errorf("%d entities are animated", len(all))
			}
		})
	}
}

func TestAnimationsOfWhatIsOtherwiseAreNotThere(t *testing.T) {
	for name, component := range map[string]map[string]any{
		"nothing":              {},
		"no animations":        {"animations": map[string]any{}},
		"animations of Lua":    {"animations": []any{}},
		"a list of animations": {"animations": []any{map[string]any{"from": 1.0}}},
		"a number":             {"animations": 5.0},
		"only ended ones":      {"animations": map[string]any{"a": nil}},
	} {
		t.Run(name, func(t *testing.T) {
			w := New(1)
			e := spawn(t, w, "e", map[string]any{"property_animations": component})
			before := string(w.AppendSet(nil))
			e.EndAnimations("a", "animations")
			if len(w.Animated()) != 0 || string(w.AppendSet(nil)) != before {
				t.Errorf("%d entities are animated, the world is %s", len(w.Animated()), w.AppendSet(nil))
			}
		})
	}
}
