package vec

import (
	"math"
	"testing"

	"github.com/go-gl/mathgl/mgl64"
)

func TestQuaternionsTurn(t *testing.T) {
	c := newCalculator(t)
	quarter, half := math.Pi/2, math.Sqrt2/2
	c.near([]float64{0, half, 0, half}, `vec.quat({0, 9, 0}, math.pi / 2)`)
	c.near([]float64{0, 0, 0, 1}, `vec.quat({0, 9, 0}, 0)`)
	c.near([]float64{0, 0.6, 0, 0.8}, `vec.quat{0, 3, 0, 4}`)
	// Y is up, X to the right, and a positive angle turns counter-clockwise seen from
	// above: from X to -Z, ahead.
	c.near([]float64{0, 0, -1}, `vec.quat({0, 1, 0}, math.pi / 2) * vec.new(1, 0, 0)`)
	c.near([]float64{0, 0, -1}, `vec.rotate({0, 1, 0, 1}, {1, 0, 0})`)
	c.near([]float64{0, 1, 0}, `vec.quat({0, 0, 1}, math.pi / 2):rotate{1, 0, 0}`)
	c.near([]float64{1, 2, 3}, `vec.quat(a, 2):inverse() * (vec.quat(a, 2) * vec.new(1, 2, 3))`, []float64{3, 1, 2})
	c.near([]float64{0, 0, 0, 1}, `vec.inverse(a) * vec.quat(a)`, []float64{1, 2, 3, 4})
	c.near([]float64{quarter, 0, 0}, `vec.quat({1, 0, 0}, math.pi / 2):angles()`)
	c.near([]float64{0.1, -0.2, 0.3}, `vec.euler{0.1, -0.2, 0.3}:angles()`)
}

func TestSlerpTakesTheShortestWay(t *testing.T) {
	c := newCalculator(t)
	for _, size := range []float64{1e-9, 1e-3, 0.5, 3, 3.5, 6} {
		shortest := math.Remainder(size, 2*math.Pi)
		for _, at := range []float64{0, 0.25, 1} {
			q := mgl64.QuatRotate(shortest*at, mgl64.Vec3{1, 0, 0})
			want := q.Rotate(mgl64.Vec3{1, 2, 3})
			c.near(want[:], `vec.slerp({0, 0, 0, 1}, vec.quat({1, 0, 0}, a), b) * vec.new(1, 2, 3)`, []float64{size}, []float64{at})
		}
	}
	c.near([]float64{0, 0, 0, 1}, `vec.quat{0, 0, 0, 1}:slerp({0, 0, 0, -1}, 0.5)`)
}

func TestQuaternionsAgreeWithMathGL(t *testing.T) {
	c := newCalculator(t)
	for range 200 {
		a, b, v := random(4, 5), random(4, 5), random(3, 100)
		q := mgl64.Quat{V: mgl64.Vec3(a[:3]), W: a[3]}.Normalize()
		r := mgl64.Quat{V: mgl64.Vec3(b[:3]), W: b[3]}.Normalize()
		p := q.Mul(r)
		c.near([]float64{p.V[0], p.V[1], p.V[2], p.W}, `vec.quat(a) * b`, a, b)
		turned, matrix := p.Rotate(mgl64.Vec3(v)), p.Mat4()
		c.near(turned[:], `a * vec.quat(b) * vec.new(c)`, a, b, v)
		c.near(turned[:], `vec.quat(a):rotate(vec.rotate(b, c))`, a, b, v)
		c.near(turned[:], `vec.quat(a):matrix() * vec.matrix(b) * vec.new(c)`, a, b, v)
		c.near(matrix[:], `vec.rotation(a) * vec.rotation(b)`, a, b)
		c.near(matrix[:], `(vec.quat(a) * b):matrix():quat():matrix()`, a, b)
		c.near(matrix[:], `vec.matrix(vec.euler(vec.angles(vec.quat(a) * b)))`, a, b)
	}
}

func TestAnglesComeBackAsTheSameRotation(t *testing.T) {
	c := newCalculator(t)
	quarter := math.Pi / 2
	cases := [][]float64{
		{0, 0, 0}, {quarter, 0, 0}, {-quarter, 1, 2}, {quarter, 1, 2}, {quarter - 1e-8, 1, 2}, {quarter + 1e-5, 1, 2},
		{0, math.Pi, 0}, {0, 0, math.Pi}, {math.Pi, 0, 0}, {math.Pi, math.Pi, math.Pi}, {2, 3, -3}, {0, -math.Pi, 1},
	}
	for range 100 {
		cases = append(cases, random(3, 10))
	}
	for _, angles := range cases {
		want := turned(mgl64.Vec3(angles))
		c.near(want[:], `vec.euler(a):matrix()`, angles)
		c.near(want[:], `vec.euler(vec.euler(a):angles()):matrix()`, angles)
		c.near(want[:], `vec.compose{ turn = vec.euler(a):angles() }`, angles)
		if x := c.numbers(`vec.euler(a):angles()`, angles)[0]; math.Abs(x) > quarter {
			t.Errorf("%v about X", x)
		}
	}
}
