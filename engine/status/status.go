package status

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/loci-place/loci/engine"
)

// Options say how a place is shown. The zero value shows all but scripts.
type Options struct {
	// Scripts returns how the place's behaviour is doing, on the place's turn. Nil means
	// that there is nothing to tell.
	Scripts func(t *engine.Turn) Scripts
	// Broken returns why the place's behaviour does nothing at all, nil where it works or
	// where there is none: then the place is not ready. From any goroutine, and without
	// waiting for the place's turn, as that may be what hangs. Nil means that it works.
	Broken func() error
	// Patience is how long to wait for the place's turn; then what it last told is
	// shown. Default 250 ms.
	Patience time.Duration

	pageFresh time.Duration // but in tests the constant
}

func (o *Options) setDefaults() {
	if o.Scripts == nil {
		o.Scripts = func(*engine.Turn) Scripts { return Scripts{} }
	}
	if o.Broken == nil {
		o.Broken = func() error { return nil }
	}
	if o.Patience == 0 {
		o.Patience = 250 * time.Millisecond
	}
	if o.pageFresh == 0 {
		o.pageFresh = pageFresh
	}
}

// pageFresh is how long the page is good for: it costs the place more than metrics do, and any
// number of people may look.
const pageFresh = time.Second

// lateness is how late a heartbeat may be in a place that is ready.
const lateness = time.Second

// Status shows a place: as an [http.Handler] what the package says, as a [prometheus.Collector] the
// metrics of the place alone. It may be used from any goroutine, before the place opens
// and after it has closed too, and needs no closing.
type Status struct {
	place   *engine.Place
	broken  func() error
	numbers *cached[numbers]
	report  *cached[Report]
	mux     *http.ServeMux
}

var (
	_ http.Handler         = (*Status)(nil)
	_ prometheus.Collector = (*Status)(nil)
)

// New returns the status of a place.
func New(place *engine.Place, o Options) *Status {
	o.setDefaults()
	s := &Status{
		place:   place,
		broken:  o.Broken,
		numbers: newCached(func() numbers { return askNumbers(place, o.Scripts) }, 0, o.Patience),
		report:  newCached(func() Report { return askReport(place, o.Scripts) }, o.pageFresh, o.Patience),
		mux:     http.NewServeMux(),
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(s, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s.mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	s.mux.HandleFunc("GET /readyz", s.ready)
	s.mux.HandleFunc("GET /{$}", s.page)
	return s
}

// ServeHTTP implements [http.Handler].
func (s *Status) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// notReady says why agents had better not join, "" if they can. A place whose behaviour
// does not open does not either.
func (s *Status) notReady() string {
	switch h, broken := s.place.Health(), s.broken(); {
	case !h.Open:
		return "the place is not open"
	case h.Late > lateness:
		return fmt.Sprintf("the heartbeat is %.1f s late", h.Late.Seconds())
	case broken != nil:
		return broken.Error()
	}
	return ""
}

func (s *Status) ready(w http.ResponseWriter, _ *http.Request) {
	if why := s.notReady(); why != "" {
		http.Error(w, why, http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}

// page shows the report, as HTML or, with ?format=json, as JSON.
func (s *Status) page(w http.ResponseWriter, r *http.Request) {
	report, age, _ := s.report.get(r.Context())
	report.NotReady, report.Age = s.notReady(), age.Seconds()
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.URL.Query().Get("format") == "json" {
		h.Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(&report)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	// Names are agents' to choose; beside the template, the browser sees to it too that
	// none of them is ever code.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	_ = pageTemplate.Execute(w, &report)
}
