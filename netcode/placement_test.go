package netcode

import (
	"math"
	"math/rand/v2"
	"testing"
)

// turned is the matrix of a rotation by an angle, in radians, about an axis, with a scale.
func turned(axis [3]float64, angle float64, scale, at [3]float64) Matrix {
	length := math.Sqrt(axis[0]*axis[0] + axis[1]*axis[1] + axis[2]*axis[2])
	x, y, z := axis[0]/length, axis[1]/length, axis[2]/length
	s, c := math.Sincos(angle)
	t := 1 - c
	return Matrix{
		(t*x*x + c) * scale[0], (t*x*y + s*z) * scale[0], (t*x*z - s*y) * scale[0], 0,
		(t*x*y - s*z) * scale[1], (t*y*y + c) * scale[1], (t*y*z + s*x) * scale[1], 0,
		(t*x*z + s*y) * scale[2], (t*y*z - s*x) * scale[2], (t*z*z + c) * scale[2], 0,
		at[0], at[1], at[2], 1,
	}
}

var ones = [3]float64{1, 1, 1}

// angleBetween is the angle of the rotation that leads from the axes of one matrix to those of
// another, in degrees.
func angleBetween(a, b *Matrix) float64 {
	trace, squares := 0.0, 0.0
	for i := range 3 {
		dot, aa, bb := 0.0, 0.0, 0.0
		for j := range 3 {
			dot, aa, bb = dot+a[4*i+j]*b[4*i+j], aa+a[4*i+j]*a[4*i+j], bb+b[4*i+j]*b[4*i+j]
		}
		trace += dot / math.Sqrt(aa*bb)
		squares += 2 - 2*dot/math.Sqrt(aa*bb)
	}
	if squares < 1e-3 { // where the cosine has no digits left
		return 2 * math.Asin(math.Sqrt(squares/8)) * 180 / math.Pi
	}
	return math.Acos(max(-1, min(1, (trace-1)/2))) * 180 / math.Pi
}

