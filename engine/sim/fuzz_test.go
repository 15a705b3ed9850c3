package sim

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"github.com/go-gl/mathgl/mgl64"
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

// FuzzGrab holds an entity with any numbers everywhere: it ends up turned and
// somewhere, or stays as it was.
func FuzzGrab(f *testing.F) {
	seed := func(matrices ...mgl64.Mat4) {
		var data []byte
		for _, m := range matrices {
			for _, v := range m {
				data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
			}
		}
		f.Add(data, 0.0, 1.0, 0.5)
	}
	y, mirror := mgl64.HomogRotate3DY(1), mgl64.Scale3D(-1, 1, 1)
	seed(y, mgl64.HomogRotate3DX(2), mgl64.Translate3D(1, 2, 3), mgl64.Scale3D(2, 2, 2))
	seed(y, y.Inv(), mgl64.Ident4(), mgl64.Ident4())
	seed(mgl64.HomogRotate3DZ(math.Pi), mgl64.Ident4(), y, mgl64.Ident4())
	seed(mirror, mgl64.Ident4(), y, mgl64.Ident4())
	seed(mgl64.Ident4(), mgl64.Ident4(), mirror, mirror)
	seed(mgl64.Ident4(), mgl64.Ident4(), y, mgl64.Mat4{})
	f.Fuzz(func(t *testing.T, data []byte, x, y, z float64) {
		var m [4]mgl64.Mat4
		for i := range 64 {
			if len(data) < 8 {
				return
			}
			m[i/16][i%16] = math.Float64frombits(binary.LittleEndian.Uint64(data))
			data = data[8:]
		}
		if !isFinite(m[0]) || !isFinite(m[1]) {
			return // no intent has them
		}
		s := newStage(t)
		parent := s.put("parent", "you", "", nil)
		parent.SetLocal(m[3])
		box := s.handle("box", "parent", map[string]any{"rotation_constraint": list(x, y, z)})
		box.SetLocal(m[2])
		before := box.Local()
		s.hold("box", m[0], m[1])
		if after := box.Local(); after != before {
			r := after.Mat3()
			if !near(r.Mul3(r.Transpose()).Mat4(), mgl64.Ident4()) || !(r.Det() > 0) {
				t.Errorf("is turned by\n%v", r)
			}
		}
	})
}
