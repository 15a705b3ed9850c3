package apps

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Gateway boots programs for places that ask it to over HTTP (netcode/PROTOCOL.md, "Apps"):
//
//	POST /NAME            boots one; 200 and {"status":"ok","id":ID}, or why not, as text
//	GET /                 lists apps and instances, as HTML or JSON
//	DELETE /instances/ID  ends an instance; 204 when it has ended
//
// A program gets, each on one line, ALLOVERSE_PLACE_URL, ALLOVERSE_REQUESTER_IDENTITY and
// ALLOVERSE_URL_PARAMS (both JSON objects; avatarToken of the second is what it has to
// announce itself with), and the last two also as ALLO_APP_BOOTED_BY_IDENTITY and
// ALLO_APP_BOOT_ARGS, where alloverse's own apps look for them. Beyond those its
// environment is what [GatewayConfig] and [App] say, and its stdin is empty. What it
// writes is logged. It is not started again when it ends, and what it has left running
// ends with it, unless that has left its process group.
//
// Requests that a browser sends for another site's page are refused.
type Gateway struct {
	cfg       GatewayConfig
	log       *slog.Logger
	mux       *http.ServeMux
	origins   *http.CrossOriginProtection
	allowance allowance
	env       []string

	mu        sync.Mutex
	instances map[string]*instance
	closed    bool
}

var _ http.Handler = (*Gateway)(nil)

// NewGateway makes a gateway. The error names what is wrong with an app: its name, or
// that its program is not there.
func NewGateway(cfg GatewayConfig) (*Gateway, error) {
	if err := cfg.complete(); err != nil {
		return nil, fmt.Errorf("apps: %w", err)
	}
	g := &Gateway{
		cfg: cfg, log: cfg.Logger, mux: http.NewServeMux(),
		origins:   http.NewCrossOriginProtection(),
		allowance: allowance{rate: cfg.Rate, burst: float64(cfg.Burst)},
		env:       cfg.environment(), instances: map[string]*instance{},
	}
	g.mux.HandleFunc("GET /{$}", g.list)
	g.mux.HandleFunc("POST /", g.launch)
	g.mux.HandleFunc("DELETE /instances/{id}", g.end)
	return g, nil
}

// ServeHTTP answers one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := g.origins.Check(r); err != nil {
		http.Error(w, "not for other sites' pages", http.StatusForbidden)
		return
	}
	if g.cfg.Token != "" && !BringsToken(r, g.cfg.Token) {
		w.Header().Set("WWW-Authenticate", `Basic realm="alloapp gateway"`)
		http.Error(w, "want the gateway's token", http.StatusUnauthorized)
		return
	}
	g.mux.ServeHTTP(w, r)
}

// BringsToken reports whether a request brings a token, as a bearer token or as a password
// with any name.
func BringsToken(r *http.Request, token string) bool {
	brought, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		_, brought, _ = r.BasicAuth()
	}
	return subtle.ConstantTimeCompare([]byte(brought), []byte(token)) == 1
}

// launch boots a program.
func (g *Gateway) launch(w http.ResponseWriter, r *http.Request) {
	name, ok := g.named(r.URL.Path)
	if !ok {
		http.Error(w, fmt.Sprintf("there is no app %.100q here", printable(name)), http.StatusNotFound)
		return
	}
	body, status, err := g.read(w, r)
	if err != nil {
		http.Error(w, err.Error(), status)
		return
	}
	o, err := parseOrder(r.Header, r.URL.Query(), body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !g.allowance.take(time.Now()) { // what makes no sense has not cost any
		w.Header().Set("Retry-After", fmt.Sprint(int(1/g.cfg.Rate)+1))
		http.Error(w, "too many launches, try again later", http.StatusTooManyRequests)
		return
	}
	i, status, err := g.boot(name, o)
	if err != nil {
		http.Error(w, err.Error(), status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"status": "ok", "id": i.id})
}

// named returns the app that a path means.
func (g *Gateway) named(path string) (string, bool) {
	name := strings.Trim(path, "/")
	if name == "" && len(g.cfg.Apps) == 1 {
		for only := range g.cfg.Apps {
			return only, true
		}
	}
	_, ok := g.cfg.Apps[name]
	return name, ok
}

// read returns the body, or what to answer in its stead.
func (g *Gateway) read(w http.ResponseWriter, r *http.Request) (body []byte, status int, err error) {
	// What is no connection has no deadline.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(g.cfg.BodyTimeout))
	body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, int64(g.cfg.BodyBytes)))
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return body, http.StatusOK, nil
	case errors.As(err, &large):
		return nil, http.StatusRequestEntityTooLarge, fmt.Errorf("the body has at most %d bytes", g.cfg.BodyBytes)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, http.StatusRequestTimeout, fmt.Errorf("the body has not come within %v", g.cfg.BodyTimeout)
	}
	return nil, http.StatusBadRequest, errors.New("the body could not be read")
}

// boot starts an instance, or gives what to answer in its stead.
func (g *Gateway) boot(name string, o *order) (i *instance, status int, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closed:
		return nil, http.StatusServiceUnavailable, errors.New("the gateway is closing")
	case len(g.instances) >= g.cfg.MaxInstances:
		return nil, http.StatusServiceUnavailable, fmt.Errorf("%d apps run here already, no more may", g.cfg.MaxInstances)
	}
	i, err = g.start(name, o)
	if err != nil {
		g.log.Error("app not started", "app", name, "error", err)
		return nil, http.StatusInternalServerError, fmt.Errorf("%s could not be started", name)
	}
	g.instances[i.id] = i
	go func() {
		i.supervise(g.cfg.Idle, g.cfg.Grace)
		g.mu.Lock()
		delete(g.instances, i.id)
		g.mu.Unlock()
		close(i.done)
	}()
	return i, http.StatusOK, nil
}

// end ends an instance.
func (g *Gateway) end(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	i := g.instances[r.PathValue("id")]
	g.mu.Unlock()
	if i == nil {
		http.Error(w, "there is no such instance", http.StatusNotFound)
		return
	}
	i.stop()
	select {
	case <-i.done:
		w.WriteHeader(http.StatusNoContent)
	case <-r.Context().Done():
	}
}

// Close ends all instances, and returns when they have ended. POSTs are answered 503
// from then on.
func (g *Gateway) Close() {
	g.mu.Lock()
	g.closed = true
	all := slices.Collect(maps.Values(g.instances))
	g.mu.Unlock()
	for _, i := range all {
		i.stop()
	}
	for _, i := range all {
		<-i.done
	}
}
