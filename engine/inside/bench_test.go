package inside

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
)

// BenchmarkScrape is what one costs where nothing is remembered, and where all is.
func BenchmarkScrape(b *testing.B) {
	for name, fresh := range map[string]time.Duration{"anew": time.Nanosecond, "remembered": time.Hour} {
		b.Run(name, func(b *testing.B) {
			place, err := engine.New(engine.Config{Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			ctx, stop := context.WithCancel(b.Context())
			served := make(chan error, 1)
			go func() { served <- place.Serve(ctx) }()
			view := New(place, Options{Fresh: fresh})
			for b.Loop() {
				view.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil))
			}
			stop()
			if err := <-served; err != nil {
				b.Error(err)
			}
		})
	}
}
