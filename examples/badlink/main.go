// Command badlink stands in front of a place, or any other UDP server, and makes
// the links of those who come through it bad: slow, lossy, jumbled, narrow, or
// dark for a while.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/loci-place/loci/netcode/badlink"
)

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
	if err := run(ctx, cfg, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run relays until ctx ends.
func run(ctx context.Context, cfg config, out io.Writer) error {
	relay, err := badlink.Listen(cfg.relay)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "relaying %v to %v\n", relay.Addr(), cfg.relay.To)
	err = serve(ctx, relay, cfg, out)
	return errors.Join(err, relay.Close())
}

func serve(ctx context.Context, relay *badlink.Relay, cfg config, out io.Writer) error {
	report := time.NewTicker(cfg.every)
	defer report.Stop()
	defer func() { fmt.Fprintln(out, line(relay.Stats())) }()
	change, dark := cfg.blackout.first(), false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-report.C:
			fmt.Fprintln(out, line(relay.Stats()))
		case <-change:
			dark = !dark
			link := cfg.relay.Link
			if dark {
				link.Loss = 1
			}
			if err := relay.SetLink(link); err != nil {
				return err
			}
			change = cfg.blackout.next(dark)
		}
	}
}

// line is what the relay has done so far, for people.
func line(s badlink.Stats) string {
	return fmt.Sprintf("%d clients, %d under way, %.1f ms late at most; up: %s; down: %s",
		s.Clients, s.Waiting, float64(s.MaxLag)/1e6, counts(s.Up), counts(s.Down))
}

// counts names what came and went, and what else there was.
func counts(c badlink.Counts) string {
	text := fmt.Sprintf("%d in (%d bytes), %d out", c.Received, c.ReceivedBytes, c.Delivered)
	for _, other := range []struct {
		number uint64
		what   string
	}{
		{c.Lost, "lost"},
		{c.Overflowed, "overflowed"},
		{c.Duplicated, "duplicated"},
		{c.Reordered, "reordered"},
		{c.Failed, "failed"},
	} {
		if other.number > 0 {
			text += fmt.Sprintf(", %d %s", other.number, other.what)
		}
	}
	return text
}
