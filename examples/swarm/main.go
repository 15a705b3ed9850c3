// Command swarm is a load generator: many agents that join a place, move,
// acknowledge its states and perhaps ask things, and a table of how they fared.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	cfg, asJSON, err := parseFlags(os.Args[1:], os.Stderr)
	if err != nil {
		os.Exit(2) // the flag package has said why
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, cfg, asJSON, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "swarm:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, cfg config, asJSON bool, out io.Writer) error {
	s, err := newSwarm(cfg, enetHosts)
	if err != nil {
		return err
	}
	defer s.close()
	r, err := s.run(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(out).Encode(r)
	}
	return r.table(out)
}

func parseFlags(args []string, errors io.Writer) (cfg config, asJSON bool, err error) {
	f := flag.NewFlagSet("swarm", flag.ContinueOnError)
	f.SetOutput(errors)
	f.StringVar(&cfg.url, "url", "alloplace://localhost", "the `place` to join")
	f.IntVar(&cfg.agents, "agents", 100, "`how many` agents join")
	f.Var(&cfg.mix, "versions", "protocol `versions`, evenly spread, such as 3,4; 4 by default")
	f.Var(&cfg.mix, "version-mix", "versions with their `shares`, such as 3:1,4:9, in place of --versions")
	f.DurationVar(&cfg.warmup, "warmup", defaultWarmup, "`time` between the last join and measuring")
	seconds := f.Float64("seconds", 10, "how many `seconds` to measure")
	walk := f.Bool("walk", true, "agents walk in circles")
	still := f.Bool("still", false, "agents stand still")
	f.Float64Var(&cfg.spread, "spread", 0, "`metres` of the square around the origin in which agents start, anywhere")
	f.Uint64Var(&cfg.seed, "seed", 1, "`number` that settles where in the square")
	f.IntVar(&cfg.watchers, "watchers", 0, "`how many` of the agents keep the whole state and measure how old it is")
	f.IntVar(&cfg.near, "near", defaultNear, "`how many` others a watcher counts as the nearest, and as the farthest")
	f.Float64Var(&cfg.requestRate, "request-rate", 0, "`requests` a second that each agent makes; a place of loci takes 200 of each unless told otherwise")
	f.StringVar(&cfg.requestTo, "request-to", toPlace, "`TARGET` of requests: place, or agent for another agent's avatar")
	f.IntVar(&cfg.speakers, "speakers", 0, "`how many` of the agents speak")
	f.IntVar(&cfg.listeners, "listeners", defaultListeners, "`how many` others hear each speaker, at most")
	f.Float64Var(&cfg.mediaRate, "media-rate", defaultMediaRate, "`packets` of media a second that each speaker sends")
	f.IntVar(&cfg.mediaBytes, "media-bytes", defaultMediaBytes, "size of their payload in `bytes`")
	f.Float64Var(&cfg.joinRate, "join-rate", 100, "how many agents join a `second`")
	f.IntVar(&cfg.hosts, "hosts", 0, "over how many ENet `hosts` agents are spread; by default one for every 500")
	f.IntVar(&cfg.serverPID, "server-pid", 0, "`process` whose CPU time and memory to measure, through /proc")
	f.BoolVar(&asJSON, "json", false, "print JSON in place of a table")
	if err := f.Parse(args); err != nil {
		return cfg, asJSON, err
	}
	cfg.measure = secondsOf(*seconds)
	cfg.walk = *walk && !*still
	if err := cfg.complete(f.Args()); err != nil {
		fmt.Fprintln(errors, "swarm:", err)
		return cfg, asJSON, err
	}
	return cfg, asJSON, nil
}
