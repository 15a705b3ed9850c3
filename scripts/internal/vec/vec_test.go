package vec

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/sandbox"
)

// calculator evaluates Lua expressions with vec and up to four arguments a, b, c, d.
type calculator struct {
	testing.TB
	s        *bind.State
	compiled map[string]lua.LValue
}

func newCalculator(t testing.TB) *calculator {
	t.Helper()
	s := bind.New(sandbox.Config{})
	t.Cleanup(s.Close)
	s.L.SetGlobal("place", s.Userdata(bind.Named("place"), nil))
	s.Preload("loci.vec", Open(s))
	return &calculator{t, s, map[string]lua.LValue{}}
}

// run runs a script's top level.
func (c *calculator) run(source, file string) ([]lua.LValue, error) {
	fn, err := c.s.Load(source, file)
	if err != nil {
		return nil, err
	}
	return c.s.Call(sandbox.Budget{}, fn)
}

// function compiles an expression.
func (c *calculator) function(expression string) lua.LValue {
	c.Helper()
	if fn, ok := c.compiled[expression]; ok {
		return fn
	}
	values, err := c.run(`local vec = require "loci.vec" return function(a, b, c, d) return `+expression+` end`, "test.lua")
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
			t := c.s.L.NewTable()
			for _, v := range a {
				t.Append(lua.LNumber(v))
			}
			values[i] = t
		}
	}
	results, err := c.s.Call(sandbox.Budget{Time: time.Minute}, c.function(expression), values...)
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

func TestMethodsAreDescribedWithoutTheirFirstParameter(t *testing.T) {
	got := fmt.Sprint(asMethods(vectorFunctions())[0].Signature, asMethods(matrixFunctions())[3].Signature)
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
			values, err := c.run(`local vec = require "loci.vec"
				local a, b = `+bench.sample+`, `+bench.sample+`
				return function(n) for i = 1, n do local _ = `+bench.expression+` end end`, "bench.lua")
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			if _, err := c.s.Call(sandbox.Budget{Time: time.Hour, Instructions: 1 << 60}, values[0], lua.LNumber(b.N)); err != nil {
				b.Fatal(err)
			}
		})
	}
}
