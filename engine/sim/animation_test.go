package sim

import (
	"math"
	"strings"
	"testing"

	"github.com/loci-place/loci/netcode"
)

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
