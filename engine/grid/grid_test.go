package grid

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestNearFindsAllWithinTheRadius(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	type point struct{ x, z float64 }
	for _, spread := range []float64{5, 100, 10_000, 1e300} {
		g := New[int](8)
		at := map[int]point{}
		for range 3000 {
			n := rng.IntN(500)
			if rng.IntN(4) == 0 {
				g.Remove(n)
				delete(at, n)
				continue
			}
			p := point{(rng.Float64() - 0.5) * spread, (rng.Float64() - 0.5) * spread}
			g.Put(n, p.x, p.z)
			at[n] = p
		}
		for range 200 {
			x, z, r := (rng.Float64()-0.5)*spread, (rng.Float64()-0.5)*spread, rng.Float64()*spread/4
			found := map[int]int{}
			g.Near(x, z, r, func(n int) { found[n]++ })
			for n, p := range at {
				if math.Hypot(p.x-x, p.z-z) <= r && found[n] != 1 {
					t.Fatalf("%v is within %g of (%g, %g) and found %d times", p, r, x, z, found[n])
				}
			}
			for n := range found {
				if _, ok := at[n]; !ok {
					t.Fatalf("%d was removed and is found", n)
				}
			}
		}
	}
}

func TestNearLooksOnlyAtWhatIsNear(t *testing.T) {
	g := New[int](8)
	for n := range 100_000 {
		g.Put(n, float64(n%1000), float64(n/1000))
	}
	seen := 0
	g.Near(500, 50, 10, func(int) { seen++ })
	if seen > 40*40 {
		t.Errorf("%d looked at, of which about 314 are near", seen)
	}
}

func TestAnEmptiedGridKeepsNothing(t *testing.T) {
	g := New[int](1)
	for n := range 100 {
		g.Put(n, float64(n), 0)
		g.Put(n, 0, float64(n))
	}
	for n := range 100 {
		g.Remove(n)
		g.Remove(n)
	}
	if len(g.cells) != 0 || len(g.spots) != 0 {
		t.Errorf("%d cells and %d spots remain", len(g.cells), len(g.spots))
	}
}
