package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/enet"
)

// swarm is a run of the load generator.
type swarm struct {
	cfg     config
	dialers []*client.Dialer

	mu     sync.Mutex // guards what follows, while agents join
	agents []*agent
	errs   []error
}

// joinTimeout is how long an agent may take to get in.
const joinTimeout = 30 * time.Second

// enetHosts opens n transports with room for so many peers each.
func enetHosts(n, peers int) (hosts []netcode.Dialer, err error) {
	for range n {
		host, err := enet.New(enet.Config{Peers: peers, Logger: slog.Default()})
		if err != nil {
			for _, open := range hosts {
				err = errors.Join(err, open.Close(0))
			}
			return nil, err
		}
		hosts = append(hosts, host)
	}
	return hosts, nil
}

func newSwarm(cfg config, open func(n, peers int) ([]netcode.Dialer, error)) (*swarm, error) {
	hosts, err := open(cfg.hosts, (cfg.agents+cfg.hosts-1)/cfg.hosts)
	if err != nil {
		return nil, err
	}
	s := &swarm{cfg: cfg}
	for _, host := range hosts {
		s.dialers = append(s.dialers, client.NewDialer(host))
	}
	return s, nil
}

// close has all agents leave.
func (s *swarm) close() {
	var closing sync.WaitGroup
	for _, d := range s.dialers {
		closing.Go(func() {
			if err := d.Close(); err != nil {
				slog.Warn("closing a host", "err", err)
			}
		})
	}
	closing.Wait()
}

// run has the agents join, settle and be measured.
func (s *swarm) run(ctx context.Context) (*report, error) {
	joining := time.Now()
	s.join(ctx)
	if len(s.agents) == 0 {
		return nil, fmt.Errorf("no agent could join: %w", errors.Join(s.errs[:min(len(s.errs), 1)]...))
	}
	joined := time.Since(joining)

	var talk *debate
	if s.cfg.speakers > 0 {
		var err error
		if talk, err = newDebate(ctx, &s.cfg, s.agents); err != nil {
			return nil, err
		}
	}

	acting, stop := context.WithCancel(ctx)
	defer stop()
	var actors sync.WaitGroup
	defer actors.Wait()
	defer stop()
	start := time.Now()
	s.act(acting, start, &actors)
	s.watch(start)
	if talk != nil {
		actors.Go(func() { talk.speak(acting) })
	}

	if err := sleep(ctx, s.cfg.warmup); err != nil {
		return nil, err
	}
	m, err := startMeter(s.cfg.serverPID)
	if err != nil {
		return nil, err
	}
	for _, a := range s.agents {
		a.start(m.start)
	}
	if talk != nil {
		talk.start(m.start)
	}
	if err := sleep(ctx, s.cfg.measure); err != nil {
		return nil, err
	}
	end := time.Now()
	var tallies []tally
	for _, a := range s.agents {
		tallies = append(tallies, a.stop(end))
	}
	used, err := m.stop(end)
	if err != nil {
		return nil, err
	}
	r := s.report(joined, tallies, used)
	if talk != nil {
		r.Media, err = talk.stop(ctx, end)
	}
	return r, err
}

// join dials the agents at the rate asked for, as many at once as that takes.
func (s *swarm) join(ctx context.Context) {
	var joining sync.WaitGroup
	start := time.Now()
	for n := range s.cfg.agents {
		due := start.Add(secondsOf(float64(n) / s.cfg.joinRate))
		if sleep(ctx, time.Until(due)) != nil {
			break
		}
		joining.Go(func() { s.joinOne(ctx, n) })
	}
	joining.Wait()
}

func (s *swarm) joinOne(ctx context.Context, n int) {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	a := &agent{version: s.cfg.mix.version(n), circle: circleOf(n)}
	name := fmt.Sprintf("swarm %d", n)
	cfg := client.Config{
		Version:  a.version,
		Identity: map[string]any{"display_name": name},
		Avatar:   s.avatar(n, name),
		Mode:     client.AcknowledgeOnly,
		Observe:  a.observe,
		Handle:   handle,
	}
	if s.cfg.speakers > 0 {
		cfg.OnMedia = a.ear.hear
	}
	if s.cfg.watches(n) {
		a.watcher = &watcher{near: s.cfg.near}
		cfg.Mode, cfg.OnState = client.FullDocument, a.watcher.applied
	}
	client, err := s.dialers[n%len(s.dialers)].Dial(ctx, s.cfg.url, cfg)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.errs = append(s.errs, err)
		return
	}
	a.client = client
	s.agents = append(s.agents, a)
}

// avatar is what the nth agent looks like and where it starts.
func (s *swarm) avatar(n int, name string) map[string]any {
	avatar := map[string]any{"visor": map[string]any{"display_name": name}}
	if s.cfg.spread > 0 {
		matrix := netcode.Identity
		matrix[12], matrix[14] = s.cfg.spot(n)
		avatar["transform"] = map[string]any{"matrix": matrix}
	}
	return avatar
}

// watch has the watchers look out for everybody, who began to walk at start.
func (s *swarm) watch(start time.Time) {
	var everybody []walker
	for _, a := range s.agents {
		everybody = append(everybody, walker{avatar: a.client.Avatar(), circle: a.circle})
	}
	for n, a := range s.agents {
		if a.watcher != nil {
			a.watcher.watch(n, everybody, start)
		}
	}
}

// act has the agents walk, from start on, and ask until ctx ends.
func (s *swarm) act(ctx context.Context, start time.Time, actors *sync.WaitGroup) {
	if s.cfg.walk {
		actors.Go(func() { s.walk(ctx, start) })
	}
	if s.cfg.requestRate > 0 {
		for n, a := range s.agents {
			actors.Go(func() { a.ask(ctx, s.cfg.requestRate, func() string { return s.target(n) }) })
		}
	}
}

// walk moves all agents from one goroutine: a timer for each would cost more
// than what it does.
func (s *swarm) walk(ctx context.Context, start time.Time) {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		at := time.Since(start)
		for _, a := range s.agents {
			a.walk(at)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// target returns the entity that the nth agent asks next.
func (s *swarm) target(n int) string {
	if s.cfg.requestTo == toPlace || len(s.agents) < 2 {
		return toPlace
	}
	other := (n + 1 + rand.IntN(len(s.agents)-1)) % len(s.agents)
	return s.agents[other].client.Avatar()
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
