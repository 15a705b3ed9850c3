package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.uber.org/goleak"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is an open place on loopback, and its status.
type rig struct {
	*testing.T
	place  *engine.Place
	status *Status
	close  func()
}

func newRig(t *testing.T, o Options, serve bool) *rig {
	t.Helper()
	return newRigOf(t, engine.Config{}, o, serve)
}

func newRigOf(t *testing.T, cfg engine.Config, o Options, serve bool) *rig {
	t.Helper()
	cfg.Name, cfg.Listen, cfg.Logger = "Attic", "127.0.0.1:0", slog.New(slog.DiscardHandler)
	place, err := engine.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	o.pageFresh = time.Nanosecond
	r := &rig{T: t, place: place, status: New(place, o)}
	served := make(chan error, 1)
	if serve {
		go func() { served <- place.Serve(context.Background()) }()
		await.Until(r, "the place is open", func() bool { return place.Health().Open })
	} else {
		served <- nil
	}
	r.close = sync.OnceFunc(func() {
		if err := place.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(r.close)
	return r
}

func (r *rig) get(path string) (int, string) {
	w := httptest.NewRecorder()
	r.status.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w.Code, w.Body.String()
}

func (r *rig) join(name string) *client.Client {
	r.Helper()
	c, err := client.Dial(r.Context(), r.place.URL(), client.Config{Version: 4, Identity: map[string]any{"display_name": name}})
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { c.Close() })
	return c
}

// metrics are all there are, parsed, and by name.
func (r *rig) metrics() map[string]*dto.MetricFamily {
	r.Helper()
	code, text := r.get("/metrics")
	if code != 200 {
		r.Fatalf("%d: %s", code, text)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		r.Fatal(err)
	}
	return families
}

// value gives one metric, with labels as name=value; a histogram's is its count.
func value(families map[string]*dto.MetricFamily, name string, labels ...string) float64 {
	for _, m := range families[name].GetMetric() {
		has := map[string]bool{}
		for _, l := range m.GetLabel() {
			has[l.GetName()+"="+l.GetValue()] = true
		}
		fits := true
		for _, l := range labels {
			fits = fits && has[l]
		}
		if fits {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return -1
}

func TestMetricsFollowWhatGoesOn(t *testing.T) {
	scripts := Scripts{Generation: 3, Reloads: 2, Failed: 1, Handlers: []Handler{{Kind: "tick", Calls: 5, Errors: 4, CutOffs: 3, Seconds: 0.5, Instructions: 1000}},
		Resting: []Resting{{Handler: "tick"}}, Refused: 6, Waiting: 8}
	r := newRig(t, Options{Scripts: func(*engine.Turn) Scripts { return scripts }}, true)
	c := r.join("Ada")
	before := r.metrics()
	for range 3 {
		if _, err := c.Request(t.Context(), engine.PlaceID, "list_agents"); err != nil {
			t.Fatal(err)
		}
	}
	await.Until(r, "metrics follow", func() bool {
		return value(r.metrics(), "loci_heartbeat_seconds") > value(before, "loci_heartbeat_seconds")+3
	})
	after := r.metrics()
	for _, m := range []struct {
		least  float64
		name   string
		labels []string
	}{
		{3, "loci_interactions_total", []string{"verb=list_agents", "outcome=ok"}},
		{3, "loci_acl_decisions_total", []string{"verdict=allow", "because=default"}},
		{3, "loci_heartbeat_phase_seconds", []string{"phase=states"}},
		{3, "loci_heartbeat_late_seconds", nil},
		{1, "loci_received_packets_total", []string{"kind=state", "version=4"}},
		{30, "loci_received_bytes_total", []string{"kind=command", "version=4"}},
		{30, "loci_sent_bytes_total", []string{"kind=command", "version=4"}},
	} {
		was, is := max(value(before, m.name, m.labels...), 0), value(after, m.name, m.labels...)
		if is < was+m.least {
			t.Errorf("%s %v: %v, then %v", m.name, m.labels, was, is)
		}
	}
	for _, m := range []struct {
		want   float64
		name   string
		labels []string
	}{
		{1, "loci_ready", nil},
		{1, "loci_agents", []string{"version=4"}},
		{1, "loci_agents_joined_total", nil},
		{2, "loci_entities", nil},
		{1, "loci_place_info", []string{"name=Attic"}},
		{1, "loci_states_sent_total", []string{"style=first"}},
		{3, "loci_script_generation", nil},
		{1, "loci_script_reloads_total", []string{"outcome=failed"}},
		{5, "loci_script_calls_total", []string{"handler=tick"}},
		{0.5, "loci_script_seconds_total", []string{"handler=tick"}},
		{3, "loci_script_cut_offs_total", []string{"handler=tick"}},
		{1000, "loci_script_instructions_total", []string{"handler=tick"}},
		{1, "loci_script_resting", nil},
		{6, "loci_script_refused_total", nil},
		{8, "loci_script_waiting", nil},
		{0, "loci_asset_cache_bytes", nil},
		{0, "loci_transport_dropped_total", []string{"reason=half_open_expired"}},
	} {
		if got := value(after, m.name, m.labels...); got != m.want {
			t.Errorf("%s %v is %v, want %v", m.name, m.labels, got, m.want)
		}
	}
	for _, name := range []string{"loci_transport_round_trip_seconds", "loci_transport_loss_ratio", "go_goroutines", "process_cpu_seconds_total"} {
		if value(after, name) < 0 {
			t.Errorf("there is no %s", name)
		}
	}
}

func TestMadeUpVerbsMakeNoNewMetrics(t *testing.T) {
	r := newRig(t, Options{}, true)
	c := r.join("Ada")
	for i := range 20 {
		_, _ = c.Request(t.Context(), engine.PlaceID, fmt.Sprint("verb", i))
	}
	families := r.metrics()
	if got := value(families, "loci_interactions_total", "verb=other", "outcome=error"); got != 20 {
		t.Errorf("%v others", got)
	}
	if n := len(families["loci_interactions_total"].GetMetric()); n > 3 {
		t.Errorf("%d series", n)
	}
}

func TestHostileNamesAreOnlyShown(t *testing.T) {
	const evil = `<script>alert("1")</script>'"&`
	r := newRig(t, Options{Scripts: func(*engine.Turn) Scripts {
		return Scripts{Generation: 1, Failure: &Failure{Error: evil}, Errors: []Error{{File: evil, Handler: evil, Message: evil}}}
	}}, true)
	_ = r.place.Do(func(turn *engine.Turn) error { turn.SetName(evil); return nil })
	c := r.join(evil)
	if _, err := c.Request(t.Context(), engine.PlaceID, "spawn_entity", map[string]any{evil: map[string]any{}}); err != nil {
		t.Fatal(err)
	}
	code, page := r.get("/")
	if code != 200 || strings.Contains(page, "<script") || strings.Count(page, "&lt;script&gt;") < 6 {
		t.Errorf("%d: %s", code, page)
	}
	w := httptest.NewRecorder()
	r.status.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("policy %q", csp)
	}
	r.metrics() // is still one that can be parsed
}

func TestPageShowsAgentsEntitiesScriptsAndRules(t *testing.T) {
	r := newRig(t, Options{Scripts: func(*engine.Turn) Scripts {
		return Scripts{
			Generation: 7, Errors: []Error{{File: "place.lua", Line: 12, Handler: "timer", Message: "oh", Count: 3}},
			Resting: []Resting{{Handler: "verb \"say\"", At: "place.lua:9", For: "abc123", Since: 130, Left: 51, Times: 11, Why: "over the budget"}},
			Refused: 17, Waiting: 4,
		}
	}}, true)
	c := r.join("Ada")
	big := map[string]any{"note": map[string]any{"text": strings.Repeat("x", 4096)}}
	if _, err := c.Request(t.Context(), engine.PlaceID, "spawn_entity", big); err != nil {
		t.Fatal(err)
	}
	_, _ = c.Request(t.Context(), engine.PlaceID, "kick_agent", "nobody") // denied
	var report Report
	if _, text := r.get("/?format=json"); json.Unmarshal([]byte(text), &report) != nil {
		t.Fatal(text)
	}
	a := report.Agents[0]
	if report.Name != "Attic" || report.NotReady != "" || report.Present != 1 || a.Name != "Ada" || a.Version != 4 || a.Entities != 2 {
		t.Errorf("%+v", report)
	}
	e := report.Entities
	if e.Count != 3 || e.Owners[0] != (Owner{a.ID, "Ada", 2}) || e.Owners[1].Count != 1 || e.Weighed != 3 {
		t.Errorf("%+v", e)
	}
	if l := e.Largest; len(l) != 3 || l[0].Owner != a.ID || l[0].Bytes < 4096 || l[1].Bytes < l[2].Bytes {
		t.Errorf("%+v", l)
	}
	hits := uint64(0)
	for _, rule := range report.Rules {
		hits += rule.Hits
	}
	if hits != 1 || report.Verdict != "allow" {
		t.Errorf("%+v, else %s", report.Rules, report.Verdict)
	}
	_, page := r.get("/")
	for _, part := range []string{"Attic", "Ada", a.ID, "Generation 7", "place.lua:12", "oh", "kick_agent", "place.lua:9", "abc123", "over the budget", "17 requests"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page has no %q", part)
		}
	}
}

func TestReadinessTurnsWhenTheHeartbeatHangs(t *testing.T) {
	r := newRig(t, Options{Patience: 10 * time.Millisecond}, true)
	if code, text := r.get("/readyz"); code != 200 {
		t.Fatal(code, text)
	}
	r.metrics()
	r.get("/")
	hang, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		_ = r.place.Do(func(*engine.Turn) error { <-hang; return nil })
	}()
	await.Until(r, "the place is not ready", func() bool { code, _ := r.get("/readyz"); return code == 503 })
	if _, text := r.get("/readyz"); !strings.Contains(text, "late") {
		t.Error(text)
	}
	// All else answers even so, with what was last known.
	if code, _ := r.get("/healthz"); code != 200 {
		t.Error(code)
	}
	m := r.metrics()
	if value(m, "loci_ready") != 0 || value(m, "loci_entities") != 1 || value(m, "loci_stats_age_seconds") < 1 || value(m, "loci_heartbeat_overdue_seconds") < 1 {
		t.Errorf("%v", m)
	}
	if code, page := r.get("/"); code != 200 || !strings.Contains(page, "Not ready: the heartbeat is") {
		t.Error(code, page)
	}
	close(hang)
	<-done
	await.Until(r, "the place is ready again", func() bool { code, _ := r.get("/readyz"); return code == 200 })
}

