package inside

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/loci-place/loci/engine"
)

// Options say how a place is shown. The zero value shows all but scripts.
type Options struct {
	// Scripts tells how the place's behaviour is doing, on the place's turn. Nil means
	// that there is nothing to tell.
	Scripts func(t *engine.Turn) Scripts
	// Broken tells why the place's behaviour does nothing at all, nil where it works or
	// where there is none: then the place is not ready. From any goroutine, and without
	// waiting for the place's turn, as that may be what hangs. Nil means that it works.
	Broken func() error
	// Fresh is for how long the numbers are good: they are gathered at most so often,
	// what the page shows half as often, and those of the process, which are not the
	// place's, a quarter as often. Default 500 ms.
	Fresh time.Duration
	// Patience is how long to wait for the place's turn; then what it last told is
	// shown. Default 250 ms.
	Patience time.Duration
}

func (o *Options) setDefaults() {
	if o.Scripts == nil {
		o.Scripts = func(*engine.Turn) Scripts { return Scripts{} }
	}
	if o.Broken == nil {
		o.Broken = func() error { return nil }
	}
	if o.Fresh == 0 {
		o.Fresh = 500 * time.Millisecond
	}
	if o.Patience == 0 {
		o.Patience = 250 * time.Millisecond
	}
}

// pageEvery is how much longer what the page shows is good: it takes the place longer.
const pageEvery = 2

// processEvery is how much longer what the process takes is good: to read it from the
// system takes as long as all else that is gathered.
const processEvery = 4

// lateness is how late a heartbeat may be in a place that is ready.
const lateness = time.Second

// view is a place as it is shown.
type view struct {
	place   *engine.Place
	broken  func() error
	numbers *cached[numbers]
	report  *cached[Report]
}

// New shows a place. What it gives may be used from any goroutine, before the place
// opens and after it has closed too, and needs no closing.
func New(place *engine.Place, o Options) http.Handler {
	o.setDefaults()
	v := &view{
		place:   place,
		broken:  o.Broken,
		numbers: newCached(func() numbers { return askNumbers(place, o.Scripts) }, o.Fresh, o.Patience),
		report:  newCached(func() Report { return askReport(place, o.Scripts) }, pageEvery*o.Fresh, o.Patience),
	}
	process := prometheus.NewRegistry()
	process.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", scrape{
		{from: prometheus.GathererFunc(v.gather), fresh: o.Fresh}, {from: process, fresh: processEvery * o.Fresh},
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", v.ready)
	mux.HandleFunc("GET /{$}", v.page)
	return mux
}

// notReady says why agents had better not join, "" if they can. A place whose behaviour
// does not open does not either.
func (v *view) notReady() string {
	switch h, broken := v.place.Health(), v.broken(); {
	case !h.Open:
		return "the place is not open"
	case h.Late > lateness:
		return fmt.Sprintf("the heartbeat is %.1f s late", h.Late.Seconds())
	case broken != nil:
		return broken.Error()
	}
	return ""
}

func (v *view) ready(w http.ResponseWriter, _ *http.Request) {
	if why := v.notReady(); why != "" {
		http.Error(w, why, http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}

// page shows the report, as HTML or, with ?format=json, as JSON.
func (v *view) page(w http.ResponseWriter, r *http.Request) {
	report, age, _ := v.report.get(r.Context())
	report.NotReady, report.Age = v.notReady(), age.Seconds()
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
