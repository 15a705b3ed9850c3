package scripts

import (
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/scripts/sandbox"
)

// calculator evaluates Lua expressions with vec and up to four arguments a, b, c, d.
type calculator struct {
	testing.TB
	g        *generation
	compiled map[string]lua.LValue
}

func newCalculator(t testing.TB) *calculator {
	t.Helper()
	r, err := New(Config{Sources: files{}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	g := r.newGeneration(1, files{})
	t.Cleanup(g.close)
	return &calculator{t, g, map[string]lua.LValue{}}
}

// function compiles an expression.
func (c *calculator) function(expression string) lua.LValue {
	c.Helper()
	if fn, ok := c.compiled[expression]; ok {
		return fn
	}
	values, err := c.g.run(`local vec = require "loci.vec" return function(a, b, c, d) return `+expression+` end`, "test.lua", nil)
	if err != nil {
		c.Fatal(err)
	}
	c.compiled[expression] = values[0]
	return values[0]
}

func (c *calculator) try(expression string, args ...[]float64) (lua.LValue, error) {
	c.Helper()
	values := make([]lua.LValue, len(args))
	for i, a := range args {
		if values[i] = lua.LNumber(a[0]); len(a) > 1 {
			t := c.g.L.NewTable()
			for _, v := range a {
				t.Append(lua.LNumber(v))
			}
			values[i] = t
		}
	}
	results, err := c.g.s.Call(sandbox.Budget{Time: time.Minute}, c.function(expression), values...)
	if err != nil {
		return nil, err
	}
	return results[0], nil
}

// numbers gives those of a result; lists among the arguments are plain tables.
func (c *calculator) numbers(expression string, args ...[]float64) []float64 {
	c.Helper()
	v, err := c.try(expression, args...)
	if err != nil {
		c.Fatalf("%s: %v", expression, err)
	}
	n := numbersOf(v)
	return n.at[:n.n]
}

// near checks the numbers of a result.
func (c *calculator) near(want []float64, expression string, args ...[]float64) {
	c.Helper()
	got := c.numbers(expression, args...)
	if !alike(got, want) {
		c.Errorf("%s with %v gives %v, want %v", expression, args, got, want)
	}
}

func alike(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(a, b float64) bool {
		return max(a-b, b-a) <= 1e-9*max(1, a, -a)
	})
}

// random gives n numbers between -size and size.
func random(n int, size float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = (rand.Float64()*2 - 1) * size
	}
	return out
}

func TestVecCalculates(t *testing.T) {
	c := newCalculator(t)
	for expression, want := range map[string]string{
		`vec.new()`:                                                        "vector(0, 0, 0)",
		`vec.new(1, 2.5, -3)`:                                              "vector(1, 2.5, -3)",
		`vec.new{1, 2, 3}`:                                                 "vector(1, 2, 3)",
		`vec.new(1, 2, 3) + vec.new(1, 1, 1)`:                              "vector(2, 3, 4)",
		`vec.new(1, 2, 3) + {1, 1, 1}`:                                     "vector(2, 3, 4)",
		`{1, 1, 1} - vec.new(1, 2, 3)`:                                     "vector(0, -1, -2)",
		`-vec.new(1, 0, -3)`:                                               "vector(-1, 0, 3)",
		`2 * vec.new(1, 2, 3) * 2`:                                         "vector(4, 8, 12)",
		`vec.new(1, 2, 3) / 2`:                                             "vector(0.5, 1, 1.5)",
		`vec.new(1, 2, 3) == vec.new(1, 2, 3)`:                             "true",
		`vec.new(1, 2, 3) ~= vec.new(1, 2, 4)`:                             "true",
		`vec.new(1, 2, 3):dot{1, 1, 1}`:                                    "6",
		`vec.dot({1, 2, 3}, {1, 1, 1})`:                                    "6",
		`vec.new(1, 0, 0):cross{0, 1, 0}`:                                  "vector(0, 0, 1)",
		`vec.length{2, 3, 6}`:                                              "7",
		`vec.length{3e-300, 4e-300, 0} == 5e-300`:                          "true",
		`vec.distance({1, 1, 1}, {3, 4, 7})`:                               "7",
		`vec.normalize{0, -3, 4}`:                                          "vector(0, -0.6, 0.8)",
		`vec.normalize{1e-320, 0, 0}`:                                      "vector(1, 0, 0)",
		`vec.normalize{0, 0, 0}`:                                           "vector(0, 0, 0)",
		`vec.lerp({0, 0, 0}, {2, 4, 6}, 0.5)`:                              "vector(1, 2, 3)",
		`vec.lerp({0.1, 0, 0}, {0.3, 4, 6}, 1).x`:                          "0.3",
		`vec.angle({1, 0, 0}, {0, 0, 5}) / math.pi`:                        "0.5",
		`vec.angle({1, 0, 0}, {-2, 0, 0}) / math.pi`:                       "1",
		`vec.angle({1, 0, 0}, {0, 0, 0})`:                                  "0",
		`vec.angle({1, 0, 0}, {1, 1e-12, 0})`:                              "1e-12",
		`vec.new(1, 2, 3).y`:                                               "2",
		`#vec.new(1, 2, 3)`:                                                "3",
		`vec.new(1, 2, 3)[4]`:                                              "nil",
		`vec.new(unpack(vec.new(1, 2, 3)))`:                                "vector(1, 2, 3)",
		`place.json.encode{vec.new(1, 2, 3)}`:                              "[[1,2,3]]",
		`getmetatable(vec.new())`:                                          "loci.Vector",
		`(function() local v = vec.new() v.y = 2 v[3] = 3 return v end)()`: "vector(0, 2, 3)",
		`(function() local v = vec.new() local w = vec.new(v) w.y = 2 return v end)()`:                  "vector(0, 0, 0)",
		`(function() local q = vec.quat{0, 0, 0, 1} q.w = 2 return q.w + q[4] end)()`:                   "4",
		`(function() local n = 0 for _, v in ipairs(vec.new(1, 2, 3)) do n = n + v end return n end)()`: "6",
	} {
		v, err := c.try(`tostring(` + expression + `)`)
		if err != nil || v.String() != want {
			t.Errorf("%s gives %v, %v, want %s", expression, v, err, want)
		}
	}
}

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
	if c.g.s.Broken() != nil {
		t.Error(c.g.s.Broken())
	}
	if len(good) < len(expressions)/2 {
		t.Errorf("only %d of %d ever gave a result", len(good), len(expressions))
	}
}

