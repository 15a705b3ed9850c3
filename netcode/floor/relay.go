package floor

/*
#include "floor.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// RelayConfig says among how many to relay.
type RelayConfig struct {
	Port     uint16                  // on 127.0.0.1; 0 is any that is free
	Listens  func(at netip.AddrPort) // called once peers can come, if not nil
	Peers    int                     // how many to wait for
	Patience time.Duration           // how long; 30 s if 0
	Batch    time.Duration           // how long to wait for more after each flush; less than 1 s
	Duration time.Duration           // of relaying
	Buffer   int                     // of the socket in each direction, in bytes; 4 MiB if 0
}

// RelayResult is what relaying took, from the moment when all peers were there.
type RelayResult struct {
	CPU       time.Duration // of the thread that relays, user and system
	Wall      time.Duration
	Received  uint64 // packets
	Relayed   uint64 // packets, each as often as there were peers that it was sent to
	PeersLeft int    // connected at the end
}

// Relay waits for the peers, who must be in another process to leave this one's CPU
// alone, sends each packet of one of them to all others, unreliably and on the same
// channel, and disconnects them when its time is over.
func Relay(cfg RelayConfig) (RelayResult, error) {
	orDefault(&cfg.Patience, 30*time.Second)
	orDefault(&cfg.Buffer, 4<<20)
	if cfg.Peers < 1 || cfg.Duration <= 0 || cfg.Batch < 0 || cfg.Batch >= time.Second {
		return RelayResult{}, errors.New("floor: Peers and Duration are needed, and a Batch of less than 1 s")
	}
	host, err := open(cfg.Port, cfg.Peers, cfg.Buffer, cfg.Listens)
	if err != nil {
		return RelayResult{}, err
	}
	config := C.floor_relay_config{
		peers:       C.size_t(cfg.Peers),
		batch_ms:    milliseconds(cfg.Batch),
		duration_ms: milliseconds(cfg.Duration),
		patience_ms: milliseconds(cfg.Patience),
	}
	var r C.floor_relay_result
	if C.floor_relay(host, &config, &r) != 0 {
		return RelayResult{}, fmt.Errorf("floor: only %d of %d peers came within %v", int(r.peers_left), cfg.Peers, cfg.Patience)
	}
	return RelayResult{
		CPU:       seconds(r.cpu_s),
		Wall:      seconds(r.wall_s),
		Received:  uint64(r.received),
		Relayed:   uint64(r.relayed),
		PeersLeft: int(r.peers_left),
	}, nil
}
