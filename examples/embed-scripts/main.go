// Command embed-scripts is the box office of a theatre: it sells tickets on a page, and
// has a foyer in which agents show them. How the foyer looks and behaves is written in
// Lua, in place/, with the box office's own functions in reach.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// config is what the command can be told.
type config struct {
	http    string // HOST:PORT of the page
	listen  string // HOST:PORT of the foyer
	scripts string // directory of the foyer's scripts; "" means those built in
	tickets int    // to sell
	log     *slog.Logger
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
		fmt.Fprintln(os.Stderr, "embed-scripts:", err)
		os.Exit(1)
	}
}

func parseFlags(args []string, stderr io.Writer) (config, error) {
	cfg := config{log: slog.New(slog.NewTextHandler(stderr, nil))}
	flags := flag.NewFlagSet("embed-scripts", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&cfg.http, "http", "127.0.0.1:8080", "TCP `HOST:PORT` of the page; port 0 takes a free one")
	flags.StringVar(&cfg.listen, "listen", "127.0.0.1:21337", "UDP `HOST:PORT` of the foyer, IPv4; port 0 takes a free one")
	flags.StringVar(&cfg.scripts, "scripts", "", "`DIR` of the foyer's scripts, reloaded whenever one is saved (default: those built in)")
	flags.IntVar(&cfg.tickets, "tickets", 100, "`N` tickets to sell")
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
	case cfg.tickets < 0:
		err = fmt.Errorf("--tickets is %d, want 0 or more", cfg.tickets)
	}
	if err != nil {
		fmt.Fprintln(stderr, "embed-scripts:", err)
	}
	return cfg, err
}

func run(ctx context.Context, cfg config) error {
	t, err := open(cfg)
	if err != nil {
		return err
	}
	cfg.log.Info("open", "page", "http://"+t.pages.Addr().String(), "foyer", t.foyer.url())
	return t.serve(ctx)
}
