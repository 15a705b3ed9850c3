package view

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/engine/world"
)

// BenchmarkACrowdThatComes is the heartbeat in which somebody spawns hundreds beside fifty
// agents that knew the world, and those in which they learn of them.
func BenchmarkACrowdThatComes(b *testing.B) {
	const agents, came, beats = 50, 950, 1
	for b.Loop() {
		b.StopTimer()
		w := world.New(1)
		views := NewViews(w, Config{Window: 100, Budget: 1 << 16, Together: 1 << 20})
		var all []*View
		for i := range agents {
			if _, err := w.Spawn(fmt.Sprint("avatar", i), "them", nil); err != nil {
				b.Fatal(err)
			}
			all = append(all, views.Add(spirit{}, true))
		}
		now := time.Unix(0, 0)
		beat := func() {
			for i := range agents {
				w.Entity(fmt.Sprint("avatar", i)).SetNumber("transform", "x", float64(now.UnixMilli()))
			}
			now = now.Add(50 * time.Millisecond)
			views.Observe()
			for _, v := range all {
				v.Next(now, false)
			}
			w.Advance()
			for _, v := range all {
				v.Acknowledge(Revision(w.Now()-1), now)
			}
		}
		for range 10 {
			beat()
		}
		for i := range came {
			text := map[string]any{"text": map[string]any{"string": strings.Repeat("x", 200)}}
			if _, err := w.Spawn(fmt.Sprint("new", i), "him", text); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		for range beats {
			beat()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/beats, "ms/beat")
}
