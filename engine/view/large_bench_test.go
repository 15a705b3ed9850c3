package view

import (
	"fmt"
	"testing"
	"time"

	"github.com/loci-place/loci/engine/world"
)

// BenchmarkAllMove is the heartbeat in which 9,500 entities move, that eight agents see.
func BenchmarkAllMove(b *testing.B) {
	const entities = 9500
	benchmarkStates(b, func(w *world.World) {
		for i := range entities {
			if _, err := w.Spawn(fmt.Sprint("mover", i), "him", map[string]any{"material": map[string]any{"color": []any{1.0, 1.0, 1.0, 1.0}}}); err != nil {
				b.Fatal(err)
			}
		}
	}, func(w *world.World, beat int) {
		for i := range entities {
			w.Entity(fmt.Sprint("mover", i)).SetNumber("transform", "x", float64(beat*entities+i))
		}
	})
}

// BenchmarkLargeEdits is that in which four entities of 480 KB each are edited once a second.
func BenchmarkLargeEdits(b *testing.B) {
	large := func(beat int) map[string]any {
		list := make([]any, 240_000)
		for i := range list {
			list[i] = float64(beat % 10)
		}
		return map[string]any{"l": list}
	}
	values := []map[string]any{large(0), large(1)}
	benchmarkStates(b, func(w *world.World) {
		for i := range 4 {
			if _, err := w.Spawn(fmt.Sprint("large", i), "him", map[string]any{"a": values[0]}); err != nil {
				b.Fatal(err)
			}
		}
	}, func(w *world.World, beat int) {
		for i := range 4 {
			e := w.Entity(fmt.Sprint("large", i))
			e.SetNumber("transform", "x", float64(beat))
			if beat%20 == 5*i {
				if err := e.Set("a", values[beat/20%2]); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

func benchmarkStates(b *testing.B, begin func(w *world.World), edit func(w *world.World, beat int)) {
	const agents = 8
	w := world.New(1)
	views := NewViews(w, Config{Window: 600, Budget: 1 << 16, Together: 1 << 18})
	begin(w)
	var all []*View
	for i := range agents {
		if _, err := w.Spawn(fmt.Sprint("avatar", i), "them", nil); err != nil {
			b.Fatal(err)
		}
		all = append(all, views.Add(spirit{}, Merge))
	}
	now, bytes, beat, acks := time.Unix(0, 0), 0, 0, make([]uint64, agents)
	step := func() {
		beat++
		b.StopTimer()
		for i, v := range all { // two heartbeats later, as on a short way
			v.Acknowledge(acks[i], now)
		}
		edit(w, beat)
		for i := range agents {
			w.Entity(fmt.Sprint("avatar", i)).SetNumber("transform", "x", float64(beat))
		}
		b.StartTimer()
		now = now.Add(50 * time.Millisecond)
		views.Observe()
		for i, v := range all {
			if p := v.Next(now, false); p.Data != nil {
				bytes += len(p.Data)
				acks[i] = Revision(v.numbers.last)
			}
		}
		w.Advance()
		if now := w.Now(); now > 600 && now%20 == 0 {
			w.Sweep(now - 600)
		}
	}
	for range 200 {
		step()
	}
	bytes = 0
	for b.Loop() {
		step()
	}
	b.ReportMetric(float64(bytes)/float64(b.N), "B/heartbeat")
}
