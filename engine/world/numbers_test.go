package world

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-gl/mathgl/mgl64"
)

// setNumbers sets a number at a random path, if there is one.
func (m *model) setNumbers(t *testing.T, e *Entity, name string) {
	path := []string{name}
	for range 1 + m.rng.IntN(3) {
		path = append(path, pick(m.rng, append(slices.Clone(modelKeys), "0", "1", "12", "matrix", "n")))
	}
	v := float64(m.rng.IntN(5))
	want := setIn(m.components(e.ID()), path, v)
	if got := e.SetNumbers(path, Numbers{V: [16]float64{v}, N: 1}); got != want {
		t.Fatalf("setting %v of %s: %v, want %v", path, e.ID(), got, want)
	}
}

// setIn replaces a number in decoded JSON and reports whether there was one.
func setIn(container any, path []string, v float64) bool {
	var at any
	i := -1
	switch c := container.(type) {
	case map[string]any:
		at = c[path[0]]
	case []any:
		n, err := strconv.Atoi(path[0])
		if err != nil || n >= len(c) {
			return false
		}
		i, at = n, c[n]
	}
	if len(path) > 1 {
		return setIn(at, path[1:], v)
	}
	if _, ok := at.(float64); !ok {
		return false
	}
	if i >= 0 {
		container.([]any)[i] = v
	} else {
		container.(map[string]any)[path[0]] = v
	}
	return true
}

