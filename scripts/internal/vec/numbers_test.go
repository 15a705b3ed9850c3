package vec

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestVecSaysWhatIsWrongWithAnArgument(t *testing.T) {
	c := newCalculator(t)
	for expression, want := range map[string]string{
		`vec.dot({1, 2, 3})`:                    "bad argument #2 to dot (b: a vector, {x, y, z}, expected, got nothing)",
		`vec.dot("x", {1, 2, 3})`:               "#1 to dot (a: a vector, {x, y, z}, expected, got a string)",
		`vec.new(1, 2, 3):dot(7)`:               "(b: a vector, {x, y, z}, expected, got 7)",
		`vec.cross({1, 2}, {1, 2, 3})`:          "got a list of 2",
		`vec.cross({1, "2", 3}, {1, 2, 3})`:     "got a list of 3 that are not all numbers",
		`vec.cross({x = 1}, {1, 2, 3})`:         "got a table",
		`vec.length(vec.identity())`:            "got a matrix",
		`vec.length(place)`:                     "got place",
		`vec.new(nil)`:                          "(x: a vector, {x, y, z}, expected, got nothing)",
		`vec.new(1, 2)`:                         "(z: a finite number expected, got nothing)",
		`vec.new(1, "2", 3)`:                    "(y: a finite number expected, got a string)",
		`vec.new(1, 0/0, 3)`:                    "(y: a finite number expected, got NaN)",
		`vec.lerp({1, 2, 3}, {1, 2, 3})`:        "(t: a finite number expected, got nothing)",
		`vec.new(1, 2, 3) + 1`:                  "a vector + 1 is not defined",
		`nil - vec.new(1, 2, 3)`:                "nothing - a vector is not defined",
		`vec.new(1, 2, 3) * vec.new(1, 2, 3)`:   "a vector * a vector is not defined; there are vec.dot and vec.cross",
		`1 / vec.new(1, 2, 3)`:                  "1 / a vector is not defined",
		`vec.new(1, 2, 3) * vec.identity()`:     "a vector * a matrix is not defined",
		`vec.new(1, 2, 3) / 0`:                  "the result is not finite: (+Inf, +Inf, +Inf)",
		`vec.new(1e308, 0, 0) * 10`:             "the result is not finite: (+Inf, 0, 0)",
		`vec.dot({1e200, 0, 0}, {1e200, 0, 0})`: "the result is not finite: (+Inf)",
		`vec.new().w`:                           "a vector has no w",
		`vec.new():lenght()`:                    "a vector has no lenght: did you mean length?",
		`vec.crossed`:                           "there is no loci.vec.crossed",
		`(function() vec.new().x = "1" end)()`:  "x must be a finite number, not a string",
		`(function() vec.new().x = 1/0 end)()`:  "x must be a finite number, not +Inf",
		`(function() vec.new()[4] = 1 end)()`:   "a vector has no place for 4",
		`(function() vec.new().w = 1 end)()`:    "a vector has no place for w",
		`(function() vec.new = 1 end)()`:        "loci.vec cannot be changed",
		`setmetatable(vec.new(), {})`:           "protected metatable",
		`vec.quat({0, 0, 0}, 1)`:                "axis: it has no direction, it is 0 long",
		`vec.quat({0, 1, 0})`:                   "(angle: a finite number expected, got nothing)",
		`vec.rotation({0, 1, 0})`:               "(angle: a finite number expected, got nothing)",
		`vec.rotation(vec.quat{0, 0, 0, 1}, 1)`: "(axis: a vector, {x, y, z}, expected, got a quaternion)",
		`vec.quat({0, 1, 0}, 1/0)`:              "(angle: a finite number expected, got +Inf)",
		`vec.quat(1)`:                           "(axis: a vector, a quaternion or a matrix expected, got 1)",
		`vec.quat(vec.identity(), 1)`:           "(axis: a vector, {x, y, z}, expected, got a matrix)",
		`vec.quat{0, 0, 0, 0}`:                  "quaternion(0, 0, 0, 0) is no rotation",
		`vec.rotate({0, 0, 0, 1/0}, {1, 2, 3})`: "quaternion(0, 0, 0, +Inf) is no rotation",
		`vec.rotate({1, 2, 3}, {1, 2, 3})`:      "(q: a quaternion, {x, y, z, w}, expected, got a vector)",
		`vec.quat{0, 0, 0, 1} + vec.new()`:      "a quaternion + a vector is not defined",
		`vec.matrix{1, 2, 3}`:                   "(of: a matrix, 16 numbers, or a quaternion expected, got a vector)",
		`vec.matrix{1, 2, 3, 4, 5}`:             "got a list of 5",
		`vec.position(1)`:                       "(m: a matrix, 16 numbers, expected, got 1)",
		`vec.inverse{1, 2, 3}`:                  "(of: a quaternion or a matrix expected, got a vector)",
		`vec.scaling(1, 0, 1):inverse()`:        "the matrix has no inverse: it scales something to nothing",
		`vec.scaling(1, 0, 1):decompose()`:      "it scales something to nothing",
		`vec.compose{ rotation = {1, 2, 3} }`:   "transform: it has at, turn and scale, but no rotation",
		`vec.compose{ sclae = 2 }`:              "no sclae: did you mean scale?",
		`vec.compose{ at = {1, 2} }`:            "transform.at must be three numbers",
		`vec.compose{1, 2, 3}`:                  "got a vector",
	} {
		if v, err := c.try(expression); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, %v, want %s", expression, v, err, want)
		}
	}
}

