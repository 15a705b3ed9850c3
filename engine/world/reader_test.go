package world

import (
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
