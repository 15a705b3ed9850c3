package assets

import (
	"testing"
	"time"
)

func TestPaceFitsTheLink(t *testing.T) {
	for name, c := range map[string]struct {
		bytesPerSecond int
		trip           time.Duration
		least, most    int
	}{
		"fast":              {100 << 20, time.Millisecond, mostPiece, mostPiece},
		"fast and far":      {100 << 20, 200 * time.Millisecond, mostPiece, mostPiece},
		"a megabyte":        {1 << 20, 20 * time.Millisecond, leastPiece, 64 << 10},
		"slow":              {100 << 10, 50 * time.Millisecond, leastPiece, leastPiece},
		"without any trip":  {4 << 20, 0, 128 << 10, 256 << 10},
		"never measured at": {4 << 20, -1, 128 << 10, 256 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPace()
			for range 100 {
				took := time.Duration(p.size)*time.Second/time.Duration(c.bytesPerSecond) + max(c.trip, 0)
				p.took(p.size, took, c.trip)
			}
			if p.size < c.least || p.size > c.most {
				t.Errorf("%d KiB", p.size>>10)
			}
			p.took(1, 0, 0)
			if p.size < c.least || p.size > c.most {
				t.Errorf("%d KiB after a piece that says nothing", p.size>>10)
			}
		})
	}
}
