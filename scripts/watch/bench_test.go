package watch

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// From the end of a save to the callback, of which the debounce is 15 ms. Run with
// -benchtime 100x.
func BenchmarkSaveToCallback(b *testing.B) {
	saves := map[string]func(r *rig, source string){
		"in place": func(r *rig, source string) { r.write("components/door.lua", source) },
		"atomic": func(r *rig, source string) {
			r.write("components/.door", source)
			r.rename("components/.door", "components/door.lua")
		},
	}
	for name, save := range saves {
		b.Run(name, func(b *testing.B) {
			dir := place(b, b.TempDir())
			for i := range 100 {
				write(b, dir, fmt.Sprintf("lib/module%d.lua", i), "return {}")
			}
			r := watched(b, dir, Config{})
			r.settled()
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				save(r, fmt.Sprint(i))
				saved := time.Now()
				took = append(took, r.next().at.Sub(saved))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
		})
	}
}

func BenchmarkRead(b *testing.B) {
	dir := place(b, b.TempDir())
	for i := range 100 {
		write(b, dir, fmt.Sprintf("lib/module%d.lua", i), "return {}")
	}
	for b.Loop() {
		_, err := Read(dir)
		ok(b, err)
	}
}
