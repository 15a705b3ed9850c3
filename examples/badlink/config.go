package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/loci-place/loci/netcode/badlink"
)

// config is what the flags say.
type config struct {
	relay    badlink.Config
	blackout blackout
	every    time.Duration
}

// parseFlags reads the command line. What is wrong with it, it tells to errors.
func parseFlags(args []string, errors io.Writer) (cfg config, err error) {
	f := flag.NewFlagSet("badlink", flag.ContinueOnError)
	f.SetOutput(errors)
	listen := f.String("listen", "127.0.0.1:21338", "the UDP `address` that clients send to; port 0 takes a free one")
	to := f.String("to", "127.0.0.1:21337", "the `address` of the server")
	link := &cfg.relay.Link
	f.DurationVar(&link.Delay, "delay", 0, "`time` that every datagram takes, one way")
	f.DurationVar(&link.Jitter, "jitter", 0, "up to so much more `time`, drawn for each")
	f.Float64Var(&link.Loss, "loss", 0, "`share` that gets lost, 0 to 1")
	f.Float64Var(&link.Reorder, "reorder", 0, "`share` late enough for one sent 50 ms later to overtake it")
	f.Float64Var(&link.Duplicate, "duplicate", 0, "`share` that arrives twice")
	f.IntVar(&link.Rate, "rate", 0, "`bytes` a second each way and client, 0 for no limit")
	f.DurationVar(&link.RateQueue, "rate-queue", 0, "longest `time` to wait for the rate; what would wait longer is lost (default 200ms)")
	f.Var(&cfg.blackout, "blackout", "lose everything now and then: `PERIOD/LENGTH`, such as 30s/2s for two seconds of every thirty")
	f.Uint64Var(&cfg.relay.Seed, "seed", 0, "picks the random `number`s; the same datagrams have the same fate")
	f.DurationVar(&cfg.every, "every", 5*time.Second, "`time` between lines of counters")
	if err := f.Parse(args); err != nil {
		return cfg, err
	}
	if err := cfg.complete(*listen, *to, f.Args()); err != nil {
		fmt.Fprintln(errors, "badlink:", err)
		return cfg, err
	}
	return cfg, nil
}

// complete checks what the flags package cannot. The relay itself checks the link.
func (c *config) complete(listen, to string, rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("unexpected argument %q", rest[0])
	}
	if c.every <= 0 {
		return fmt.Errorf("--every is %v, want more than 0", c.every)
	}
	var err error
	if c.relay.Listen, err = resolve(listen); err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	if c.relay.To, err = resolve(to); err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	return nil
}

// resolve finds an IPv4 address, which is all that ENet knows.
func resolve(hostPort string) (netip.AddrPort, error) {
	a, err := net.ResolveUDPAddr("udp4", hostPort)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if a.IP == nil {
		return netip.AddrPort{}, fmt.Errorf("%q names no host", hostPort)
	}
	return netip.AddrPortFrom(a.AddrPort().Addr().Unmap(), a.AddrPort().Port()), nil
}

// blackout says when the link goes dark: at the end of every period, for so long.
// The zero value is never.
type blackout struct{ period, length time.Duration }

// Set implements flag.Value: PERIOD/LENGTH.
func (b *blackout) Set(text string) error {
	period, length, ok := strings.Cut(text, "/")
	if !ok {
		return fmt.Errorf("want PERIOD/LENGTH, such as 30s/2s")
	}
	var err error
	if b.period, err = time.ParseDuration(period); err != nil {
		return err
	}
	if b.length, err = time.ParseDuration(length); err != nil {
		return err
	}
	if b.length <= 0 || b.length >= b.period {
		return fmt.Errorf("%v is not a part of %v", b.length, b.period)
	}
	return nil
}

// String implements flag.Value.
func (b *blackout) String() string {
	if b.period == 0 {
		return ""
	}
	return fmt.Sprintf("%v/%v", b.period, b.length)
}

// first is when the link goes dark for the first time.
func (b *blackout) first() <-chan time.Time {
	if b.period == 0 {
		return nil
	}
	return b.next(false)
}

// next is when the light goes on again, or off.
func (b *blackout) next(dark bool) <-chan time.Time {
	if dark {
		return time.After(b.length)
	}
	return time.After(b.period - b.length)
}
