package netcode

import (
	"bytes"
	"math"
	"os"
	"strconv"
	"testing"
)

// capturedIntent is a packet of a deployed C client of the given version, whose
// head and hands move.
func capturedIntent(t testing.TB, version int) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/intent_v" + strconv.Itoa(version) + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// skeletonIntent is capturedIntent with the joints of both hands' fingers.
func skeletonIntent(t testing.TB) []byte {
	t.Helper()
	var joints []byte
	for i := range 26 {
		m := Identity
		s, c := math.Sincos(float64(i) / 7)
		m[0], m[2], m[8], m[10] = c, -s, s, c
		m[12], m[13], m[14] = float64(i)/100, s/10, c/10
		if i > 0 {
			joints = append(joints, ", "...)
		}
		joints = append(joints, '[')
		for j, v := range m {
			if j > 0 {
				joints = append(joints, ", "...)
			}
			joints = appendFloat(joints, v)
		}
		joints = append(joints, ']')
	}
	empty := []byte("\"skeleton\":\t[]")
	full := append(append([]byte("\"skeleton\":\t["), joints...), ']')
	return bytes.ReplaceAll(capturedIntent(t, 4), empty, full)
}

func BenchmarkIntentParse(b *testing.B) {
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"captured", capturedIntent(b, 4)},
		{"skeletons", skeletonIntent(b)},
	} {
		b.Run(c.name, func(b *testing.B) {
			var m IntentMessage
			b.SetBytes(int64(len(c.data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := m.Parse(c.data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkIntentAppend(b *testing.B) {
	var m IntentMessage
	if err := m.Parse(capturedIntent(b, 4)); err != nil {
		b.Fatal(err)
	}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = m.Append(dst[:0])
	}
}
