package status_test

import (
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/status"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/direct"
)

// A program with two places serves the metrics of both beside its own.
func ExampleStatus() {
	registry := prometheus.NewRegistry()
	for _, name := range []string{"attic", "cellar"} {
		place, err := engine.New(engine.Config{
			Transports: []netcode.Transport{direct.New()}, Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			log.Fatal(err)
		}
		defer place.Close()
		labels := prometheus.Labels{"place": name}
		prometheus.WrapRegistererWith(labels, registry).MustRegister(status.New(place, status.Options{}))
	}
	metrics := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})

	w := httptest.NewRecorder()
	metrics.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, "loci_entities") {
			fmt.Print(line)
		}
	}
	// Output:
	// loci_entities{place="attic"} 1
	// loci_entities{place="cellar"} 1
}
