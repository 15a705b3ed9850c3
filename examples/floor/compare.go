package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/loci-place/loci/netcode/floor"
)

// compare measures the place and the bare loop in turn, so that whatever else the
// machine does in the meantime falls on both.
func compare(ctx context.Context, cfg config) (*report, error) {
	r := &report{Agents: cfg.agents, Seconds: cfg.measure.Seconds()}
	for range cfg.rounds {
		place, intent, err := measurePlace(ctx, cfg)
		if err != nil {
			return nil, err
		}
		r.Place = append(r.Place, place)
		bytes := int(math.Round(place.Bytes))
		for _, c := range []struct {
			does   string
			intent int
			result *[]measured
		}{
			{peersSend, intent, &r.Bare},
			{peersListen, 0, &r.Listening},
		} {
			if cfg.peers != c.does && cfg.peers != peersBoth {
				continue
			}
			bare, err := measureBare(ctx, cfg, bytes, c.intent)
			if err != nil {
				return nil, err
			}
			*c.result = append(*c.result, bare)
		}
	}
	r.complete()
	return r, nil
}

// measurePlace measures a place in which agents walk, once they have settled. It
// also tells how large their intents are, in bytes.
func measurePlace(ctx context.Context, cfg config) (m measured, intent int, err error) {
	var at opened
	place, err := start(ctx, "place", struct{}{}, &at)
	if err != nil {
		return m, 0, err
	}
	defer func() { err = errors.Join(err, place.stop()) }()
	var in joined
	agents, err := start(ctx, "agents", agentsPart{URL: "alloplace://" + at.Addr.String(), Agents: cfg.agents}, &in)
	if err != nil {
		return m, 0, err
	}
	defer func() { err = errors.Join(err, agents.stop()) }()

	if err := sleep(ctx, cfg.warmup); err != nil {
		return m, 0, err
	}
	before, err := read(place, agents)
	if err != nil {
		return m, 0, err
	}
	if err := sleep(ctx, cfg.measure); err != nil {
		return m, 0, err
	}
	after, err := read(place, agents)
	if err != nil {
		return m, 0, err
	}
	if after.Gone > 0 {
		return m, 0, fmt.Errorf("%d of %d agents were disconnected", after.Gone, cfg.agents)
	}
	return after.since(before, cfg.agents), in.Intent, nil
}

// reading is what place and agents have to say at one moment.
type reading struct {
	used
	states
}

func read(place, agents *child) (r reading, err error) {
	return r, errors.Join(place.ask(nil, &r.used), agents.ask(nil, &r.states))
}

// since is what was measured between two readings.
func (r *reading) since(before reading, agents int) measured {
	seconds := (r.At - before.At).Seconds()
	packets := r.Packets - before.Packets
	bytes := float64(r.Bytes-before.Bytes) / float64(max(packets, 1))
	return measuredOf((r.CPU - before.CPU).Seconds(), seconds, agents, packets, bytes)
}

// measureBare measures the bare loop with packets of that size, and peers that
// answer each with so many bytes.
func measureBare(ctx context.Context, cfg config, bytes, intent int) (m measured, err error) {
	var at opened
	bare, err := start(ctx, "bare", barePart{Peers: cfg.agents, Bytes: bytes, Measure: cfg.measure}, &at)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, bare.stop()) }()
	var got heard
	all, err := start(ctx, "peers", peersPart{Addr: at.Addr, Peers: cfg.agents, Intent: intent}, &got)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, all.stop()) }()

	var result floor.Result
	if err := bare.hear(&result); err != nil {
		return m, err
	}
	if err := all.ask(nil, &got); err != nil {
		return m, err
	}
	if result.PeersLeft != cfg.agents {
		return m, fmt.Errorf("%d of %d peers were disconnected", cfg.agents-result.PeersLeft, cfg.agents)
	}
	seconds := result.Wall.Seconds()
	return measuredOf(result.CPU.Seconds(), seconds, cfg.agents, got.Packets, float64(bytes)), nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
