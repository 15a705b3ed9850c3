package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/apps"
	"github.com/loci-place/loci/engine/status"
	"github.com/loci-place/loci/scripts"
)

// openURL is a URL under which a browser on this machine can open what listens there.
func openURL(at net.Addr) string {
	host, port, err := net.SplitHostPort(at.String())
	if ip, wrong := netip.ParseAddr(host); err == nil && wrong == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// statusAddr is where the status page listens: on loopback, unless a host is given.
func statusAddr(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("%q: want HOST:PORT or :PORT", addr)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// serveStatus serves the status of a place over HTTP until stop is called.
func serveStatus(addr string, place *engine.Place, rt *scripts.Runtime, log *slog.Logger) (stop func(), err error) {
	listener, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%w; --http takes another address, with port 0 for any free one", err)
	}
	if err != nil {
		return nil, err
	}
	server := &http.Server{
		Handler:           onlyTo(listener.Addr(), operatorPages(place, rt, listener.Addr())),
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      2 * time.Minute, // a profile takes as long as was asked for
		IdleTimeout:       time.Minute,
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the status page is closed", "error", err)
		}
	}()
	log.Info("status page", "url", openURL(listener.Addr()), "listens", listener.Addr().String())
	return func() {
		soon, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		defer cancel()
		_ = server.Shutdown(soon)
		_ = server.Close()
		<-served
	}, nil
}

// operatorPages are the status of a place, and profiles.
func operatorPages(place *engine.Place, rt *scripts.Runtime, at net.Addr) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", status.New(place, status.Options{
		Scripts: func(t *engine.Turn) status.Scripts { return told(rt.Status(t), t.Time()) }, Broken: rt.Broken,
	}))
	// Not in package status: net/http/pprof also registers with http.DefaultServeMux, which in other
	// programs is not ours.
	mux.Handle("/debug/pprof/", profiles(at, os.Getenv(httpToken)))
	return mux
}

// httpToken is the variable with what has to be brought for profiles, by others than this
// machine: they show what is in memory, and cost the place much.
const httpToken = "LOCI_HTTP_TOKEN"

// profiles are Go's. Where others than this machine can ask, they must bring the token; if
// there is none, nobody is shown them.
func profiles(at net.Addr, token string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case token == "" && isLoopback(at), token != "" && apps.BringsToken(r, token):
			mux.ServeHTTP(w, r)
		case token == "":
			http.Error(w, "profiles are shown on loopback only, or with "+httpToken+" in the place's environment, to those who bring it",
				http.StatusForbidden)
		default:
			w.Header().Set("WWW-Authenticate", `Basic realm="profiles"`)
			http.Error(w, "want the token", http.StatusUnauthorized)
		}
	})
}

func isLoopback(at net.Addr) bool {
	addr, err := netip.ParseAddrPort(at.String())
	return err == nil && addr.Addr().Unmap().IsLoopback()
}

// onlyTo lets through what is asked of a loopback listener by its address or as
// localhost: under any other name a web page elsewhere, whose name leads here, would ask
// by a browser on this machine.
func onlyTo(addr net.Addr, h http.Handler) http.Handler {
	if !isLoopback(addr) {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if _, err := netip.ParseAddr(host); err != nil && host != "localhost" {
			http.Error(w, "ask by address, or as localhost", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// told returns the scripts' status as the status page shows it.
func told(s scripts.Status, now float64) status.Scripts {
	out := status.Scripts{
		Generation: s.Generation, Files: s.Files, Components: s.Components, Reloads: s.Reloads, Failed: s.Failed,
	}
	out.Refused, out.Waiting = s.Refused, s.Waiting
	for _, rest := range s.Resting {
		out.Resting = append(out.Resting, status.Resting{
			Handler: rest.Handler, At: rest.At, For: rest.For, Since: now - rest.Since, Left: rest.Until - now, Times: rest.Times, Why: rest.Why,
		})
	}
	if f := s.Failure; f != nil {
		out.Failure = &status.Failure{Error: f.Error, File: f.File, Line: f.Line, At: f.At}
	}
	for _, h := range s.Handlers {
		out.Handlers = append(out.Handlers, status.Handler{
			Kind: h.Kind, Calls: h.Calls, Errors: h.Errors, CutOffs: h.CutOffs, Seconds: h.Time.Seconds(), Instructions: h.Instructions,
		})
	}
	for _, e := range s.Errors {
		out.Errors = append(out.Errors, status.Error{
			File: e.File, Line: e.Line, Handler: e.Handler, Message: e.Message, Count: e.Count, Ago: now - e.At,
		})
	}
	return out
}
