package world

import (
	"fmt"
	"runtime"
	"testing"
)

// kinds of entities that agents may make.
func someEntity(kind string, n int) map[string]any {
	numbers := make([]any, n)
	keys, words := map[string]any{}, map[string]any{}
	for i := range numbers {
		numbers[i] = float64(i)
		keys[fmt.Sprintf("k%05d", i)] = 0.0
		words[fmt.Sprintf("k%05d", i)] = map[string]any{"word": "some text"}
	}
	switch kind {
	case "plain":
		return map[string]any{"transform": map[string]any{"matrix": make([]any, 16)}}
	case "numbers":
		return map[string]any{"c": map[string]any{"list": numbers}}
	case "keys":
		return map[string]any{"c": keys}
	default:
		return map[string]any{"c": words}
	}
}

// live is how many bytes are in use on the heap.
func live() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

func heapOf(w *World, owner string) int {
	w.ReckonHeap()
	return w.HeapOf(owner)
}

func TestHeapIsWhatEntitiesTake(t *testing.T) {
	const slack = 1 << 20 // what else a test leaves on the heap
	for _, c := range []struct {
		kind        string
		entities, n int
	}{{"plain", 20_000, 0}, {"numbers", 50, 20_000}, {"keys", 50, 5000}, {"objects", 50, 5000}} {
		t.Run(c.kind, func(t *testing.T) {
			before, w := live(), New(1)
			spec := someEntity(c.kind, c.n)
			for i := range c.entities {
				if _, err := w.Spawn(fmt.Sprint("e", i), "ann", spec); err != nil {
					t.Fatal(err)
				}
			}
			compare := func(what string) {
				t.Helper()
				said, is := heapOf(w, "ann"), live()-before
				t.Logf("%s: %d entities take %d bytes each, %d are said", what, c.entities, is/c.entities, said/c.entities)
				if ratio := float64(said) / float64(is); (ratio < 0.75 || ratio > 1.5) && max(is, said) > slack {
					t.Errorf("%s: %d bytes are in use, Heap says %d", what, is, said)
				}
			}
			compare("spawned")
			for i := range c.entities { // components are opened, their old keys still known
				if err := w.Entity(fmt.Sprint("e", i)).Set("c", map[string]any{"other": 1.0}); err != nil {
					t.Fatal(err)
				}
			}
			compare("changed")
			runtime.KeepAlive(w)
			runtime.KeepAlive(spec)
		})
	}
}

func TestHeapIsFreedWithTheLastStateThatNeedsIt(t *testing.T) {
	w := New(1)
	for i := range 10 {
		if _, err := w.Spawn(fmt.Sprint("e", i), "ann", someEntity("keys", 100)); err != nil {
			t.Fatal(err)
		}
	}
	all := heapOf(w, "ann")
	w.Advance()
	for i := range 5 {
		_ = w.Entity(fmt.Sprint("e", i)).Set("c", map[string]any{})
	}
	w.Remove("e9", Cascade)
	w.Remove("e8", Cascade)
	w.Advance()
	if got := heapOf(w, "ann"); got < all {
		t.Errorf("%d of %d bytes are left while states can start from what was", got, all)
	}
	if _, err := w.Spawn("e9", "bob", nil); err != nil { // what was of ann's is bob's now
		t.Fatal(err)
	}
	w.Advance()
	w.Sweep(w.Now())
	const most = 4500 // of those of 100 keys
	if got := heapOf(w, "ann"); got > 3*(all/10)+5*most {
		t.Errorf("%d bytes are left, %d were of ten", got, all)
	}
	if got := heapOf(w, "bob"); got > most {
		t.Errorf("%d bytes are of an empty one", got)
	}
	for i := range 10 {
		w.Remove(fmt.Sprint("e", i), Cascade)
	}
	w.Advance()
	w.Sweep(w.Now())
	if w.ReckonHeap(); len(w.memory.by) > 0 {
		t.Errorf("%v is left of nothing", w.memory.by)
	}
}

func TestLargeFragmentsAreNotKept(t *testing.T) {
	w := New(1)
	small, _ := w.Spawn("small", "ann", nil)
	large, _ := w.Spawn("large", "ann", someEntity("numbers", 20_000))
	for _, e := range []*Entity{small, large} {
		e.Fragment(0)
		e.AppendOperations(nil, 0, false)
	}
	w.Advance()
	if small.fragment == nil || small.operations == nil {
		t.Error("small ones are not kept")
	}
	if large.fragment != nil || large.operations != nil {
		t.Error("large ones are kept")
	}
	if string(large.Fragment(0)) == "" {
		t.Error("it is not encoded again")
	}
}
