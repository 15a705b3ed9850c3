package web

import (
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/web/visor"
)

// Options say what a [Handler] serves.
type Options struct {
	// Place is the place whose assets are served at /assets/. Nil means that none are.
	Place *engine.Place
	// Join is what /join is: a netcode/web.Transport that the place has among its transports.
	Join http.Handler
	// Page holds the files of the page that people open, index.html among them. Nil means the visor.
	Page fs.FS
	// Operator is served under /status, without that in its path, and under /metrics, /healthz,
	// /readyz and /debug/pprof/. Nil means nothing.
	Operator http.Handler
	// Public has Operator be shown to everybody, and not only to who asks from this machine.
	Public bool
	// Logger hears of what goes wrong. Nil means [slog.Default].
	Logger *slog.Logger
}

// Handler serves a place to browsers.
type Handler struct {
	mux *http.ServeMux
}

// New makes a handler.
func New(o Options) (*Handler, error) {
	if o.Join == nil {
		return nil, errors.New("engine/web: Options.Join is nil, want the transport by which browsers join")
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	h := &Handler{mux: http.NewServeMux()}
	h.mux.Handle("/join", o.Join)
	if o.Place != nil {
		h.mux.Handle("/assets/{hash}", newAssetServer(o.Place))
	}
	h.mux.Handle("/", page(o.Page))
	if o.Operator != nil {
		operator := http.Handler(o.Operator)
		if !o.Public {
			operator = onlyLocal(operator)
		}
		h.mux.Handle("/status", stripped(operator, "/"))
		for _, path := range []string{"/metrics", "/healthz", "/readyz", "/debug/pprof/"} {
			h.mux.Handle(path, operator)
		}
	}
	return h, nil
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	h.mux.ServeHTTP(w, r)
}

// policy is what the visor may do in a browser: it never runs what others wrote.
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self' ws: wss: blob: data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// page serves the files of a page.
func page(files fs.FS) http.Handler {
	own := files == nil
	if own {
		files = visor.Files()
	}
	server := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "want GET", http.StatusMethodNotAllowed)
			return
		}
		if own {
			w.Header().Set("Content-Security-Policy", policy)
			w.Header().Set("Referrer-Policy", "no-referrer")
		}
		w.Header().Set("Cache-Control", "no-cache") // it is asked whether there is a newer one
		server.ServeHTTP(w, r)
	})
}

// stripped asks a handler for another path.
func stripped(h http.Handler, path string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := *r.URL
		at.Path, at.RawPath = path, ""
		other := *r
		other.URL = &at
		h.ServeHTTP(w, &other)
	})
}

// onlyLocal lets through what is asked from this machine, by its address or as localhost, and not
// through a proxy, which would ask for anybody. Under another name a web page elsewhere, whose name leads
// here, would ask by a browser on this machine.
func onlyLocal(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.RemoteAddr) || !namesMachine(r.Host) || throughProxy(r) {
			http.NotFound(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func isLoopback(addr string) bool {
	at, err := netip.ParseAddrPort(addr)
	return err == nil && at.Addr().Unmap().IsLoopback()
}

// namesMachine reports whether a Host is an address, or localhost.
func namesMachine(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost"
}

func throughProxy(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "Via", "X-Forwarded-For", "X-Real-Ip"} {
		if r.Header.Get(name) != "" {
			return true
		}
	}
	return false
}
