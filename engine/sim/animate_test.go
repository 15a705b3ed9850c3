package sim

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// animated is one run of the C client's animations; see testdata/README.md.
type animated struct {
	Name, Component string
	Before          map[string]any
	Animations      map[string]any
	Steps           [][3]any // when, the component then, what still runs
}

// tolerances are for animations in which the C client is less exact: it does not
// bring the result back to length 1 when it interpolates between two quaternions
// close to each other.
var tolerances = map[string]float64{"rotation_close": 2e-4}

// ourAnimations says where the place and the C client part, and why.
var ourAnimations = map[string]string{
	"angle_axis_property":   "C writes the angle twice and loses the axis's end",
	"rotation_from_none":    "no rotation has no axis: C makes numbers that are none",
	"rotation_through_none": "no rotation has no axis: C makes numbers that are none",
	"rotation_long_axis":    "an axis of any length means the same",
	"rotation_no_axis":      "nothing turns without an axis: C makes numbers that are none",
	"element_of_part":       "that path leads nowhere",
	"two_parts":             "that path leads nowhere",
	"two_axes":              "that path leads nowhere",
	"path_of_component":     "a component is an object, however many keys it has",
	"index_into_object":     "objects have no order",
	"no_time_at_start":      "without a duration it is over as soon as it begins",
	"no_time_repeats":       "nothing repeats in no time: C makes numbers that are none",
	"duration_negative":     "a negative duration makes no sense",
	"duration_missing":      "without it the animation makes no sense",
	"start_missing":         "without it the animation makes no sense",
	"easing_no_name":        "a number is no name of an easing",
	"repeats_no_truth":      "a number is not true",
	"repeats_before_start":  "before its start it does nothing",
	"list_of_texts":         "a text is no number",
}

func TestAnimationsAgreeWithTheCClient(t *testing.T) {
	for _, ref := range readReferences[animated](t, "c_animations.json") {
		t.Run(ref.Name, func(t *testing.T) {
			err := replayAnimation(t, ref)
			switch why := ourAnimations[ref.Name]; {
			case why == "" && err != nil:
				t.Error(err)
			case why != "" && err == nil:
				t.Errorf("agrees with the C client, though %s", why)
			}
		})
	}
}