func TestNumbersAreFoundByTheirPath(t *testing.T) {
	components := map[string]any{
		"transform": map[string]any{"matrix": list16(), "size": 2.0},
		"dial": map[string]any{
			"v": -1.5, "text": "1", "empty": []any{}, "one": []any{7.0}, "": 8.0,
			"mixed": []any{1.0, "2", []any{3.0, map[string]any{"k": []any{4.0, 5.0, 6.0}, "e\"\\": 9.0}}},
			"long":  slices.Repeat([]any{1.0}, 17), "3": 3.0, "obj": map[string]any{"x": map[string]any{"y": 1e20}},
		},
	}
	for _, c := range []struct {
		path string
		want []float64
		list bool
	}{
		{"dial/v", []float64{-1.5}, false},
		{"dial/3", []float64{3}, false},
		{"dial/", []float64{8}, false},
		{"dial/obj/x/y", []float64{1e20}, false},
		{"dial/empty", []float64{}, true},
		{"dial/one", []float64{7}, true},
		{"dial/one/0", []float64{7}, false},
		{"dial/mixed/0", []float64{1}, false},
		{"dial/mixed/2/1/k", []float64{4, 5, 6}, true},
		{"dial/mixed/2/1/k/2", []float64{6}, false},
		{`dial/mixed/2/1/e"\`, []float64{9}, false},
		{"dial/long/16", []float64{1}, false},
		{"transform/size", []float64{2}, false},
		{"transform/matrix", []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, true},
		{"transform/matrix/13", []float64{13}, false},
	} {
		t.Run(c.path, func(t *testing.T) {
			e, path := spawn(t, New(1), "e", components), strings.Split(c.path, "/")
			got, ok := e.Numbers(path)
			if !ok || !slices.Equal(got.V[:got.N], c.want) || got.List != c.list {
				t.Fatalf("got %v, %v", got, ok)
			}
			for i := range got.N {
				got.V[i] += 0.25
			}
			if !e.SetNumbers(path, got) {
				t.Fatal("not set")
			}
			if again, ok := e.Numbers(path); !ok || again != got {
				t.Errorf("got %v, want %v", again, got)
			}
		})
	}
	for _, path := range []string{
		"", "dial", "gone", "gone/v", "dial/gone", "dial/text", "dial/text/0", "dial/v/0", "dial/mixed", "dial/mixed/1",
		"dial/mixed/3", "dial/mixed/-1", "dial/mixed/+0", "dial/mixed/0x1", "dial/mixed/99999999999999999999", "dial/mixed/2",
		"dial/mixed/2/1", "dial/mixed/2/1/gone", "dial/long", "dial/obj", "transform/matrix/16", "transform/matrix/1/1",
		"transform/matrix/x", "transform/matrix/",
	} {
		t.Run(path, func(t *testing.T) {
			e := spawn(t, New(1), "e", components)
			if v, ok := e.Numbers(strings.Split(path, "/")); ok {
				t.Errorf("got %v", v)
			}
			if e.SetNumbers(strings.Split(path, "/"), Numbers{N: 1}) {
				t.Error("set")
			}
		})
	}
}

func TestNumbersInAVeryLongListAreNotLookedFor(t *testing.T) {
	const most = maxLeaf/len("0.5,") - 1
	for n, want := range map[int]bool{most: true, most + 1: false} {
		e := spawn(t, New(1), "e", map[string]any{
			"mesh": map[string]any{"list": slices.Repeat([]any{0.5}, n), "text": strings.Repeat("a", maxLeaf), "n": 1.0},
		})
		if _, ok := e.Numbers([]string{"mesh", "list", "1"}); ok != want {
			t.Errorf("in %d items: %v", n, ok)
		}
		if _, ok := e.Numbers([]string{"mesh", "n"}); !ok {
			t.Error("a number beside it is not found")
		}
	}
}

func list16() []any {
	list := make([]any, 16)
	for i := range list {
		list[i] = float64(i)
	}
	return list
}

func TestOnlyNumbersOfTheSameSortAreReplaced(t *testing.T) {
	w := New(1)
	e := spawn(t, w, "e", map[string]any{"dial": map[string]any{"v": 1.0, "one": []any{1.0}, "three": []any{1.0, 2.0, 3.0}}})
	before := string(w.AppendSet(nil))
	for _, c := range []struct {
		key string
		v   Numbers
	}{
		{"v", Numbers{N: 1, List: true}},
		{"v", Numbers{N: 3, List: true}},
		{"one", Numbers{N: 1}},
		{"three", Numbers{N: 4, List: true}},
		{"three", Numbers{N: 2, List: true}},
		{"v", Numbers{V: [16]float64{math.NaN()}, N: 1}},
		{"three", Numbers{V: [16]float64{1, math.Inf(1), 3}, N: 3, List: true}},
	} {
		if e.SetNumbers([]string{"dial", c.key}, c.v) {
			t.Errorf("%s becomes %v", c.key, c.v)
		}
	}
	if got := string(w.AppendSet(nil)); got != before {
		t.Errorf("the world is %s", got)
	}
}

func TestAMatrixIsReadWithAllItsDigits(t *testing.T) {
	w := New(1)
	e := spawn(t, w, "e", nil)
	path := []string{"transform", "matrix"}
	if v, ok := e.Numbers(path); ok {
		t.Errorf("without a transform it is %v", v)
	}
	m := mgl64.HomogRotate3DY(0.1)
	e.SetLocal(m)
	if v, ok := e.Numbers(path); !ok || v.V != m {
		t.Errorf("got %v", v)
	}
	e.SetNumbers(append(path, "12"), Numbers{V: [16]float64{5}, N: 1})
	m[12] = 5
	if e.Local() != m || e.Position().X() != 5 {
		t.Errorf("stands at\n%v", e.Local())
	}
	e.Unset("transform")
	if v, ok := e.Numbers(path); ok {
		t.Errorf("with the transform gone it is %v", v)
	}
}

func TestNumbersThatTheSimulationReadsCountAtOnce(t *testing.T) {
	w := New(1)
	spawn(t, w, "p", nil)
	e := spawn(t, w, "e", map[string]any{
		"grabbable":     map[string]any{"rotation_constraint": []any{1.0, 1.0, 1.0}},
		"relationships": map[string]any{"parent": "p"},
	})
	e.Grabbable()
	e.SetNumbers([]string{"grabbable", "rotation_constraint", "1"}, Numbers{V: [16]float64{0.5}, N: 1})
	if got := e.Grabbable().Rotation; got != (mgl64.Vec3{1, 0.5, 1}) {
		t.Errorf("constraint is %v", got)
	}
	e.SetNumber("relationships", "parent", 5)
	if e.Parent() != nil || len(w.Children("p")) != 0 || e.Root() != e {
		t.Error("still has a parent")
	}
	e.SetLocal(mgl64.Translate3D(1, 2, 3))
	e.SetNumber("transform", "matrix", 5)
	if e.Local() != mgl64.Ident4() || e.Position() != (mgl64.Vec3{}) {
		t.Errorf("stands at\n%v", e.Local())
	}
}

func BenchmarkSetNumbersInAList(b *testing.B) {
	w := New(1)
	e := spawn(b, w, "e", map[string]any{"material": map[string]any{"color": []any{1.0, 0.5, 0.25, 1.0}}})
	path := []string{"material", "color", "2"}
	v := Numbers{N: 1}
	b.ReportAllocs()
	for b.Loop() {
		v.V[0] += 0.001
		e.SetNumbers(path, v)
	}
}
