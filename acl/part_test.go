package acl

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/loci-place/loci/netcode"
)

// readTown is a testTown of which components are read as far as guards ask.
type readTown struct {
	*testTown
	read  int // bytes
	whole int // times
}

var _ Reader = (*readTown)(nil)

func (t *readTown) Component(entity, name string) (map[string]any, error) {
	t.whole++
	return t.testTown.Component(entity, name)
}

func (t *readTown) Has(entity, name string) (bool, error) {
	c, err := t.testTown.Component(entity, name)
	return c != nil, err
}

func (t *readTown) Size(entity, name string) (int, error) {
	c, err := t.testTown.Component(entity, name)
	return len(netcode.AppendValue(nil, c)), err
}

func (t *readTown) Field(entity, name, key string) (any, int, bool, error) {
	c, err := t.testTown.Component(entity, name)
	v, ok := c[key]
	n := len(netcode.AppendValue(nil, v))
	t.read += n
	return v, n, ok, err
}

func TestGuardsReadComponentsAsFarAsNeedBe(t *testing.T) {
	town := &testTown{components: map[[2]string]map[string]any{{"box", "a"}: {
		"x": 1.0, "list": []any{1.0, 2.0}, "map": map[string]any{"k": "v"}, "large": make([]any, 50_000),
	}, {"box", "b"}: {"x": 1.0}, {"box", "c"}: {}}}
	for guard, whole := range map[string]bool{
		`component("box", "a")["x"] == 1`:                              false,
		`component("box", "a").x == 2`:                                 false,
		`component("box", "a").y == 2`:                                 false,
		`component("box", "a")["y"] == nil`:                            false,
		`component("box", "a")[1] == nil`:                              false,
		`component("box", "a").map.k == "v"`:                           false,
		`2 in component("box", "a").list`:                              false,
		`is_map_key(component("box", "a"), "x")`:                       false,
		`is_map_key(component("box", "a"), "y")`:                       false,
		`is_map(component("box", "a"))`:                                false,
		`is_list(component("box", "a"))`:                               false,
		`is_nil(component("box", "none"))`:                             false,
		`component("none", "a") == nil`:                                false,
		`component("box", "a") == nil`:                                 true,
		`map_size(component("box", "b")) == 1`:                         true,
		`component("box", "b") == component("box", "b")`:               true,
		`component("box", "b") == component("box", "c")`:               true,
		`component("box", "b") > component("box", "c")`:                true,
		`component("box", "b") in [component("box", "c"), 1]`:          true,
		`component("box", "b")`:                                        false,
		`component("box", "b") + 1 == 2`:                               false,
		`hd(component("box", "b")) == 2`:                               false,
		`[component("box", "b")] == [component("box", "c")]`:           true,
		`max(component("box", "b"), 1) == component("box", "b")`:       true,
		`component("box", "b").x == component("box", "a").x`:           false,
		`component("box", "a")["large"] == 1 or is_map_key(1, "x")`:    false,
		`byte_size(component("box", "b")) == 1`:                        false,
		`is_nil(component("box", "a")["map"]["l"])`:                    false,
		`component("box", "a").list[1] == 2`:                           false,
		`component("box", "a")["map"] == component("box", "a")["map"]`: false,
	} {
		p, err := Compile(`[_ | _] when ` + guard)
		if err != nil {
			t.Errorf("%s: %v", guard, err)
			continue
		}
		want := p.Match([]any{"a"}, town)
		lazy := &readTown{testTown: town}
		got := p.Match([]any{"a"}, lazy)
		if got.Matched != want.Matched || (got.Failure == nil) != (want.Failure == nil) || text(got.GuardError) != text(want.GuardError) {
			t.Errorf("%s: %+v, want %+v", guard, got, want)
		}
		if !whole && lazy.whole > 0 {
			t.Errorf("%s reads all of a component", guard)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestReadingComponentsIsWork(t *testing.T) {
	town := &testTown{components: map[[2]string]map[string]any{{"box", "a"}: {"x": 1.0, "large": make([]any, 50_000)}}}
	steps := map[string]int{}
	for _, guard := range []string{`component("box", "a").x == 1`, `is_list(component("box", "a").large)`, `component("box", "a") == 1`} {
		p, err := Compile(`[_ | _] when ` + guard)
		if err != nil {
			t.Fatal(err)
		}
		steps[guard] = p.Match([]any{"a"}, &readTown{testTown: town}).Steps
		if r := p.MatchWithin([]any{"a"}, &readTown{testTown: town}, 5); !errors.Is(r.Failure, ErrTooMuchWork) {
			t.Errorf("%s within 5 steps: %+v", guard, r)
		}
	}
	got := slices.Sorted(maps.Values(steps))
	if got[0] > 100 || got[1] < 250_000/bytesPerStep || got[2] < 250_000/bytesPerStep {
		t.Errorf("%v", steps)
	}
}
