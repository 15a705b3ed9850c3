package world

import (
	"fmt"
	"testing"

	"github.com/go-gl/mathgl/mgl64"
)

// note counts how often it is told.
type note struct{ told int }

func (n *note) Stale() { n.told++ }

func TestReadersAreToldOfTheNextChangeOnce(t *testing.T) {
	for name, change := range map[string]func(w *World, e *Entity){
		"set":    func(_ *World, e *Entity) { _ = e.Set("lamp", map[string]any{"on": true}) },
		"unset":  func(_ *World, e *Entity) { e.Unset("transform") },
		"move":   func(_ *World, e *Entity) { e.SetLocal(mgl64.Translate3D(1, 2, 3)) },
		"number": func(_ *World, e *Entity) { e.SetNumber("lamp", "watts", 5) },
		"scalar": func(_ *World, e *Entity) { e.SetScalar("lamp", "on", true) },
		"remove": func(w *World, e *Entity) { w.Remove(e.ID(), Cascade) },
	} {
		t.Run(name, func(t *testing.T) {
			w := New(1)
			e, err := w.Spawn("e", "place", map[string]any{"transform": map[string]any{}})
			if err != nil {
				t.Fatal(err)
			}
			var kept, forgotten note
			e.Remember(&kept)
			e.Remember(&forgotten)
			e.Forget(&forgotten)
			change(w, e)
			if kept.told != 1 || forgotten.told != 0 {
				t.Errorf("told %d and %d times", kept.told, forgotten.told)
			}
			w.Advance()
			if e.Alive() {
				_ = e.Set("other", map[string]any{})
			}
			if kept.told != 1 {
				t.Errorf("told %d times of two changes", kept.told)
			}
		})
	}
}

func TestAScalarIsWrittenAsItIs(t *testing.T) {
	w := New(1)
	e, _ := w.Spawn("e", "place", map[string]any{"lamp": map[string]any{"n": 1.0}})
	if !e.SetScalar("lamp", "n", 0.12345678901) || !e.SetScalar("lamp", "on", true) {
		t.Fatal("refused")
	}
	if c, _ := e.Component("lamp"); c["n"] != 0.12345678901 || c["on"] != true {
		t.Error(c)
	}
	if e.SetScalar("lamp", "n", "text") {
		t.Error("took a text")
	}
}

func TestAParentThatWouldCloseARingIsFound(t *testing.T) {
	w := New(1)
	spawn(t, w, "top", nil)
	spawn(t, w, "middle", child("top"))
	spawn(t, w, "bottom", child("middle"))
	spawn(t, w, "lost", child("gone"))
	spawn(t, w, "ring1", child("ring2"))
	spawn(t, w, "ring2", child("ring1"))
	former := spawn(t, w, "former", nil)
	spawn(t, w, "orphan", child("former"))
	w.Remove("former", Reparent)
	if err := w.Entity("orphan").Set("relationships", map[string]any{"parent": "former"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, child, parent string
		want                bool
	}{
		{"itself", "top", "top", true},
		{"its child", "top", "middle", true},
		{"its grandchild", "top", "bottom", true},
		{"its parent, again", "bottom", "middle", false},
		{"its grandparent", "bottom", "top", false},
		{"its sibling-to-be", "lost", "top", false},
		{"nobody", "top", "", false},
		{"somebody who is not there", "top", "gone", false},
		{"one whose parent is not there", "top", "lost", false},
		{"one in a ring of others", "top", "ring1", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := w.WouldCycle(w.Entity(c.child), c.parent); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	if !w.WouldCycle(former, "orphan") {
		t.Error("an entity that is not there may be put below one that names it as its parent")
	}
}

func TestAChainOfParentsMayNotBeLongerThanIsFollowed(t *testing.T) {
	w := New(1)
	e := spawn(t, w, "e", nil)
	spawn(t, w, "1", nil)
	for n := 2; n <= MaxParents+1; n++ {
		spawn(t, w, fmt.Sprint(n), child(fmt.Sprint(n-1)))
	}
	if w.WouldCycle(e, fmt.Sprint(MaxParents)) {
		t.Errorf("%d ancestors are too many", MaxParents)
	}
	if !w.WouldCycle(e, fmt.Sprint(MaxParents+1)) {
		t.Errorf("%d ancestors are not too many", MaxParents+1)
	}
}
