// Command abuse attacks a place as one agent, or the agents of one person, can, while others
// live in it, and says what that cost them:
//
//	make abuse                               # every attack, 30 s each
//	go run ./examples/abuse keys hoard       # these two
//	go run ./examples/abuse --list
//
// Each attack runs against a `loci serve` of its own, from a process of its own. Four
// bystanders walk about and ask the place for something ten times a second, and a newcomer
// joins and leaves every second. An attack fails where one of them is refused, moved or
// gone, gets fewer states or slower answers, or where the place takes more memory than it
// promises. It exits 1 if any attack does.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// config says how attacks are run.
type config struct {
	loci       string        // the command that serves the place
	lasts      time.Duration // how long each attack lasts
	quiet      time.Duration // how long the place is measured before it
	bystanders int
	hoarders   int // connections of the attack hoard
	bars       bars
	json       bool
}

// bars are what bystanders are promised.
type bars struct {
	states  float64       // that each gets a second, at least
	share   float64       // of the states that it got before the attack, at least
	slowest time.Duration // that a publication may be
	slower  time.Duration // by how much the p99 of their requests may grow
	ceiling int64         // bytes of memory that the place's process may take
}

func main() {
	if name := os.Getenv(attackVariable); name != "" {
		os.Exit(attackerMain(name))
	}
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	var c config
	flags := pflag.NewFlagSet("abuse", pflag.ContinueOnError)
	flags.StringVar(&c.loci, "loci", "bin/loci", "the loci command to serve the place with")
	flags.DurationVar(&c.lasts, "for", 30*time.Second, "how long each attack lasts")
	flags.DurationVar(&c.quiet, "quiet", 2*time.Second, "how long the place is measured before the attack")
	flags.IntVar(&c.bystanders, "bystanders", 4, "how many live in the place")
	flags.IntVar(&c.hoarders, "hoarders", 60, "over how many connections the attack hoard fills the place")
	flags.Float64Var(&c.bars.states, "states", 19, "fail if a bystander gets fewer states a second")
	flags.DurationVar(&c.bars.slower, "slower", 10*time.Millisecond, "fail if the p99 of their requests grows by more; 0 is any")
	flags.DurationVar(&c.bars.slowest, "slowest", 250*time.Millisecond, "fail if a publication takes longer; 0 is any")
	mib := flags.Int64("ceiling", 1536, "fail if the place takes more MiB of memory; 0 is any")
	flags.BoolVar(&c.json, "json", false, "write the results as JSON, one object a line")
	list := flags.Bool("list", false, "list the attacks")
	all := flags.Bool("all", false, "run also those that only do what all agents do, at a high rate")
	if err := flags.Parse(args); errors.Is(err, pflag.ErrHelp) {
		return 0
	} else if err != nil {
		fmt.Fprintln(os.Stderr, "abuse:", err)
		return 2
	}
	c.bars.ceiling = *mib << 20
	if *list {
		for _, a := range attacks {
			fmt.Printf("%-12s %s\n", a.name, a.does)
		}
		return 0
	}
	chosen, err := choose(flags.Args(), *all)
	if err != nil {
		fmt.Fprintln(os.Stderr, "abuse:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return c.report(ctx, chosen)
}

// choose finds attacks by name; no names are those that are not plain, or all of them.
func choose(names []string, all bool) ([]attack, error) {
	if len(names) == 0 {
		return slices.DeleteFunc(slices.Clone(attacks), func(a attack) bool { return a.plain && !all }), nil
	}
	var chosen []attack
	for _, name := range names {
		i := slices.IndexFunc(attacks, func(a attack) bool { return a.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no attack %q; --list lists them", name)
		}
		chosen = append(chosen, attacks[i])
	}
	return chosen, nil
}

// report runs attacks and writes a row for each.
func (c *config) report(ctx context.Context, chosen []attack) (exit int) {
	if !c.json {
		fmt.Printf("%-10s %8s %10s %10s %10s %8s  %s\n", "attack", "states/s", "p99 before", "p99", "join", "RSS", "harm")
	}
	for _, a := range chosen {
		if ctx.Err() != nil {
			return 1
		}
		r, err := c.attack(ctx, a)
		if err != nil {
			fmt.Fprintf(os.Stderr, "abuse: %s: %v\n", a.name, err)
			return 1
		}
		harm := "none"
		if len(r.Harm) > 0 {
			exit, harm = 1, strings.Join(r.Harm, "; ")
		}
		if c.json {
			_ = json.NewEncoder(os.Stdout).Encode(r)
			continue
		}
		fmt.Printf("%-10s %8.1f %7.1f ms %7.1f ms %7.1f ms %4d MiB  %s\n",
			a.name, r.States, 1000*r.QuietP99, 1000*r.P99, 1000*r.Join, r.RSS>>20, harm)
	}
	return exit
}

// result is what an attack cost the bystanders.
type result struct {
	Attack   string
	States   float64  // a second, of the bystander that got fewest
	QuietP99 float64  // of their requests before the attack, seconds
	P99      float64  // during it
	Join     float64  // the longest that a newcomer took, seconds
	RSS      int64    // bytes, the most
	Harm     []string // what was done to others than the attacker
	Said     []string // by the attacker
	Warnings []string // of the place's log
}

// attack runs one.
func (c *config) attack(ctx context.Context, a attack) (*result, error) {
	place, err := serve(ctx, c.loci, a.files, a.flags)
	if err != nil {
		return nil, err
	}
	defer place.stop()
	b, err := live(ctx, place.url, c.bystanders)
	if err != nil {
		return nil, err
	}
	defer b.leave()
	b.measure(ctx, c.quiet/3) // what the first requests and states cost is not counted
	quiet := b.measure(ctx, c.quiet)
	attacker, err := startAttacker(ctx, a.name, place.url, cmp.Or(a.takes, c.lasts), c.hoarders, c.bars.slowest)
	if err != nil {
		return nil, err
	}
	m := b.measureUntil(attacker.ended, 2*time.Second) // some end at once: in less time nothing can be seen
	said, harm := attacker.result()
	r := &result{
		Attack: a.name, States: m.states, QuietP99: quiet.p99.Seconds(), P99: m.p99.Seconds(), Join: m.join.Seconds(),
		RSS: place.peakMemory(), Said: said, Harm: append(harm, m.harm...), Warnings: place.warnings(),
	}
	if m.states < max(c.bars.states, c.bars.share*quiet.states) {
		r.Harm = append(r.Harm, fmt.Sprintf("%.1f states a second", m.states))
	}
	if most := c.bars.slower; most > 0 && m.p99 > quiet.p99+most {
		r.Harm = append(r.Harm, fmt.Sprintf("p99 grew by %v", (m.p99-quiet.p99).Round(100*time.Microsecond)))
	}
	if most := c.bars.ceiling; most > 0 && r.RSS > most {
		r.Harm = append(r.Harm, fmt.Sprintf("%d MiB of memory", r.RSS>>20))
	}
	if !place.alive() {
		r.Harm = append(r.Harm, "the place has ended")
	}
	return r, nil
}
