// Command floor compares what a place costs with the least that ENet can do: the
// CPU time of a place in which agents walk, beside that of a bare loop in C which
// broadcasts packets of the same size to as many peers.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

func main() {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(play(role))
	}
	cfg, err := parseFlags(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		os.Exit(2) // parseFlags has said why
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, cfg, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

// config is what the flags say.
type config struct {
	agents  int
	rounds  int
	warmup  time.Duration
	measure time.Duration
	peers   string
	asJSON  bool
}

// What the peers of the bare loop do.
const (
	peersSend   = "send"
	peersListen = "listen"
	peersBoth   = "both"
)

// maxAgents is what a place has room for by default.
const maxAgents = 1024

// parseFlags reads the command line. What is wrong with it, it tells to errors.
func parseFlags(args []string, errors io.Writer) (cfg config, err error) {
	f := flag.NewFlagSet("floor", flag.ContinueOnError)
	f.SetOutput(errors)
	f.IntVar(&cfg.agents, "agents", 100, "`how many` agents walk in the place, and how many peers the bare loop has")
	f.IntVar(&cfg.rounds, "rounds", 3, "`how many` times each is measured, in turn")
	f.DurationVar(&cfg.warmup, "warmup", 3*time.Second, "`time` between the last join and measuring")
	seconds := f.Float64("seconds", 5, "how many `seconds` each measurement takes")
	f.StringVar(&cfg.peers, "peers", peersBoth, "whether the bare loop's peers `send` as often and as much as agents, only listen, or both, one after the other")
	f.BoolVar(&cfg.asJSON, "json", false, "print JSON in place of a table")
	if err := f.Parse(args); err != nil {
		return cfg, err
	}
	cfg.measure = time.Duration(*seconds * float64(time.Second))
	if err := cfg.check(f.Args()); err != nil {
		fmt.Fprintln(errors, "floor:", err)
		return cfg, err
	}
	return cfg, nil
}

func (c *config) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case c.agents < 1 || c.agents > maxAgents:
		return fmt.Errorf("--agents is %d, want 1 to %d", c.agents, maxAgents)
	case c.rounds < 1:
		return fmt.Errorf("--rounds is %d, want at least 1", c.rounds)
	case c.warmup < 0:
		return fmt.Errorf("--warmup is %v, want 0 or more", c.warmup)
	case c.measure <= 0:
		return fmt.Errorf("--seconds is %v, want more than 0", c.measure.Seconds())
	case c.peers != peersSend && c.peers != peersListen && c.peers != peersBoth:
		return fmt.Errorf("--peers is %q, want %s, %s or %s", c.peers, peersSend, peersListen, peersBoth)
	}
	return nil
}

func run(ctx context.Context, cfg config, out io.Writer) error {
	r, err := compare(ctx, cfg)
	if err != nil {
		return err
	}
	if cfg.asJSON {
		return json.NewEncoder(out).Encode(r)
	}
	return r.table(out)
}