// replayAnimation tells where the place and the C client part.
func replayAnimation(t *testing.T, ref animated) error {
	w := world.New(1)
	e, err := w.Spawn("e", "me", map[string]any{
		ref.Component:         ref.Before,
		"property_animations": map[string]any{"animations": ref.Animations},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range ref.Steps {
		Animate(w, step[0].(float64))
		got, _ := e.Component(ref.Component)
		if err := same(got, step[1], max(1e-6, tolerances[ref.Name])); err != nil {
			return fmt.Errorf("at %v: %w\n got %v\nwant %v", step[0], err, got, step[1])
		}
		if got := strings.Join(running(e), " "); got != step[2] {
			return fmt.Errorf("at %v: %q still run, want %q", step[0], got, step[2])
		}
		w.Advance()
	}
	return nil
}

// running lists the entity's animations.
func running(e *world.Entity) []string {
	c, _ := e.Component("property_animations")
	animations, _ := c["animations"].(map[string]any)
	return slices.Sorted(maps.Keys(animations))
}

// same compares JSON values whose numbers may be apart by tolerance.
func same(got, want any, tolerance float64) error {
	switch want := want.(type) {
	case map[string]any:
		got, _ := got.(map[string]any)
		if len(got) != len(want) {
			return fmt.Errorf("%d keys, want %d", len(got), len(want))
		}
		for k, v := range want {
			if err := same(got[k], v, tolerance); err != nil {
				return fmt.Errorf("%s: %w", k, err)
			}
		}
	case []any:
		got, _ := got.([]any)
		if len(got) != len(want) {
			return fmt.Errorf("%d items, want %d", len(got), len(want))
		}
		for i, v := range want {
			if err := same(got[i], v, tolerance); err != nil {
				return fmt.Errorf("%d: %w", i, err)
			}
		}
	case float64:
		if got, ok := got.(float64); !ok || math.Abs(got-want) > tolerance {
			return fmt.Errorf("%v, want %v", got, want)
		}
	default:
		if got != want {
			return fmt.Errorf("%v, want %v", got, want)
		}
	}
	return nil
}

// dials gives a world with an entity that has a dial at 0 and these animations.
func dials(t testing.TB, animations map[string]any) (*world.World, *world.Entity) {
	t.Helper()
	w := world.New(1)
	e, err := w.Spawn("e", "me", map[string]any{
		"dial":                map[string]any{"v": 0.0, "w": 0.0, "unit": "m"},
		"property_animations": map[string]any{"animations": animations},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w, e
}

func dial(t testing.TB, e *world.Entity, name string) float64 {
	t.Helper()
	v, ok := e.Numbers([]string{"dial", name})
	if !ok {
		t.Fatalf("there is no dial.%s", name)
	}
	return v.V[0]
}

func TestAChangedAnimationCountsAtOnce(t *testing.T) {
	w, e := dials(t, map[string]any{"a": described(nil)})
	Animate(w, 12)
	if v := dial(t, e, "v"); v != 0.5 {
		t.Errorf("at %v, want 0.5", v)
	}
	set := func(animations map[string]any) {
		if err := e.Set("property_animations", map[string]any{"animations": animations}); err != nil {
			t.Fatal(err)
		}
	}
	set(map[string]any{"a": described(map[string]any{"to": 3.0}), "b": described(map[string]any{"path": "dial.w"})})
	Animate(w, 12)
	if v, w := dial(t, e, "v"), dial(t, e, "w"); v != 1.5 || w != 0.5 {
		t.Errorf("at %v and %v, want 1.5 and 0.5", v, w)
	}
	set(map[string]any{})
	Animate(w, 13)
	if v := dial(t, e, "v"); v != 1.5 {
		t.Errorf("goes on to %v without an animation", v)
	}
}

func TestFinishedAnimationIsRemovedOthersGoOn(t *testing.T) {
	w, e := dials(t, map[string]any{
		"a": described(map[string]any{"duration": 1.0}),
		"b": described(map[string]any{"path": "dial.w"}),
	})
	w.Advance()
	Animate(w, 12)
	want := `{"e":{"components":{"property_animations":{"animations":{"a":null}},"dial":{"w":0.5,"v":1}}}}`
	if got := string(w.AppendMerge(nil, 1)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	e.SetNumbers([]string{"dial", "v"}, world.Numbers{N: 1})
	Animate(w, 13)
	if v, w := dial(t, e, "v"), dial(t, e, "w"); v != 0 || w != 0.75 {
		t.Errorf("at %v and %v, want 0 and 0.75", v, w)
	}
	Animate(w, 15)
	if !e.Has("property_animations") || len(running(e)) != 0 {
		t.Errorf("%v still run", running(e))
	}
	if n := len(w.Animated()); n != 0 {
		t.Errorf("%d entities are animated", n)
	}
}

func TestAnimationsThatEndTogetherAllEnd(t *testing.T) {
	w := world.New(1)
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		_, err := w.Spawn(id, "me", map[string]any{
			"dial": map[string]any{"v": 0.0},
			"property_animations": map[string]any{"animations": map[string]any{
				"a": described(nil), "b": described(map[string]any{"repeats": id == "3"}),
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	Animate(w, 20)
	if all := w.Animated(); len(all) != 1 || all[0].Entities[0].Entity.ID() != "3" {
		t.Errorf("%d entities are still animated", len(all))
	}
}

func TestAnAnimationWaitsForWhatItsPathLeadsTo(t *testing.T) {
	w, e := dials(t, map[string]any{"a": described(map[string]any{"path": "lamp.scale"})})
	Animate(w, 12)
	Animate(w, 20)
	if err := e.Set("lamp", map[string]any{"scale": 5.0}); err != nil {
		t.Fatal(err)
	}
	Animate(w, 21)
	if v, _ := e.Numbers([]string{"lamp", "scale"}); v.V[0] != 1 {
		t.Errorf("at %v, want 1", v.V[0])
	}
	if left := running(e); len(left) != 0 {
		t.Errorf("%v still run", left)
	}
}

func TestAnAnimationThatMakesNoNumbersChangesNothing(t *testing.T) {
	w, e := dials(t, map[string]any{
		"a": described(map[string]any{"from": -1.7e308, "to": 1.7e308}),
		"b": described(map[string]any{"path": "dial.w", "start_at": -1.7e308, "repeats": true}),
		"c": described(map[string]any{"path": "dial.unit"}),
	})
	for _, now := range []float64{12, 1.7e308, math.Inf(1), math.NaN()} {
		Animate(w, now)
		if v, w := dial(t, e, "v"), dial(t, e, "w"); v != 0 || w != 0 {
			t.Errorf("at %g they are %v and %v", now, v, w)
		}
	}
}

func TestEndsAreWhereTheAnimationBeginsAndEnds(t *testing.T) {
	w := world.New(1)
	e, err := w.Spawn("a", "me", map[string]any{"dial": map[string]any{"v": 7.0, "list": []any{1.0, 2.0, 3.0}, "is": "red"}})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"dial.v":      "[map[is:red list:[1 2 3] v:0] map[is:red list:[1 2 3] v:1]]",
		"dial.list.2": "[map[is:red list:[1 2 0] v:7] map[is:red list:[1 2 1] v:7]]",
		"dial.is":     "[]",
		"dial.no":     "[]",
		"lamp.v":      "[]",
	} {
		a, err := ParseAnimation(described(map[string]any{"path": path}))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(a.Ends(e)); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if c, _ := e.Component("dial"); c["v"] != 7.0 {
		t.Errorf("the entity itself was moved: %v", c)
	}
}

// described is a sound animation with some of its fields replaced, or, where the
// value is nil, left out.
func described(fields map[string]any) map[string]any {
	m := map[string]any{
		"path": "dial.v", "from": 0.0, "to": 1.0, "start_at": 10.0, "duration": 4.0,
	}
	for k, v := range fields {
		m[k] = v
		if v == nil {
			delete(m, k)
		}
	}
	return m
}

func numbers(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = float64(i)
	}
	return list
}

func TestSoundAnimationsAreParsed(t *testing.T) {
	for name, fields := range map[string]map[string]any{
		"the least":            {},
		"vectors":              {"from": numbers(3), "to": numbers(3)},
		"angles and axes":      {"from": numbers(4), "to": numbers(4)},
		"matrices":             {"from": numbers(16), "to": numbers(16)},
		"matrices of netcode":  {"from": netcode.Identity, "to": numbers(16)},
		"an easing":            {"easing": "bounceInOut"},
		"an unknown easing":    {"easing": "wobbly"},
		"both flags":           {"repeats": true, "autoreverses": true},
		"flags that are not":   {"repeats": false, "autoreverses": false},
		"no time at all":       {"duration": 0.0},
		"a start before zero":  {"start_at": -5.0},
		"a path to nowhere":    {"path": "a.b.rotation.x.7.."},
		"fields of its own":    {"note": "mine"},
		"a part of nothing":    {"path": "rotation"},
		"an axis of a part":    {"path": "rotation.x"},
		"a path of separators": {"path": "."},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ParseAnimation(described(fields)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMalformedAnimationsSayWhatIsWrong(t *testing.T) {
	const noPath = `path must lead to a property, such as "transform.matrix.rotation.y"`
	const noKind = "must be a number or a list of 3, 4 or 16 numbers"
	for _, c := range []struct {
		name   string
		fields map[string]any
		want   string
	}{
		{"no path", map[string]any{"path": nil}, noPath},
		{"an empty path", map[string]any{"path": ""}, noPath},
		{"a path that is a list", map[string]any{"path": []any{"dial", "v"}}, noPath},
		{"an endless path", map[string]any{"path": strings.Repeat("a", 1025)}, "path has 1025 bytes, at most 1024 may be"},
		{"a path into animations", map[string]any{"path": "property_animations.animations.a.from"}, "property_animations cannot be animated"},
		{"a path to a track", map[string]any{"path": "live_media.track_id"}, "live_media cannot be animated"},
		{"no from", map[string]any{"from": nil}, "from " + noKind},
		{"a text", map[string]any{"to": "1"}, "to " + noKind},
		{"two numbers", map[string]any{"to": numbers(2)}, "to " + noKind},
		{"no numbers", map[string]any{"to": []any{}}, "to " + noKind},
		{"many numbers", map[string]any{"to": numbers(17)}, "to " + noKind},
		{"a list with a text", map[string]any{"to": []any{1.0, "2", 3.0}}, "to " + noKind},
		{"infinity", map[string]any{"from": math.Inf(1)}, "from " + noKind},
		{"two kinds", map[string]any{"from": numbers(3), "to": numbers(4)}, "from and to must be of one kind, not 3 and 4 numbers"},
		{"no start", map[string]any{"start_at": nil}, "start_at must be a number of seconds"},
		{"a start that is no number", map[string]any{"start_at": math.NaN()}, "start_at must be a number of seconds"},
		{"no duration", map[string]any{"duration": nil}, "duration must be a number of seconds, not negative"},
		{"a negative duration", map[string]any{"duration": -1.0}, "duration must be a number of seconds, not negative"},
		{"an easing that is no name", map[string]any{"easing": 3.0}, "easing must be the name of one"},
		{"repeats that is no truth", map[string]any{"repeats": 1.0}, "repeats must be true or false"},
		{"autoreverses that is no truth", map[string]any{"autoreverses": "yes"}, "autoreverses must be true or false"},
		{"repeats in no time", map[string]any{"duration": 0.0, "repeats": true}, "duration must be greater than 0 for what repeats"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseAnimation(described(c.fields))
			if err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	for _, v := range []any{nil, "path", 1.0, []any{}, []any{described(nil)}} {
		if _, err := ParseAnimation(v); err == nil || err.Error() != "an animation must be an object" {
			t.Errorf("%v: %v", v, err)
		}
	}
}

func TestAllEasingsBeginAt0AndEndAt1(t *testing.T) {
	if n := len(easings) + 1; n != 31 {
		t.Errorf("there are %d", n)
	}
	for name, e := range easings {
		// Exponential ones miss by 2^-10 at one end or both.
		if math.Abs(e(0)) > 0.001 || math.Abs(e(1)-1) > 0.001 {
			t.Errorf("%s goes from %v to %v", name, e(0), e(1))
		}
	}
}