func TestVectorsCrossStateStoreAndComponentsAsPlainData(t *testing.T) {
	sources := func(reload string) files {
		return lua1(`local vec = require "loci.vec"
		place.on("open", function()
			place.state.v = vec.new(1, 2, 3)
			place.store.set("q", vec.quat({0, 1, 0}, math.pi))
			place.spawn{ transform = { matrix = vec.compose{ at = {1, 2, 3} } }, path = { points = { vec.new(4, 5, 6) } } }
		end)
		place.on("reload", function() ` + reload + ` end)`)
	}
	r := opened(t, sources(""))
	if err := r.reload(sources(`
		local q = place.store.get("q")
		print(getmetatable(place.state.v), getmetatable(q))
		print(vec.new(place.state.v) + place.state.v, vec.rotate(q, place.state.v):distance{-1, 2, -3} < 1e-9)
		local e = place.entities{ with = "path" }[1]
		local first = e.path.points[1]
		print(vec.length(first) == vec.new(4, 5, 6):length(), vec.new(first) - first, first + vec.new(first))
		print(vec.position(e.transform.matrix), vec.matrix(e.transform.matrix) == vec.translation(1, 2, 3))
		print(vec.matrix(e.transform.matrix) * e.transform.matrix * vec.new(first))
		print((select(2, pcall(vec.length, e.path)):gsub("^.* of %w+", "")))
		e.path.points[1] = vec.new(first) * 2
		e:move(unpack(vec.position(e.transform.matrix) * 2))
		print(vec.new(first), vec.new(e:position()))
		e:remove()
		print((select(2, pcall(vec.length, first)):gsub("^.* of %w+", "")))
	`)); err != nil {
		t.Fatal(err)
	}
	r.want(
		`nil\tnil`,
		`vector(2, 4, 6)\ttrue`,
		`true\tvector(0, 0, 0)\tvector(8, 10, 12)`,
		`vector(1, 2, 3)\ttrue`,
		`vector(6, 9, 12)`,
		`)`,
		`vector(8, 10, 12)\tvector(2, 4, 6)`,
		`.points[1])`,
	)
}

func TestMethodsAreDescribedWithoutTheirFirstParameter(t *testing.T) {
	got := fmt.Sprint(asMethods(vectorFunctions())[0].signature, asMethods(matrixFunctions())[3].signature)
	want := "(b: loci.Vector|number[]): number(): {at: loci.Vector, turn: loci.Vector, scale: loci.Vector}"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func BenchmarkVec(b *testing.B) {
	for _, bench := range []struct{ name, expression, sample string }{
		{"v+w", "a + b", "vec.new(1.5, 2.5, 3.5)"},
		{"dot", "a:dot(b)", "vec.new(1.5, 2.5, 3.5)"},
		{"x", "a.x", "vec.new(1.5, 2.5, 3.5)"},
		{"q*q", "a * b", "vec.quat({1, 2, 3}, 1)"},
		{"m*m", "a * b", "vec.compose{ at = {1, 2, 3}, turn = {1, 2, 3} }"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			c := newCalculator(b)
			values, err := c.g.run(`local vec = require "loci.vec"
				local a, b = `+bench.sample+`, `+bench.sample+`
				return function(n) for i = 1, n do local _ = `+bench.expression+` end end`, "bench.lua", nil)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			if _, err := c.g.s.Call(sandbox.Budget{Time: time.Hour, Instructions: 1 << 60}, values[0], lua.LNumber(b.N)); err != nil {
				b.Fatal(err)
			}
		})
	}
}
