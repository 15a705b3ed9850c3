package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/enet"
)

// agentsPart is what the agents are told: which place to join.
type agentsPart struct {
	URL    string
	Agents int
}

// joined is their first answer.
type joined struct {
	Intent int // size of an intent, in bytes
}

// states is a reading of what the agents have received so far, all together.
type states struct {
	Packets, Bytes uint64
	Gone           int // agents that are no longer in the place
}

// perHost is how many connections share a socket: within what a place takes from
// one address at once.
const perHost = 250

// intentEvery is how often agents send an intent.
const intentEvery = time.Second / 20

// playAgents joins a place, walks and acknowledges.
func playAgents(p *parent) error {
	var part agentsPart
	if err := p.part(&part); err != nil {
		return err
	}
	c := &crowd{}
	defer c.leave()
	for range part.Agents {
		if err := c.join(part.URL); err != nil {
			return err
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go c.walk(ctx)
	if err := p.answer(joined{intentSize()}); err != nil {
		return err
	}
	return p.serve(func() any { return c.states() })
}

// crowd is the agents, in the order in which they joined.
type crowd struct {
	dialers []*client.Dialer
	agents  []*client.Client
}

// joinPatience is how long an agent may take to get in.
const joinPatience = 30 * time.Second

// join lets one more agent in, by turns of version 3 and 4.
func (c *crowd) join(url string) error {
	n := len(c.agents)
	if n%perHost == 0 {
		host, err := enet.New(enet.Config{Peers: perHost})
		if err != nil {
			return err
		}
		c.dialers = append(c.dialers, client.NewDialer(host))
	}
	ctx, cancel := context.WithTimeout(context.Background(), joinPatience)
	defer cancel()
	name := fmt.Sprintf("agent %d", n)
	agent, err := c.dialers[n/perHost].Dial(ctx, url, client.Config{
		Version:  3 + n%2,
		Identity: map[string]any{"display_name": name},
		Avatar:   map[string]any{"visor": map[string]any{"display_name": name}},
		Mode:     client.AcknowledgeOnly,
	})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c.agents = append(c.agents, agent)
	return nil
}

func (c *crowd) leave() {
	for _, d := range c.dialers {
		_ = d.Close() // the process ends anyway
	}
}

// walk moves all agents until ctx ends.
func (c *crowd) walk(ctx context.Context) {
	ticker := time.NewTicker(intentEvery)
	defer ticker.Stop()
	start := time.Now()
	for {
		for n, agent := range c.agents {
			_ = agent.SetIntent(walking(n, time.Since(start))) // all of it is finite
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// walking is the nth agent's intent at a time: circles of one to four metres,
// each agent its own.
func walking(n int, at time.Duration) netcode.Intent {
	turning := 0.5 + math.Mod(float64(n)*0.618, 1.5) // radians a second
	return netcode.Intent{
		WantsStickMovement: true,
		ZMovement:          -1,
		Yaw:                float64(n) + turning*at.Seconds(),
	}
}

// intentSize is how many bytes such an intent has on the wire.
func intentSize() int {
	m := netcode.IntentMessage{
		Intents: []netcode.Intent{walking(1, 12345*time.Millisecond)},
		Ack:     200, HasAck: true, // ten seconds after the place was opened
	}
	return len(m.Append(nil))
}

func (c *crowd) states() states {
	var s states
	for _, agent := range c.agents {
		stats := agent.Stats()
		s.Packets += stats.States
		s.Bytes += stats.StateBytes
		if agent.Err() != nil {
			s.Gone++
		}
	}
	return s
}
