package vec

import (
	"math"
	"testing"

	"github.com/go-gl/mathgl/mgl64"
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
		if err := WriteOut(transform); err != nil {
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