func randomTransform(rng *rand.Rand) Matrix {
	axis := [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
	if rng.IntN(3) == 0 {
		axis = [3]float64{0, 1, 0}
	}
	scale := ones
	if rng.IntN(3) == 0 {
		scale = [3]float64{math.Exp(rng.NormFloat64()), math.Exp(rng.NormFloat64()), math.Exp(rng.NormFloat64())}
	}
	far := math.Pow(10, rng.Float64()*5)
	return turned(axis, rng.Float64()*2*math.Pi, scale, [3]float64{rng.NormFloat64() * far, rng.NormFloat64(), rng.NormFloat64() * far})
}

func TestPlacementsAreWithinAMillimetreAndATenthDegree(t *testing.T) {
	const seed = 1
	rng := rand.New(rand.NewPCG(seed, 2))
	short, worst := 0, 0.0
	const runs = 200_000
	for range runs {
		m := randomTransform(rng)
		p, ok := NewPlacement(&m)
		if !ok {
			t.Fatalf("seed %d: %v has no placement", seed, m)
		}
		var got Matrix
		p.Matrix(&got)
		off := math.Sqrt((got[12]-m[12])*(got[12]-m[12]) + (got[13]-m[13])*(got[13]-m[13]) + (got[14]-m[14])*(got[14]-m[14]))
		angle := angleBetween(&m, &got)
		if off > 0.001 || angle > 0.1 {
			t.Fatalf("seed %d: %v becomes %v: off by %v m and %v degrees", seed, m, got, off, angle)
		}
		for i := range 3 {
			want := math.Hypot(math.Hypot(m[4*i], m[4*i+1]), m[4*i+2])
			is := math.Hypot(math.Hypot(got[4*i], got[4*i+1]), got[4*i+2])
			if math.Abs(is-want) > 1.01e-4*max(want, 1) {
				t.Fatalf("seed %d: a scale of %v becomes %v", seed, want, is)
			}
		}
		if worst = max(worst, angle); !p.Rotation.Long {
			short++
		}
	}
	t.Logf("%.1f %% of the rotations take 32 bits, the worst is off by %.4f degrees", float64(short)/runs*100, worst)
}

func TestPlacementsOfPlacementsAreThemselves(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 50_000 {
		m := randomTransform(rng)
		p, _ := NewPlacement(&m)
		var once, twice Matrix
		p.Matrix(&once)
		again, ok := NewPlacement(&once)
		again.Matrix(&twice)
		if !ok || again.Position != p.Position || angleBetween(&once, &twice) > 0.1 {
			t.Fatalf("%+v becomes %+v, %v", p, again, ok)
		}
	}
}

func TestTheOriginIsTheIdentityAndTheIdentityTheOrigin(t *testing.T) {
	var m Matrix
	Origin.Matrix(&m)
	p, ok := NewPlacement(&Identity)
	if m != Identity || !ok || p != Origin {
		t.Errorf("got %v, and %+v, %v", m, p, ok)
	}
}

func TestWhatNoPlacementIsWithinIsLeftAsItIs(t *testing.T) {
	with := func(change func(m *Matrix)) Matrix {
		m := turned([3]float64{1, 2, 3}, 1, ones, [3]float64{1, 2, 3})
		change(&m)
		return m
	}
	for name, m := range map[string]Matrix{
		"a mirror":            with(func(m *Matrix) { m[0], m[1], m[2] = -m[0], -m[1], -m[2] }),
		"a shear":             with(func(m *Matrix) { m[0] += 0.01 }),
		"a projection":        with(func(m *Matrix) { m[11] = -1 }),
		"a homogeneous scale": with(func(m *Matrix) { m[15] = 2 }),
		"too far":             with(func(m *Matrix) { m[12] = 1.1e6 }),
		"nothing":             {15: 1},
		"flat":                with(func(m *Matrix) { m[4], m[5], m[6] = 0, 0, 0 }),
		"larger than a float": with(func(m *Matrix) { m[0], m[1], m[2] = 1e39*m[0], 1e39*m[1], 1e39*m[2] }),
		"not a number":        with(func(m *Matrix) { m[12] = math.NaN() }),
		"infinite":            with(func(m *Matrix) { m[5] = math.Inf(1) }),
	} {
		if p, ok := NewPlacement(&m); ok {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if m := with(func(m *Matrix) { m[0] += 0.0005 }); func() bool { _, ok := NewPlacement(&m); return !ok }() {
		t.Error("a shear of less than a tenth of a degree has no placement")
	}
}

func TestChangesLeadFromOnePlacementToTheOther(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	at := Origin
	for n := range 20_000 {
		m := randomTransform(rng)
		to, _ := NewPlacement(&m)
		switch rng.IntN(4) {
		case 0:
			to.Position = at.Position
		case 1:
			to.Rotation = at.Rotation
		case 2:
			to.Scale = at.Scale
		}
		from := &at
		if n%10 == 0 {
			from = nil
		}
		c := NewPlacementChange(from, &to)
		sent := c.append(nil)
		var got PlacementChange
		size, err := got.parse(c.flags, sent)
		if err != nil || size != len(sent) {
			t.Fatalf("%+v: %d of %d bytes, %v", c, size, len(sent), err)
		}
		for i := range sent {
			if _, err := got.parse(c.flags, sent[:i:i]); err == nil {
				t.Fatalf("%d of %d bytes parse", i, len(sent))
			}
		}
		if _, err := got.parse(c.flags, sent); err != nil {
			t.Fatal(err)
		}
		p := at
		placed, err := got.Apply(&p, from != nil)
		if err != nil || !placed || p != to {
			t.Fatalf("from %+v to %+v is %+v, %v, %v", at, to, p, placed, err)
		}
		at = to
	}
}

func BenchmarkNewPlacement(b *testing.B) {
	for name, m := range map[string]Matrix{
		"walker": turned([3]float64{0, 1, 0}, 0.7, ones, [3]float64{1, 2, 3}),
		"head":   turned([3]float64{1, 2, 3}, 0.7, ones, [3]float64{1, 2, 3}),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := NewPlacement(&m); !ok {
					b.Fatal("none")
				}
			}
		})
	}
}
