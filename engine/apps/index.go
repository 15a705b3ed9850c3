package apps

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

//go:embed index.html
var indexPage string

var indexTemplate = template.Must(template.New("index").Parse(indexPage))

// index is what a gateway has and runs. What programs were told is not in it: with their
// tokens, others could pass for them.
type index struct {
	Apps         []string        `json:"apps"`
	MaxInstances int             `json:"max_instances"`
	Instances    []instanceIndex `json:"instances"` // in the order they were started
}

type instanceIndex struct {
	ID    string    `json:"id"`
	App   string    `json:"app"`
	Place string    `json:"place"` // alloplace://host:port
	By    string    `json:"by"`    // the display name of who asked
	Since time.Time `json:"since"`
}

func (g *Gateway) index() index {
	x := index{
		Apps: slices.Sorted(maps.Keys(g.cfg.Apps)), MaxInstances: g.cfg.MaxInstances, Instances: []instanceIndex{},
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, i := range g.instances {
		x.Instances = append(x.Instances, instanceIndex{i.id, i.app, i.order.place, i.order.name, i.since})
	}
	slices.SortFunc(x.Instances, func(a, b instanceIndex) int {
		return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.ID, b.ID))
	})
	return x
}

// list shows apps and instances: HTML to those who ask for it, as browsers do, JSON to
// all others.
func (g *Gateway) list(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Accept")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(g.index())
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	if err := indexTemplate.Execute(w, g.index()); err != nil {
		g.log.Debug("list not sent", "error", err)
	}
}
