package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/enet"
)

// The addresses of who takes part: those of other people are not the attacker's.
const (
	bystanderAddress = "127.0.0.2:0"
	newcomerAddress  = "127.0.0.3:0"
	attackerAddress  = "127.0.0.4:0"
)

// bystanders live in a place, each walking in a circle and asking for something ten times a
// second.
type bystanders struct {
	url    string
	dialer *client.Dialer
	cancel context.CancelFunc
	living sync.WaitGroup

	mu      sync.Mutex
	clients []*client.Client
	states  []int
	trips   []time.Duration
	join    time.Duration
	harm    map[string]int
}

// measured is what happened to bystanders over some time.
type measured struct {
	states    float64 // a second, of who got fewest
	p99, join time.Duration
	harm      []string
}

// patience is how long a bystander waits for an answer.
const patience = 5 * time.Second

func dialer(from string) (*client.Dialer, error) {
	host, err := enet.New(enet.Config{Listen: from, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	return client.NewDialer(host), nil
}

// live lets n bystanders join.
func live(ctx context.Context, url string, n int) (*bystanders, error) {
	d, err := dialer(bystanderAddress)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	b := &bystanders{url: url, dialer: d, cancel: cancel, states: make([]int, n), harm: map[string]int{}}
	for i := range n {
		c, err := d.Dial(ctx, url, b.config(i))
		if err != nil {
			b.leave()
			return nil, err
		}
		b.clients = append(b.clients, c)
		b.living.Go(func() { b.walk(ctx, i, c) })
	}
	b.living.Go(func() { b.newcomers(ctx) })
	return b, nil
}

func (b *bystanders) config(i int) client.Config {
	name := fmt.Sprint("bystander", i)
	return client.Config{
		Identity: map[string]any{"display_name": name},
		Avatar:   map[string]any{"visor": map[string]any{"display_name": name}},
		Mode:     client.AcknowledgeOnly,
		Observe: func(client.StateHeader) {
			b.mu.Lock()
			b.states[i]++
			b.mu.Unlock()
		},
		Handle: func(c *client.Client, i netcode.Interaction) {
			if i.Type == netcode.TypeRequest {
				_ = c.Respond(i, netcode.BodyVerb(i.Body), "ok")
			}
		},
		OnDisconnect: func(err error) { b.harmed("a bystander is gone: %v", err) },
	}
}

func (b *bystanders) harmed(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.harm[fmt.Sprintf(format, args...)]++
}

// walk moves a bystander and has it ask.
func (b *bystanders) walk(ctx context.Context, i int, c *client.Client) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for yaw := float64(i); ; yaw += 0.1 {
		select {
		case <-ctx.Done():
			return
		case <-c.Done():
			return
		case <-tick.C:
		}
		_ = c.SetIntent(netcode.Intent{WantsStickMovement: true, ZMovement: -0.5, Yaw: yaw})
		b.ask(ctx, c)
	}
}

func (b *bystanders) ask(ctx context.Context, c *client.Client) {
	waits, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	at := time.Now()
	_, err := c.Request(waits, "place", "poke", true)
	switch {
	case ctx.Err() != nil || c.Err() != nil:
		return
	case err != nil:
		b.harmed("a bystander was refused: %.200v", err)
	}
	b.mu.Lock()
	b.trips = append(b.trips, time.Since(at))
	b.mu.Unlock()
}

// newcomers join and leave, one a second.
func (b *bystanders) newcomers(ctx context.Context) {
	d, err := dialer(newcomerAddress)
	if err != nil {
		b.harmed("no newcomer: %v", err)
		return
	}
	defer d.Close()
	for ctx.Err() == nil {
		waits, cancel := context.WithTimeout(ctx, patience)
		at := time.Now()
		c, err := d.Dial(waits, b.url, client.Config{Identity: map[string]any{"display_name": "newcomer"}, Mode: client.AcknowledgeOnly})
		cancel()
		took := time.Since(at)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			b.harmed("a newcomer was refused: %.200v", err)
		default:
			b.mu.Lock()
			b.join = max(b.join, took)
			b.mu.Unlock()
		}
		if c != nil {
			_ = c.Close()
		}
		select {
		case <-ctx.Done():
		case <-time.After(max(0, time.Second-took)):
		}
	}
}

// measure returns what happens from now on for some time.
func (b *bystanders) measure(ctx context.Context, lasts time.Duration) measured {
	ctx, cancel := context.WithTimeout(ctx, lasts)
	defer cancel()
	return b.measureUntil(ctx.Done(), 0)
}

// measureUntil measures until something is over, and for some time at least.
func (b *bystanders) measureUntil(over <-chan struct{}, least time.Duration) measured {
	b.take()
	began := time.Now()
	<-over
	time.Sleep(least - time.Since(began))
	m := b.take()
	m.states /= time.Since(began).Seconds()
	return m
}

func (b *bystanders) take() (m measured) {
	b.mu.Lock()
	defer b.mu.Unlock()
	m.states, m.join = float64(slices.Min(b.states)), b.join
	slices.Sort(b.trips)
	if n := len(b.trips); n > 0 {
		m.p99 = b.trips[n*99/100]
	}
	for what, n := range b.harm {
		m.harm = append(m.harm, fmt.Sprintf("%s (%d times)", what, n))
	}
	slices.Sort(m.harm)
	clear(b.states)
	clear(b.harm)
	b.trips, b.join = b.trips[:0], 0
	return m
}

func (b *bystanders) leave() {
	b.cancel()
	b.living.Wait()
	_ = b.dialer.Close()
}
