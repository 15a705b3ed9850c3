package status

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/internal/cputime"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/direct"
)

// BenchmarkScrape measures what one scrape costs with the place's own metrics and those of the
// process: wall time, and processor time of all threads.
func BenchmarkScrape(b *testing.B) {
	for _, agents := range []int{0, 100, 1000} {
		b.Run(fmt.Sprint(agents, " agents"), func(b *testing.B) {
			transport := direct.New()
			place, err := engine.New(engine.Config{
				Transports: []netcode.Transport{transport}, Rate: 1, Logger: slog.New(slog.DiscardHandler), Limits: engine.Limits{AnnounceTime: time.Second},
			})
			if err != nil {
				b.Fatal(err)
			}
			ctx, stop := context.WithCancel(b.Context())
			served := make(chan error, 1)
			go func() { served <- place.Serve(ctx) }()
			for range agents {
				transport.Connect(direct.Config{}).Send(netcode.CommandChannel, []byte(
					`["interaction","request","","place","1",["announce","version",4,"identity",{"display_name":"a"},"spawn_avatar",{}]]`))
			}
			await.Until(b, "all have joined", func() bool { return len(place.Stats().Agents) == agents })
			s := New(place, Options{})
			before, err := cputime.Process(os.Getpid())
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil))
			}
			after, err := cputime.Process(os.Getpid())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(after-before)/float64(b.N), "cpu-ns/op")
			stop()
			if err := <-served; err != nil {
				b.Error(err)
			}
		})
	}
}
