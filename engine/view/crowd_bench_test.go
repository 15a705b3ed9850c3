package view

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/engine/world"
)

// BenchmarkACrowdThatComes is the heartbeat in which somebody spawns hundreds beside fifty
// agents that knew the world.
func BenchmarkACrowdThatComes(b *testing.B) { benchmarkCrowd(b, false) }

// BenchmarkACrowdThatGoes is that in which they go again, of which agents know some.
func BenchmarkACrowdThatGoes(b *testing.B) { benchmarkCrowd(b, true) }

func benchmarkCrowd(b *testing.B, goes bool) {
	const agents, size = 50, 950
	for b.Loop() {
		b.StopTimer()
		w := world.New(1)
		views := NewViews(w, Config{Window: 100, Budget: 1 << 16, Together: 1 << 20})
		var all []*View
		for i := range agents {
			if _, err := w.Spawn(fmt.Sprint("avatar", i), "them", nil); err != nil {
				b.Fatal(err)
			}
			all = append(all, views.Add(spirit{}, Patch))
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
		for i := range size {
			text := map[string]any{"text": map[string]any{"string": strings.Repeat("x", 200)}}
			if _, err := w.Spawn(fmt.Sprint("new", i), "him", text); err != nil {
				b.Fatal(err)
			}
		}
		if goes {
			for range 8 {
				beat()
			}
			for i := range size {
				w.Remove(fmt.Sprint("new", i), world.Cascade)
			}
		}
		b.StartTimer()
		beat()
	}
}
