package status

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/internal/await"
)

// busyBehaviour has no time left of 10 ms.
type busyBehaviour struct{}

func (busyBehaviour) Open(*engine.Turn) error    { return nil }
func (busyBehaviour) Settle(*engine.Turn)        {}
func (busyBehaviour) Close(*engine.Turn)         {}
func (busyBehaviour) Beat(*engine.Turn, float64) { time.Sleep(9 * time.Millisecond) }

func TestAnOverloadedPlaceTellsWhatItDoesWithout(t *testing.T) {
	r := newRigOf(t, engine.Config{Behaviour: busyBehaviour{}, Rate: 100}, Options{Patience: time.Second}, true)
	await.Until(r, "all is shed", func() bool { return value(r.metrics(), "loci_shedding") == 4 })
	m := r.metrics()
	if value(m, "loci_shed_total", "what=far") < 1 || value(m, "loci_shed_total", "what=media") != 0 {
		t.Errorf("%v", m["loci_shed_total"])
	}
	var report Report
	_, text := r.get("/?format=json")
	if err := json.Unmarshal([]byte(text), &report); err != nil || !slices.Equal(report.Shedding, []string{"far", "states", "video", "media"}) {
		t.Errorf("%v: %s", err, text)
	}
	if _, page := r.get("/"); !strings.Contains(page, `<p class="bad">Overloaded: does without far, states, video, media.</p>`) {
		t.Error(page)
	}
}

func TestLimitsThatAgentsHitAreTold(t *testing.T) {
	limits := engine.Limits{PatternRate: 1, SpawnRate: 3, Burst: time.Second}
	r := newRigOf(t, engine.Config{Limits: limits}, Options{}, true)
	c := r.join("Ada")
	if m := r.metrics(); value(m, "loci_shedding") != 0 || m["loci_limit_hits_total"] != nil {
		t.Errorf("before: %v, %v", m["loci_shedding"], m["loci_limit_hits_total"])
	}
	if _, page := r.get("/"); strings.Contains(page, "Overloaded") || strings.Contains(page, "Limits hit") {
		t.Errorf("before: %s", page)
	}
	pair := map[string]any{"children": []any{map[string]any{}}}
	for _, body := range [][]any{{"subscribe", "_"}, {"subscribe", "_"}, {"spawn_entity", pair}, {"spawn_entity", pair}, {"spawn_entity", pair}} {
		_, _ = c.Request(t.Context(), engine.PlaceID, body...)
	}
	m := r.metrics()
	patterns, entities := value(m, "loci_limit_hits_total", "limit=patterns"), value(m, "loci_limit_hits_total", "limit=entities")
	if patterns != 1 || entities != 2 {
		t.Errorf("%v", m["loci_limit_hits_total"])
	}
	var report Report
	_, text := r.get("/?format=json")
	if err := json.Unmarshal([]byte(text), &report); err != nil || !slices.Equal(report.Limits, []Limit{{"entities", 2}, {"patterns", 1}}) {
		t.Errorf("%v: %s", err, text)
	}
	if _, page := r.get("/"); !strings.Contains(page, `<td>entities</td><td class="n">2</td>`) {
		t.Error(page)
	}
}
