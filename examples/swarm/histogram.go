package main

import (
	"math"
	"time"
)

// histogram counts durations by the millisecond: of many, what does not fit in
// memory one by one.
type histogram struct {
	counts []uint32 // by duration, rounded
	total  uint64
	max    time.Duration
}

// longest is the last duration with a count of its own; longer ones join it.
const longest = 10 * time.Minute

func (h *histogram) add(d time.Duration) {
	h.max = max(h.max, d)
	i := int(min(d, longest).Round(time.Millisecond) / time.Millisecond)
	h.grow(i + 1)
	h.counts[i]++
	h.total++
}

func (h *histogram) grow(n int) {
	if more := n - len(h.counts); more > 0 {
		h.counts = append(h.counts, make([]uint32, more)...)
	}
}

// merge adds what another has counted.
func (h *histogram) merge(o *histogram) {
	h.grow(len(o.counts))
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.total += o.total
	h.max = max(h.max, o.max)
}

func (h *histogram) spread() spread {
	return spread{P50: h.rank(0.5), P99: h.rank(0.99), Max: milliseconds(h.max)}
}

// rank is the duration, in milliseconds, that a share of all does not exceed.
func (h *histogram) rank(share float64) float64 {
	left := uint64(math.Ceil(share * float64(h.total)))
	for i, n := range h.counts {
		if uint64(n) >= left {
			return min(float64(i), milliseconds(h.max))
		}
		left -= uint64(n)
	}
	return 0
}
