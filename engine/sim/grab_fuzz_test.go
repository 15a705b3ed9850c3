package sim

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/go-gl/mathgl/mgl64"
)

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
