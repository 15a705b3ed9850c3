package apps

import (
	"cmp"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/loci-place/loci/engine/bucket"
)

// Gateway starts programs for places that ask it to over HTTP (netcode/PROTOCOL.md, "Apps"):
//
//	POST /NAME            starts one; 200 and {"status":"ok","id":ID}, or an error as text
//	GET /                 lists apps and instances, as HTML or JSON
//	DELETE /instances/ID  ends an instance; 204 when it has ended
//
// The environment of a program has, each on one line, ALLOVERSE_PLACE_URL,
// ALLOVERSE_REQUESTER_IDENTITY and ALLOVERSE_URL_PARAMS. The last two are JSON objects;
// avatarToken of the second is the token to announce with. Both are also in
// ALLO_APP_BOOTED_BY_IDENTITY and ALLO_APP_BOOT_ARGS, where alloverse's own apps look for
// them. [GatewayConfig] and [App] add the rest of the environment. The stdin of a program
// is empty, and its output is logged. A program that ends is not restarted; the processes
// that it leaves behind in its process group are ended with it.
//
// Cross-origin requests of browsers are refused.
type Gateway struct {
	cfg     GatewayConfig
	log     *slog.Logger
	mux     *http.ServeMux
	origins *http.CrossOriginProtection
	env     []string

	mu        sync.Mutex
	instances map[string]*instance
	launches  bucket.Bucket
	closed    bool
}

var _ http.Handler = (*Gateway)(nil)

// NewGateway returns a gateway. The error names an app whose name is invalid or whose
// program does not exist.
func NewGateway(cfg GatewayConfig) (*Gateway, error) {
	if err := cfg.complete(); err != nil {
		return nil, fmt.Errorf("apps: %w", err)
	}
	g := &Gateway{
		cfg: cfg, log: cfg.Logger, mux: http.NewServeMux(),
		origins: http.NewCrossOriginProtection(),
		env:     cfg.environment(), instances: map[string]*instance{},
	}
	g.mux.HandleFunc("GET /{$}", g.list)
	g.mux.HandleFunc("POST /", g.launch)
	g.mux.HandleFunc("DELETE /instances/{id}", g.end)
	return g, nil
}

// ServeHTTP implements [http.Handler].
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

// BringsToken reports whether a request has the token, as a bearer token or as the password
// of any user.
func BringsToken(r *http.Request, token string) bool {
	brought, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		_, brought, _ = r.BasicAuth()
	}
	return subtle.ConstantTimeCompare([]byte(brought), []byte(token)) == 1
}

// launch answers a POST: it starts a program.
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
	if !g.mayLaunch(time.Now()) { // after parsing, so that bad requests cost nothing
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

// mayLaunch reports whether the rate limit allows a launch now, and counts it if so.
func (g *Gateway) mayLaunch(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.launches.Take(1, g.cfg.Rate, float64(g.cfg.Burst), now) == 0
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

// read returns the body, or the status and error to answer with.
func (g *Gateway) read(w http.ResponseWriter, r *http.Request) (body []byte, status int, err error) {
	// The error is that of a writer without a connection, as in tests.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(g.cfg.BodyTimeout))
	body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, int64(g.cfg.BodyBytes)))
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return body, http.StatusOK, nil
	case errors.As(err, &large):
		return nil, http.StatusRequestEntityTooLarge, fmt.Errorf("the body must have at most %d bytes", g.cfg.BodyBytes)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, http.StatusRequestTimeout, fmt.Errorf("the body did not arrive within %v", g.cfg.BodyTimeout)
	}
	return nil, http.StatusBadRequest, errors.New("the body could not be read")
}

// boot starts an instance, or returns the status and error to answer with.
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

// end answers a DELETE: it ends an instance.
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

// Close ends all instances and returns when they have ended. From then on POSTs are
// answered 503.
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

// App is a program that a [Gateway] can start.
type App struct {
	// Command is the program and its arguments. It does not go through a shell.
	Command []string
	// Dir is the working directory. "" means that of the gateway.
	Dir string
	// Env has additional variables, as NAME=VALUE.
	Env []string
}

