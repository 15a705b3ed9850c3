package view

import (
	"math"
	"testing"
)

func TestRingsGrowByAQuarterOctave(t *testing.T) {
	last := uint8(0)
	for d := 0.01; d < 1000; d *= 1.01 {
		r := ring(d * d)
		if r < last || r < 1 || r >= rings {
			t.Fatalf("ring at %.2f m is %d, after %d", d, r, last)
		}
		if want := 5 + 4*math.Log2(d); d > 0.6 && d < 60 && math.Abs(float64(r)-want) > 1.2 {
			t.Fatalf("ring at %.2f m is %d, want about %.1f", d, r, want)
		}
		last = r
	}
	for _, odd := range []float64{0, math.NaN(), math.Inf(1), math.MaxFloat64} {
		if r := ring(odd); r < 1 || r >= rings {
			t.Errorf("ring of %g is %d", odd, r)
		}
	}
}
