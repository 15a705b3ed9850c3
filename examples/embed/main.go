// Command embed is a web shop with a place in it: a lamp stands in both. One who
// is in the place can switch it, and so can one who looks at the shop's page,
// which also shows who is in the place.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// config is what the command can be told.
type config struct {
	http   string // HOST:PORT of the shop's pages
	listen string // HOST:PORT of the place
	name   string // what agents are told the place is called
	log    *slog.Logger
	stock  stock
}

func main() {
	cfg, err := parseFlags(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		os.Exit(2) // parseFlags has said why
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := run(ctx, cfg); err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
}

func parseFlags(args []string, stderr io.Writer) (config, error) {
	cfg := config{log: slog.New(slog.NewTextHandler(stderr, nil)), stock: warehouse}
	flags := flag.NewFlagSet("embed", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&cfg.http, "http", "127.0.0.1:8080", "TCP `HOST:PORT` of the shop's pages; port 0 takes a free one")
	flags.StringVar(&cfg.listen, "listen", "127.0.0.1:21337", "UDP `HOST:PORT` of the place, IPv4; port 0 takes a free one")
	flags.StringVar(&cfg.name, "name", "The lamp shop", "`NAME` of the place as agents are told it")
	err := flags.Parse(args)
	switch {
	case err != nil:
		return config{}, err // Parse has said why
	case flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case cfg.http == "":
		err = errors.New("--http is empty, want HOST:PORT")
	case cfg.listen == "":
		err = errors.New("--listen is empty, want HOST:PORT")
	}
	if err != nil {
		fmt.Fprintln(stderr, "embed:", err)
	}
	return cfg, err
}

func run(ctx context.Context, cfg config) error {
	a, err := open(cfg)
	if err != nil {
		return err
	}
	cfg.log.Info("open", "shop", "http://"+a.pages.Addr().String(), "place", a.room.url)
	return a.serve(ctx)
}

// app is the shop and the room in it, both bound to their ports.
type app struct {
	room  *room
	web   *http.Server
	pages net.Listener
	log   *slog.Logger
	// patience is how long those who are being served have to finish when the shop
	// closes. Browsers like to open connections that they then do not use, and those
	// are waited for too.
	patience time.Duration
}

// open binds both ports. Who connects is heard from serve on.
func open(cfg config) (*app, error) {
	pages, err := net.Listen("tcp", cfg.http)
	if err != nil {
		return nil, fmt.Errorf("--http: %w", err)
	}
	room, err := openRoom(cfg)
	if err != nil {
		_ = pages.Close()
		return nil, fmt.Errorf("--listen: %w", err)
	}
	shop := &shop{room: room, log: cfg.log}
	return &app{room: room, pages: pages, log: cfg.log, patience: 2 * time.Second, web: &http.Server{
		Handler:           shop.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ErrorLog:          slog.NewLogLogger(cfg.log.Handler(), slog.LevelWarn),
	}}, nil
}

// serve runs both until ctx ends or one of them fails: neither is any good alone.
// The pages are closed first, as those who are being served need the room.
func (a *app) serve(ctx context.Context) error {
	roomCtx, closeRoom := context.WithCancel(context.WithoutCancel(ctx))
	defer closeRoom()
	ended := make(chan error, 2)
	go func() { ended <- a.room.serve(roomCtx) }()
	go func() { ended <- a.servePages() }()
	select {
	case <-ctx.Done():
	case err := <-ended:
		ended <- err
	}
	a.log.Info("closing")
	err := a.closePages(context.WithoutCancel(ctx))
	closeRoom()
	return errors.Join(err, <-ended, <-ended)
}

func (a *app) servePages() error {
	if err := a.web.Serve(a.pages); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// closePages lets those who are being served finish, and then hangs up.
func (a *app) closePages(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	if err := a.web.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return a.web.Close()
}
