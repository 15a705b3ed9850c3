package world

import (
	"fmt"
	"testing"

	"github.com/loci-place/loci/internal/cputime"
)

// manyKeys is an object of n keys that begin with a prefix.
func manyKeys(prefix string, n int) map[string]any {
	m := make(map[string]any, n)
	for i := range n {
		m[fmt.Sprintf("%s%05x", prefix, i)] = 0.0
	}
	return m
}

// Sixty-four times as much must not take more than eight times as long as as much in
// sixty-four parts: it took 30 times as long.
func TestEditsTakeTimeInProportionToTheirSize(t *testing.T) {
	for name, edit := range map[string]func(n int) func(){
		"other keys": func(n int) func() {
			a, _ := Encode("x", manyKeys("a", n))
			b, _ := Encode("x", manyKeys("b", n))
			return func() {
				w := New(1)
				e := spawn(t, w, "e", map[string]any{"x": a})
				w.Advance()
				if err := e.Set("x", b); err != nil {
					t.Fatal(err)
				}
				if got := len(e.Fragment(1)); got < n*len(`"a00000":null,"b00000":0,`) {
					t.Fatalf("a patch of %d bytes", got)
				}
				w.Advance()
				w.Sweep(w.Now())
				if e.Tombstones() != 0 {
					t.Fatalf("%d tombstones are left", e.Tombstones())
				}
			}
		},
		"many children go": func(n int) func() {
			return func() {
				w := New(1)
				spawn(t, w, "parent", nil)
				for i := range n {
					spawn(t, w, fmt.Sprint(i), child("parent"))
				}
				w.Remove("parent", Cascade)
			}
		},
		"many children stay": func(n int) func() {
			return func() {
				w := New(1)
				spawn(t, w, "parent", nil)
				for i := range n {
					spawn(t, w, fmt.Sprint(i), child("parent"))
				}
				w.Remove("parent", Reparent)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			few, all := edit(500), edit(32000)
			parts := cputime.Least(3, func() {
				for range 64 {
					few()
				}
			})
			whole := cputime.Least(3, all)
			t.Logf("in parts %v, at once %v", parts, whole)
			if whole > 8*parts {
				t.Error("takes much longer")
			}
		})
	}
}

func BenchmarkReplaceKeys(b *testing.B) {
	const n = 16000
	one, _ := Encode("x", manyKeys("a", n))
	other, _ := Encode("x", manyKeys("b", n))
	b.SetBytes(int64(len(other.raw)))
	b.ReportAllocs()
	for b.Loop() {
		w := New(1)
		e := spawn(b, w, "e", map[string]any{"x": one})
		w.Advance()
		_ = e.Set("x", other)
		e.Fragment(1)
		w.Advance()
		w.Sweep(w.Now())
	}
}

// BenchmarkAnimatedNumber sets a number in a component of 400 KB, and encodes what agents
// are sent for it.
func BenchmarkAnimatedNumber(b *testing.B) {
	for name, path := range map[string][]string{
		"among keys": {"grabbable", "a00007"}, "in a list": {"grabbable", "list", "7", "1"},
	} {
		b.Run(name, func(b *testing.B) {
			w := New(1)
			c := manyKeys("a", 30000)
			pad := make([]any, 100000)
			for i := range pad {
				pad[i] = 0.0
			}
			list := make([]any, 1000)
			for i := range list {
				list[i] = []any{0.0, 0.0, 0.0}
			}
			c["pad"], c["list"] = pad, list
			e := spawn(b, w, "e", map[string]any{"grabbable": c})
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				w.Advance()
				if !e.SetNumbers(path, Numbers{V: [16]float64{float64(i)}, N: 1}) {
					b.Fatal("is not there")
				}
				e.Fragment(w.Now() - 1)
				e.Grabbable()
			}
		})
	}
}
