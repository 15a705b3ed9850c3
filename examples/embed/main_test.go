package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

func TestClosingEndsThePagesAndTheRoom(t *testing.T) {
	o := start(t, config{}, nil)
	agent := o.join("Ada")
	o.get("/") // leaves a connection open
	o.cancel()
	if err := <-o.served; err != nil {
		t.Errorf("it ended with %v", err)
	}
	<-agent.Done()
	end, ok := errors.AsType[*client.DisconnectError](agent.Err())
	if !ok || end.Code != netcode.CodePlaceClosed {
		t.Errorf("the agent left with %v", agent.Err())
	}
	if res, err := o.client.Get("http://" + o.pages.Addr().String()); err == nil {
		t.Errorf("the shop still answers: %s", res.Status)
		_ = res.Body.Close()
	}
	if _, err := o.room.status(); err == nil {
		t.Error("the room still answers")
	}
	listen := strings.TrimPrefix(o.room.url, "alloplace://")
	again, err := open(config{http: o.pages.Addr().String(), listen: listen, log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatalf("its ports are still taken: %v", err)
	}
	_ = again.pages.Close()
	_ = again.room.place.Close()
}

func TestRequestsInFlightFinishBeforeTheRoomCloses(t *testing.T) {
	arrived, closing := make(chan struct{}), make(chan struct{})
	o := start(t, config{}, func(a *app) {
		inner := a.web.Handler
		a.web.RegisterOnShutdown(func() { close(closing) })
		a.web.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(arrived)
			<-closing
			inner.ServeHTTP(w, r)
		})
	})
	type answer struct {
		res *http.Response
		err error
	}
	answered := make(chan answer, 1)
	go func() {
		res, err := o.post("true")
		answered <- answer{res, err}
	}()
	<-arrived
	o.cancel()
	a := <-answered
	if a.err != nil {
		t.Fatal(a.err)
	}
	o.body(a.res, http.StatusSeeOther)
}

func TestCloseCutsOffUnfinishedRequests(t *testing.T) {
	o := start(t, config{}, func(a *app) { a.patience = 10 * time.Millisecond })
	conn, err := net.Dial("tcp", o.pages.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\n")); err != nil {
		t.Fatal(err)
	}
	o.get("/") // it has come later, so the other has been let in as well
	o.cancel()
	if err := <-o.served; err != nil {
		t.Errorf("it ended with %v", err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection is still open: %v", err)
	}
}

func TestClosingEndsWhatIsLookedUpWithoutAnAnswer(t *testing.T) {
	asked, ended := make(chan *client.Client), false
	var logs strings.Builder
	o := start(t, config{
		log: slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelWarn})),
		stock: func(ctx context.Context, _ string) (int, error) {
			agent := <-asked
			<-ctx.Done()
			<-agent.Done() // the place has told its agents
			ended = true
			return 0, ctx.Err()
		},
	}, func(*app) { logs.Reset() }) // not what was said about the machine
	agent := o.join("Ada")
	answered := make(chan error, 1)
	go func() {
		_, err := agent.Request(o.ctx, "place", "stock", "bulb")
		answered <- err
	}()
	asked <- agent
	o.cancel()
	if err := <-o.served; err != nil {
		t.Errorf("it ended with %v", err)
	}
	if !ended {
		t.Error("it ended before the warehouse did")
	}
	if _, ok := errors.AsType[*client.DisconnectError](<-answered); !ok {
		t.Error("the request was answered, though nobody had an answer")
	}
	if logs.Len() > 0 {
		t.Errorf("it complained:\n%s", &logs)
	}
}

func TestOneThatEndsTakesTheOtherAlong(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(o *opened)
		want error
	}{
		"pages": {func(o *opened) { _ = o.pages.Close() }, net.ErrClosed},
		"room":  {func(o *opened) { _ = o.room.place.Close() }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := start(t, config{}, nil)
			agent := o.join("Ada")
			c.end(o)
			if err := <-o.served; !errors.Is(err, c.want) {
				t.Errorf("it ended with %v, want %v", err, c.want)
			}
			<-agent.Done()
			if _, err := net.Dial("tcp", o.pages.Addr().String()); err == nil {
				t.Error("the shop still listens")
			}
		})
	}
}

func TestTakenPortsAreExplained(t *testing.T) {
	o := start(t, config{}, nil)
	log := slog.New(slog.DiscardHandler)
	for name, c := range map[string]struct {
		cfg  config
		says string
	}{
		"pages": {config{http: o.pages.Addr().String(), listen: "127.0.0.1:0", log: log}, "--http: "},
		"place": {config{http: "127.0.0.1:0", listen: strings.TrimPrefix(o.room.url, "alloplace://"), log: log}, "--listen: "},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), c.cfg)
			if !errors.Is(err, syscall.EADDRINUSE) || !strings.HasPrefix(err.Error(), c.says) {
				t.Errorf("got %v, want %s…", err, c.says)
			}
		})
	}
}

func TestFlagsSayWhereBothListen(t *testing.T) {
	got, err := parseFlags(strings.Fields("--http 127.0.0.1:1 --listen 127.0.0.1:2 --name Attic"), io.Discard)
	if err != nil || got.http != "127.0.0.1:1" || got.listen != "127.0.0.1:2" || got.name != "Attic" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestBadFlagsAreExplained(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"argument":   {[]string{"more"}, `unexpected argument "more"`},
		"no pages":   {[]string{"--http", ""}, "--http is empty"},
		"no place":   {[]string{"--listen", ""}, "--listen is empty"},
		"other flag": {[]string{"--port", "1"}, "-port"},
	} {
		t.Run(name, func(t *testing.T) {
			var said strings.Builder
			if _, err := parseFlags(c.args, &said); err == nil || !strings.Contains(said.String(), c.want) {
				t.Errorf("got %v, and it said %q, want %q", err, said.String(), c.want)
			}
		})
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	var said strings.Builder
	if _, err := parseFlags([]string{"--help"}, &said); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("got %v", err)
	}
	for _, name := range []string{"http", "listen", "name"} {
		if !strings.Contains(said.String(), "  -"+name+" ") {
			t.Errorf("help does not name --%s", name)
		}
	}
}
