package scripts

import (
	"math"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/engine"
)

func TestMatricesMoveTurnAndScale(t *testing.T) {
	c := newCalculator(t)
	c.near([]float64{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}, `vec.identity()`)
	c.near([]float64{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 7, 8, 9, 1}, `vec.translation(7, 8, 9)`)
	c.near([]float64{2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1}, `vec.scaling(2)`)
	c.near([]float64{2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 4, 0, 0, 0, 0, 1}, `vec.scaling{2, 3, 4}`)
	c.near([]float64{0, 0, -1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1}, `vec.rotation({0, 1, 0}, math.pi / 2)`)
	c.near([]float64{0, 0, -1}, `vec.rotation({0, 1, 0}, math.pi / 2) * vec.new(1, 0, 0)`)
	c.near([]float64{8, 10, 12}, `vec.translation(7, 8, 9):point{1, 2, 3}`)
	c.near([]float64{1, 2, 3}, `vec.translation(7, 8, 9):direction{1, 2, 3}`)
	c.near([]float64{7, 8, 9}, `vec.translation{7, 8, 9}:position()`)
	c.near([]float64{9, 12, 15}, `vec.translation{7, 8, 9} * vec.scaling(2) * vec.new(1, 2, 3)`)
	c.near([]float64{-6, -6, -6}, `vec.translation{7, 8, 9}:inverse():point{1, 2, 3}`)
	c.near([]float64{1e6, 1e6, 1e6}, `vec.scaling(1e-6):inverse():point{1, 1, 1}`)
	if _, err := c.try(`vec.point(a, {1, 2, 3})`, make([]float64, 16)); err == nil {
		t.Error("a point at infinity")
	}
}

func TestMatricesAgreeWithMathGL(t *testing.T) {
	c := newCalculator(t)
	for range 200 {
		a, b, v := random(16, 3), random(16, 3), random(3, 100)
		m, n := mgl64.Mat4(a), mgl64.Mat4(b)
		p, inverse := m.Mul4(n), m.Inv()
		point := mgl64.TransformCoordinate(mgl64.Vec3(v), m)
		direction := m.Mat3().Mul3x1(mgl64.Vec3(v))
		c.near(p[:], `vec.matrix(a) * b`, a, b)
		c.near(p[:], `a * vec.matrix(b)`, a, b)
		c.near(inverse[:], `vec.inverse(a)`, a)
		c.near(point[:], `vec.matrix(a) * c`, a, b, v)
		c.near(point[:], `vec.point(a, c)`, a, b, v)
		c.near(direction[:], `vec.direction(a, c)`, a, b, v)
	}
}

func TestComposedMatricesAreThoseOfShortTransforms(t *testing.T) {
	c := newCalculator(t)
	for i := range 200 {
		at, turn, scale := random(3, 100), random(3, 10), random(3, 4)
		anyOf := func(v []float64) []any { return []any{v[0], v[1], v[2]} }
		transform := map[string]any{"at": anyOf(at), "turn": anyOf(turn), "scale": anyOf(scale)}
		if i%2 == 0 {
			transform["scale"], scale = scale[0], []float64{scale[0], scale[0], scale[0]}
		}
		if err := shortTransform(transform); err != nil {
			t.Fatal(err)
		}
		var want []float64
		for _, v := range transform["matrix"].([]any) {
			want = append(want, v.(float64))
		}
		c.near(want, `vec.compose{ at = a, turn = b, scale = c }`, at, turn, scale)
		c.near(want, `vec.translation(a) * vec.euler(b):matrix() * vec.scaling(c)`, at, turn, scale)
		c.near(want, `vec.compose(vec.decompose(a))`, want)
		c.near(at, `vec.decompose(a).at`, want)
		c.near([]float64{math.Abs(scale[1])}, `vec.decompose(a).scale.y`, want)
	}
	c.near([]float64{-2, 3, 4}, `vec.scaling(-2, 3, 4):decompose().scale`)
	c.near([]float64{0, 0, 0}, `vec.scaling(-2, 3, 4):decompose().turn`)
	c.near([]float64{1e-6, 1e-6, 1e-6}, `vec.scaling(1e-6):decompose().scale`)
	c.near([]float64{0, 0.5, 0}, `(vec.rotation({0, 1, 0}, 0.5) * {1,0,0,0, 0.5,1,0,0, 0,0,1,0, 0,0,0,1}):decompose().turn`)
}

func TestWorldIsAMatrixThatPlacesEntities(t *testing.T) {
	r := opened(t, lua1(`local vec = require "loci.vec"
		place.scene{ a = { transform = { at = {1, 2, 3}, turn = {0.1, 0.2, 0.3}, scale = 2 }, children = {
			b = { transform = { at = {4, 5, 6}, turn = {-1, 2, 3}, scale = {1, 2, 3} }, children = {
				c = { transform = { at = {7, 8, 9} } } } } } } }
		place.on("open", function()
			local a, b, c = place.entity("a"), place.entity("a.b"), place.entity("a.b.c")
			print(getmetatable(c:world()), b:world():point{7, 8, 9}:distance(c:world():position()) < 1e-9)
			place.spawn{ seen = {
				world = c:world(),
				chained = vec.matrix(a.transform.matrix) * b.transform.matrix * c.transform.matrix,
			} }
		end)
		place.handle("put", function(request)
			local b, c = place.entity("a.b"), place.entity("a.b.c")
			b.transform = b:world():decompose()
			c.transform = { matrix = b:world():inverse() * vec.compose(request.args[1]) }
			return "ok"
		end)`))
	r.Advance(time.Second)
	r.want(`loci.Matrix\ttrue`)
	r.do(func(turn *engine.Turn) {
		for e := range turn.World().Entities() {
			seen, ok := e.Component("seen")
			if !ok {
				continue
			}
			want := turn.World().Entity("a.b.c").World()
			for name, m := range seen {
				if got := floats(t, m); !alike(got, want[:]) {
					t.Errorf("%s is %v, want %v", name, got, want)
				}
			}
			return
		}
		t.Error("nothing seen")
	})
	var before, after, put mgl64.Mat4
	r.do(func(turn *engine.Turn) { before = turn.World().Entity("a.b").World() })
	r.equal(r.join("ann").request("place", `["put",{"at":[1,0,-1],"turn":[0,1,0]}]`), `["put","ok"]`)
	r.do(func(turn *engine.Turn) {
		after, put = turn.World().Entity("a.b").Local(), turn.World().Entity("a.b.c").World()
	})
	if !alike(after[:], before[:]) {
		t.Errorf("taken apart and put together it is %v, was %v", after, before)
	}
	if want := mgl64.Translate3D(1, 0, -1).Mul4(mgl64.HomogRotate3DY(1)); !alike(put[:], want[:]) {
		t.Errorf("it was put to %v, not %v", put, want)
	}
}

// floats reads a list of plain data.
func floats(t *testing.T, v any) (out []float64) {
	t.Helper()
	for _, item := range v.([]any) {
		out = append(out, item.(float64))
	}
	return out
}
