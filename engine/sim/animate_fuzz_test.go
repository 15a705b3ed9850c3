package sim

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// FuzzAnimate steps whatever stands in property_animations, over whatever the entity
// has else: no number that is not finite comes of it, nor anything that agents could
// not read, and they are sent what changed.
func FuzzAnimate(f *testing.F) {
	for _, ref := range readReferences[animated](f, "c_animations.json") {
		components, err := json.Marshal(map[string]any{
			ref.Component:         ref.Before,
			"property_animations": map[string]any{"animations": ref.Animations},
		})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(components, 11.0, 15.0)
	}
	f.Add([]byte(`{"property_animations":{"animations":[]}}`), 0.0, 1.0)
	f.Add([]byte(`{"property_animations":{"animations":{"a":null,"b":[],"c":{}}}}`), 0.0, 1.0)
	f.Add([]byte(`{"grabbable":{"rotation_constraint":[1,2,3]},"property_animations":{"animations":{"a":`+
		`{"path":"grabbable.rotation_constraint.1","from":0,"to":1,"start_at":1,"duration":1e-300}}}}`), 0.0, 1e300)
	f.Fuzz(func(t *testing.T, data []byte, first, second float64) {
		v, err := netcode.ParseValue(data)
		components, ok := v.(map[string]any)
		if err != nil || !ok {
			return
		}
		w := world.New(1)
		e, err := w.Spawn("e", "me", components)
		if err != nil {
			return
		}
		held := netcode.Document{}
		apply(t, &held, netcode.State{Style: netcode.StyleSet, Revision: 1, Entities: w.AppendSet(nil)})
		w.Advance()
		e.Grabbable()
		for _, now := range []float64{first, second, math.Inf(1)} {
			Animate(w, now)
			if !isFinite(e.Local()) {
				t.Fatalf("%s stands at %v", data, e.Local())
			}
		}
		apply(t, &held, netcode.State{Style: netcode.StyleMerge, From: 1, Revision: 2, Entities: w.AppendMerge(nil, 1)})
		want := netcode.Document{}
		apply(t, &want, netcode.State{Style: netcode.StyleSet, Revision: 2, Entities: w.AppendSet(nil)})
		if !reflect.DeepEqual(held.Entities, want.Entities) {
			t.Errorf("%s: patched to\n%v, not\n%v", data, held.Entities, want.Entities)
		}
	})
}

// apply lets an agent that holds a document take a state.
func apply(t *testing.T, d *netcode.Document, s netcode.State) {
	t.Helper()
	packet := s.Append(nil)
	parsed, err := netcode.ParseState(packet)
	if err == nil {
		err = d.Apply(&parsed)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, packet)
	}
}