func TestPlaceIsReadyOnlyWhileOpen(t *testing.T) {
	before := newRig(t, Options{}, false)
	if code, text := before.get("/readyz"); code != 503 || !strings.Contains(text, "not open") {
		t.Error(code, text)
	}
	if got := value(before.metrics(), "loci_ready"); got != 0 {
		t.Error(got)
	}
	after := newRig(t, Options{}, true)
	after.close()
	for path, want := range map[string]int{"/readyz": 503, "/healthz": 200, "/metrics": 200, "/": 200} {
		if code, text := after.get(path); code != want {
			t.Errorf("%s: %d %s", path, code, text)
		}
	}
}

func TestBrokenBehaviourIsNotReady(t *testing.T) {
	var broken error
	r := newRig(t, Options{Broken: func() error { return broken }}, true)
	if code, text := r.get("/readyz"); code != 200 {
		t.Error(code, text)
	}
	broken = errors.New("the scripts are broken")
	if code, text := r.get("/readyz"); code != 503 || !strings.Contains(text, broken.Error()) {
		t.Error(code, text)
	}
	if _, page := r.get("/"); value(r.metrics(), "loci_ready") != 0 || !strings.Contains(page, "Not ready: the scripts are broken") {
		t.Error(page)
	}
}

func TestManyMayLookAtOnce(t *testing.T) {
	r := newRig(t, Options{}, true)
	c := r.join("Ada")
	var all sync.WaitGroup
	for _, path := range []string{"/metrics", "/", "/?format=json", "/readyz", "/metrics", "/"} {
		all.Go(func() {
			for range 50 {
				if code, text := r.get(path); code != 200 {
					t.Errorf("%s: %d %s", path, code, text)
				}
			}
		})
	}
	for range 20 {
		if _, err := c.Request(t.Context(), engine.PlaceID, "list_agents"); err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
}

func TestMetricsAreRegisteredWithAPlaceLabel(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	for _, name := range []string{"attic", "cellar"} {
		r := newRig(t, Options{Scripts: func(*engine.Turn) Scripts {
			return Scripts{Generation: 1, Handlers: []Handler{{Kind: "tick"}, {Kind: "join"}}}
		}}, true)
		r.join("Ada")
		prometheus.WrapRegistererWith(prometheus.Labels{"place": name}, registry).MustRegister(r.status)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "loci_agents_joined_total" && len(f.GetMetric()) != 2 {
			t.Errorf("%v", f)
		}
		if !strings.HasPrefix(f.GetName(), "loci_") {
			t.Errorf("%s is not the place's", f.GetName())
		}
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestPageIsAskedForOnceASecond(t *testing.T) {
	asked := 0
	r := newRig(t, Options{}, true)
	s := New(r.place, Options{Scripts: func(*engine.Turn) Scripts { asked++; return Scripts{} }, pageFresh: time.Hour})
	for range 20 {
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	}
	_ = r.place.Do(func(*engine.Turn) error {
		if asked != 1 {
			t.Errorf("asked %d times", asked)
		}
		return nil
	})
}

func TestABugInWhatIsToldCostsAnAnswerOnly(t *testing.T) {
	r := newRig(t, Options{Scripts: func(*engine.Turn) Scripts { panic("oh") }}, true)
	if code, _ := r.get("/"); code != 200 {
		t.Error(code)
	}
	if got := value(r.metrics(), "loci_ready"); got != 1 {
		t.Error(got)
	}
}

func TestScrapersGetAFormatThatTheyCanRead(t *testing.T) {
	r := newRig(t, Options{}, true)
	for accept, want := range map[string]string{
		"":    "text/plain",
		"*/*": "text/plain",
		"application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5":                  "text/plain",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited": "application/vnd.google.protobuf",
	} {
		{
			request := httptest.NewRequest("GET", "/metrics", nil)
			request.Header.Set("Accept", accept)
			w := httptest.NewRecorder()
			r.status.ServeHTTP(w, request)
			format := expfmt.Format(w.Header().Get("Content-Type"))
			names := map[string]bool{}
			decoder, family := expfmt.NewDecoder(w.Body, format), dto.MetricFamily{}
			err := decoder.Decode(&family)
			for ; err == nil; err = decoder.Decode(&family) {
				names[family.GetName()] = true
			}
			if err != io.EOF || !names["loci_ready"] || !names["go_goroutines"] || !strings.HasPrefix(string(format), want) {
				t.Errorf("%q gets %q, %v: %v", accept, format, names, err)
			}
		}
	}
}

func TestNothingElseIsThere(t *testing.T) {
	r := newRig(t, Options{}, false)
	for _, path := range []string{"/nothing", "/debug/pprof/", "/metrics/x"} {
		if code, _ := r.get(path); code != 404 {
			t.Errorf("%s: %d", path, code)
		}
	}
	w := httptest.NewRecorder()
	r.status.ServeHTTP(w, httptest.NewRequest("POST", "/metrics", io.NopCloser(strings.NewReader(""))))
	if w.Code != 405 {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestSharesAreWhatAPartOfAgentsKeepsTo(t *testing.T) {
	var values []float64
	for i := range 100 {
		values = append(values, float64(100-i))
	}
	if got := at(shares, values); got[0.5] != 51 || got[0.99] != 100 || got[1] != 100 {
		t.Errorf("%v", got)
	}
	if got := at(shares, nil); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
