package main

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestHistogramAgreesWithASortedListToAMillisecond(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 99, 100, 101, 5000} {
		var parts [3]histogram
		var all []time.Duration
		for range n {
			d := time.Duration(random.ExpFloat64() * float64(40*time.Millisecond))
			parts[random.IntN(len(parts))].add(d)
			all = append(all, d)
		}
		var h histogram
		for i := range parts {
			h.merge(&parts[i])
		}
		got, want := h.spread(), spreadOf(all)
		if abs(got.P50-want.P50) > 0.5 || abs(got.P99-want.P99) > 0.5 || got.Max != want.Max {
			t.Errorf("of %d: %v, want %v", n, got, want)
		}
	}
}

func TestHistogramOfNothingIsZero(t *testing.T) {
	var h histogram
	h.merge(&histogram{})
	if h.spread() != (spread{}) {
		t.Errorf("%v", h.spread())
	}
}

func TestHistogramHoldsAnyDuration(t *testing.T) {
	var h histogram
	for _, d := range []time.Duration{0, 1<<63 - 1} {
		h.add(d)
	}
	if s := h.spread(); s.P50 != 0 || s.P99 != milliseconds(longest) || s.Max < 1e15/1e3 {
		t.Errorf("%+v", s)
	}
	if size := len(h.counts); size > int(longest/time.Millisecond)+1 {
		t.Errorf("%d counts", size)
	}
}

func abs(v float64) float64 { return max(v, -v) }

func TestSpreadOfDurationsIsByRank(t *testing.T) {
	var all []time.Duration
	for ms := range 200 {
		all = append(all, time.Duration(ms+1)*time.Millisecond)
	}
	slices.Reverse(all)
	if s := spreadOf(all); s != (spread{P50: 100, P99: 198, Max: 200}) {
		t.Errorf("%+v", s)
	}
}
