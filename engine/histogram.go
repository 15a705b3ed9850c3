package engine

import (
	"slices"
	"time"
)

// Histogram is how often something took how long.
type Histogram struct {
	Bounds []float64 // in seconds, ascending; each belongs to the bucket below it. Not to be changed
	Counts []uint64  // one more than there are bounds: the last is for what is above all
	Sum    float64   // seconds
}

// beatBounds tell a heartbeat that nobody notices (under a millisecond) from one that
// takes all of its 50 ms, and that from a place that hangs.
var beatBounds = []float64{
	0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1,
}

func newHistogram() Histogram {
	return Histogram{Bounds: beatBounds, Counts: make([]uint64, len(beatBounds)+1)}
}

func (h *Histogram) observe(d time.Duration) {
	s := d.Seconds()
	i := 0
	for i < len(h.Bounds) && s > h.Bounds[i] {
		i++
	}
	h.Counts[i]++
	h.Sum += s
}

// Total is how many there were.
func (h *Histogram) Total() (n uint64) {
	for _, c := range h.Counts {
		n += c
	}
	return n
}

func (h *Histogram) clone() Histogram {
	return Histogram{Bounds: h.Bounds, Counts: slices.Clone(h.Counts), Sum: h.Sum}
}