// GatewayConfig configures a gateway. Zero values mean the defaults.
type GatewayConfig struct {
	// Apps has the apps that can be launched, by the path of the POST. If there is only
	// one, a POST to / launches it.
	Apps map[string]App
	// MaxInstances is the maximum number of instances of all apps; a further POST is
	// answered 503. Default 16.
	MaxInstances int
	// Idle is the time without output after which an instance is ended. A gateway cannot
	// see whether an app is still in its place, so an app that must stay has to write
	// something now and then. 0 means never.
	Idle time.Duration
	// Grace is the time from SIGTERM to SIGKILL when an instance is ended. Default 5 s.
	Grace time.Duration
	// Rate is the average number of launches per second, and Burst the number at once;
	// more are answered 429. Default 1 and 10.
	Rate  float64
	Burst int
	// BodyBytes is the maximum size of a body; larger ones are answered 413. Default 64 KiB.
	BodyBytes int
	// BodyTimeout is the time in which a body must arrive; slower ones are answered 408.
	// The [http.Server] has the limit for headers. Default 5 s.
	BodyTimeout time.Duration
	// Token must come with every request, as a bearer token or as the password of any user;
	// others are answered 401. "" means no authentication.
	Token string
	// Env has names of variables that programs inherit from the gateway's environment,
	// in addition to PATH, HOME, USER, LOGNAME, SHELL, LANG, LC_ALL, TZ and TMPDIR.
	Env []string
	// Logger is for instances and their output. Nil means [slog.Default].
	Logger *slog.Logger
}

// inherited are the variables that programs need and that hold no secrets.
var inherited = []string{"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TMPDIR"}

// environment returns the environment of every program.
func (c *GatewayConfig) environment() (env []string) {
	for _, name := range slices.Concat(inherited, c.Env) {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// complete sets defaults, and looks up the programs.
func (c *GatewayConfig) complete() error {
	if len(c.Apps) == 0 {
		return errors.New("a gateway needs an app")
	}
	if c.MaxInstances < 0 || c.Idle < 0 || c.Grace < 0 || !(c.Rate >= 0) || c.Burst < 0 || c.BodyBytes < 0 || c.BodyTimeout < 0 {
		return errors.New("GatewayConfig has a limit below 0")
	}
	c.MaxInstances = cmp.Or(c.MaxInstances, 16)
	c.Grace = cmp.Or(c.Grace, 5*time.Second)
	c.Rate = cmp.Or(c.Rate, 1)
	c.Burst = cmp.Or(c.Burst, 10)
	c.BodyBytes = cmp.Or(c.BodyBytes, 64<<10)
	c.BodyTimeout = cmp.Or(c.BodyTimeout, 5*time.Second)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.Apps = maps.Clone(c.Apps)
	for name, app := range c.Apps {
		if !isHostName(name) || name == "instances" {
			return fmt.Errorf("app %.100q: want a name of letters, digits, -, _ and ., other than instances", name)
		}
		if len(app.Command) == 0 {
			return fmt.Errorf("app %s has no command", name)
		}
		path, err := exec.LookPath(app.Command[0])
		if err == nil {
			path, err = filepath.Abs(path) // Dir is for the program alone
		}
		if err != nil {
			return fmt.Errorf("app %s: %w", name, err)
		}
		app.Command = append([]string{path}, app.Command[1:]...)
		c.Apps[name] = app
	}
	return nil
}

//go:embed index.html
var indexPage string

var indexTemplate = template.Must(template.New("index").Parse(indexPage))

// index lists the apps and instances of a gateway. It leaves out what programs were told,
// as others could use their tokens.
type index struct {
	Apps         []string        `json:"apps"`
	MaxInstances int             `json:"max_instances"`
	Instances    []instanceIndex `json:"instances"` // in the order they were started
}

type instanceIndex struct {
	ID    string    `json:"id"`
	App   string    `json:"app"`
	Place string    `json:"place"` // alloplace://host:port
	By    string    `json:"by"`    // the display name of the requester
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

// list answers a GET with apps and instances: HTML if the request asks for it, as browsers
// do, otherwise JSON.
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
