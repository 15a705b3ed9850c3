package main

import (
	"errors"
	"net/netip"
	"time"

	"github.com/loci-place/loci/netcode/floor"
)

const (
	// channels is how many version 4 opens, and stateChannel which of them carries
	// states. ENet treats all alike.
	channels     = 6
	stateChannel = 2
	// stateFlags are those of a state packet: unreliable, and in ENet's reliable
	// fragments where it does not fit a datagram.
	stateFlags = 0
	// heartbeat is how often a second places send a state.
	heartbeat = 20
)

// barePart is what the bare loop is told: to broadcast packets of that size.
type barePart struct {
	Peers   int
	Bytes   int
	Measure time.Duration
}

// playBare runs the loop. When it is over, a floor.Result follows unasked.
func playBare(p *parent) error {
	var part barePart
	if err := p.part(&part); err != nil {
		return err
	}
	var told error
	result, err := floor.Run(floor.Config{
		Listens:  func(at netip.AddrPort) { told = p.answer(opened{at}) },
		Peers:    part.Peers,
		Patience: joinPatience,
		Channel:  stateChannel,
		Flags:    stateFlags,
		Sizes:    []int{part.Bytes},
		Hz:       heartbeat,
		Duration: part.Measure,
		Buffer:   socketBuffer,
	})
	if err := errors.Join(told, err); err != nil {
		return err
	}
	return p.answer(result)
}
