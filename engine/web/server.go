package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// ServerOptions say how a [Server] listens.
type ServerOptions struct {
	// Addr is HOST:PORT; port 0 takes a free one.
	Addr string
	// NextFree has the next free port be taken where that of Addr is not.
	NextFree bool
	// Certificates say whether it speaks HTTPS.
	Certificates Certificates
	// TrustedProxies are the networks of proxies that are believed in X-Forwarded-For and
	// X-Forwarded-Host. Those that everybody's requests come through count as one address otherwise.
	TrustedProxies []netip.Prefix
	// Logger hears of what goes wrong. Nil means [slog.Default].
	Logger *slog.Logger
}

// What a connection may cost before anything is known of it.
const (
	headerTimeout = 5 * time.Second
	headerBytes   = 16 << 10
	readTimeout   = 15 * time.Second
	writeTimeout  = 2 * time.Minute // a profile takes as long as was asked for
	idleTimeout   = time.Minute

	// MaxConnections is how many connections a [Server] has at once, and AddressConnections how many
	// of them from one address; further ones are closed. A browser has up to six.
	MaxConnections     = 8192
	AddressConnections = 2048
)

// Server serves a handler to browsers.
type Server struct {
	server   *http.Server
	listener *split
	secure   *tls.Config // nil for HTTP
	cancel   func()      // ends what renews certificates
	proxies  []netip.Prefix
	log      *slog.Logger
	started  bool
	served   chan struct{} // closed when Start's goroutine has ended
}

// tries is how many ports are tried from that of the address on.
const tries = 100

// Listen binds an address. Nothing is answered before Start.
func Listen(o ServerOptions) (*Server, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	ctx, cancel := context.WithCancel(context.Background())
	secure, err := o.Certificates.config(ctx, o.Logger)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("engine/web: %w", err)
	}
	listener, err := listen(o.Addr, o.NextFree)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("engine/web: %w", err)
	}
	return &Server{
		proxies: o.TrustedProxies, secure: secure, cancel: cancel,
		listener: newSplit(limited(listener)), log: o.Logger, served: make(chan struct{}),
		server: &http.Server{
			ErrorLog:          slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug),
			ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
			MaxHeaderBytes: headerBytes,
		},
	}, nil
}

// Start serves a handler until Close. It is called once, and returns at once.
func (s *Server) Start(h http.Handler) {
	s.server.Handler = behind(s.proxies, h)
	listener := net.Listener(s.listener.http)
	if s.secure != nil {
		listener = tls.NewListener(listener, s.secure)
	}
	s.started = true
	go func() {
		defer close(s.served)
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("the web server has failed", "error", err)
		}
	}()
}

func listen(addr string, next bool) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if !next || !errors.Is(err, syscall.EADDRINUSE) {
		return l, err
	}
	at, resolving := net.ResolveTCPAddr("tcp", addr)
	if resolving != nil {
		return nil, err
	}
	for range tries {
		if at.Port++; at.Port > 65535 {
			break
		}
		if l, again := net.ListenTCP("tcp", at); !errors.Is(again, syscall.EADDRINUSE) {
			return l, again
		}
	}
	return nil, err
}

// Addr is where it listens.
func (s *Server) Addr() net.Addr { return s.listener.from.Addr() }

// ICE is the listener of those connections that are ICE over TCP, for netcode/web's Config.TCP.
func (s *Server) ICE() net.Listener { return s.listener.ice }

// Close stops listening and ends what is being answered, within half a second. Connections of agents
// are the transport's, and stay. Start must not be called at the same time.
func (s *Server) Close() error {
	s.cancel()
	if !s.started {
		return s.listener.close()
	}
	soon, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	err := s.server.Shutdown(soon)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.server.Close()
	}
	<-s.served
	return errors.Join(err, s.listener.close())
}

// limited bounds how many connections a listener has.
func limited(l net.Listener) net.Listener {
	return &limitedListener{Listener: l, open: map[string]int{}}
}

type limitedListener struct {
	net.Listener

	mu   sync.Mutex // held while what follows is used
	all  int
	open map[string]int // by address
}

// Accept implements [net.Listener].
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from, _, err := net.SplitHostPort(c.RemoteAddr().String())
		if err == nil && l.enter(from) {
			return &limitedConn{Conn: c, leave: sync.OnceFunc(func() { l.leave(from) })}, nil
		}
		_ = c.Close()
	}
}

func (l *limitedListener) enter(from string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= MaxConnections || l.open[from] >= AddressConnections {
		return false
	}
	l.all++
	l.open[from]++
	return true
}

func (l *limitedListener) leave(from string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.open[from]--; l.open[from] == 0 {
		delete(l.open, from)
	}
}

type limitedConn struct {
	net.Conn
	leave func()
}

// Close implements [net.Conn].
func (c *limitedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// NetConn is the connection without the limit.
func (c *limitedConn) NetConn() net.Conn { return c.Conn }