func TestVecGivesFiniteNumbersOrAnError(t *testing.T) {
	c := newCalculator(t)
	extremes := []float64{0, 1, -1, 0.5, 1e-320, -1e-160, 1e160, math.MaxFloat64, -math.MaxFloat64, math.Inf(1), math.NaN()}
	some := func(n int) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = extremes[rand.IntN(len(extremes))]
		}
		return out
	}
	expressions := []string{
		`vec.new(a)`, `vec.new(a) + b`, `vec.new(a) - b`, `-vec.new(a)`, `vec.new(a) * d[1]`, `vec.new(a) / d[1]`,
		`vec.dot(a, b)`, `vec.cross(a, b)`, `vec.length(a)`, `vec.distance(a, b)`, `vec.normalize(a)`, `vec.lerp(a, b, d[1])`,
		`vec.angle(a, b)`, `vec.quat(a, d[1])`, `vec.euler(a)`, `vec.quat(c)`, `vec.quat(d)`, `vec.slerp(c, {0, 1, 0, 1}, d[1])`,
		`vec.rotate(c, a)`, `vec.angles(c)`, `vec.inverse(c)`, `vec.inverse(d)`, `vec.matrix(c)`, `vec.matrix(d)`,
		`vec.matrix(d) * d`, `vec.matrix(d) * vec.new(a)`, `vec.rotation(a, d[1])`, `vec.translation(a)`, `vec.scaling(a)`,
		`vec.scaling(d[1])`, `vec.compose{ at = a, turn = b, scale = c[1] }`, `vec.point(d, a)`, `vec.direction(d, a)`,
		`vec.position(d)`, `vec.decompose(d).at`, `vec.decompose(d).turn`, `vec.decompose(d).scale`,
	}
	good := map[string]bool{}
	for range 100 {
		args := [][]float64{some(3), some(3), some(4), some(16)}
		for _, expression := range expressions {
			v, err := c.try(expression, args...)
			if err != nil {
				continue
			}
			n := numbersOf(v)
			if good[expression] = true; n.n == 0 || slices.ContainsFunc(n.at[:n.n], func(f float64) bool { return !isFinite(f) }) {
				t.Errorf("%s with %v gives %v", expression, args, n.at[:n.n])
			}
		}
	}
	if c.s.Broken() != nil {
		t.Error(c.s.Broken())
	}
	if len(good) < len(expressions)/2 {
		t.Errorf("only %d of %d ever gave a result", len(good), len(expressions))
	}
}
