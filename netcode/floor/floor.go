// Package floor measures what it costs at least to broadcast, relay or pour over ENet: a
// loop in C around nothing but ENet's own calls. A place is compared with it; what it
// takes beyond is the place's own.
package floor

/*
#cgo pkg-config: libenet
#cgo CFLAGS: -Wall -Wextra
#include "floor.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"time"
)

// Config says what to broadcast, and to how many.
type Config struct {
	Port     uint16                  // on 127.0.0.1; 0 is any that is free
	Listens  func(at netip.AddrPort) // called once peers can come, if not nil
	Peers    int                     // how many to wait for
	Patience time.Duration           // how long; 30 s if 0
	Channel  uint8                   // 0 to 5
	Flags    uint32                  // of the packets, as in enet.h: 0, or 1 for reliable, or 8 for unreliable fragments
	Sizes    []int                   // of the packets in bytes, in turn
	Hz       float64                 // packets a second to each peer; 20 if 0
	Duration time.Duration           // of the broadcast
	Buffer   int                     // of the socket in each direction, in bytes; 4 MiB if 0
}

// Result is what the broadcast took, from the moment when all peers were there.
type Result struct {
	CPU               time.Duration // of the thread that broadcasts, user and system
	Wall              time.Duration
	Beats             uint64 // packets that each peer was sent
	SentBytes         uint64 // all datagrams, without UDP headers
	SentDatagrams     uint64
	ReceivedDatagrams uint64
	PeersLeft         int // connected at the end
}

// Run waits for the peers, who must be in another process to leave this one's CPU
// alone, broadcasts, and disconnects them.
func Run(cfg Config) (Result, error) {
	orDefault(&cfg.Patience, 30*time.Second)
	orDefault(&cfg.Hz, 20)
	orDefault(&cfg.Buffer, 4<<20)
	if cfg.Peers < 1 || len(cfg.Sizes) == 0 || cfg.Duration <= 0 {
		return Result{}, errors.New("floor: Peers, Sizes and Duration are needed")
	}
	sizes := make([]C.uint32_t, len(cfg.Sizes))
	for i, size := range cfg.Sizes {
		if size < 1 {
			return Result{}, fmt.Errorf("floor: a packet of %d bytes", size)
		}
		sizes[i] = C.uint32_t(size)
	}
	host, err := open(cfg.Port, cfg.Peers, cfg.Buffer, cfg.Listens)
	if err != nil {
		return Result{}, err
	}
	return run(host, cfg, sizes)
}

func open(port uint16, peers, buffer int, listens func(at netip.AddrPort)) (*C.ENetHost, error) {
	host := C.floor_open(C.uint16_t(port), C.size_t(peers), C.int(buffer))
	if host == nil {
		return nil, fmt.Errorf("floor: cannot listen on port %d of 127.0.0.1", port)
	}
	if listens != nil {
		listens(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(host.address.port)))
	}
	return host, nil
}

func run(host *C.ENetHost, cfg Config, sizes []C.uint32_t) (Result, error) {
	var pins runtime.Pinner
	pins.Pin(&sizes[0])
	defer pins.Unpin()
	config := C.floor_config{
		peers:       C.size_t(cfg.Peers),
		channel:     C.uint8_t(cfg.Channel),
		flags:       C.uint32_t(cfg.Flags),
		sizes:       &sizes[0],
		size_count:  C.size_t(len(sizes)),
		beat_ms:     C.double(1000 / cfg.Hz),
		duration_ms: milliseconds(cfg.Duration),
		patience_ms: milliseconds(cfg.Patience),
	}
	var r C.floor_result
	if C.floor_run(host, &config, &r) != 0 {
		return Result{}, fmt.Errorf("floor: only %d of %d peers came within %v", int(r.peers_left), cfg.Peers, cfg.Patience)
	}
	return Result{
		CPU:               seconds(r.cpu_s),
		Wall:              seconds(r.wall_s),
		Beats:             uint64(r.beats),
		SentBytes:         uint64(r.sent_bytes),
		SentDatagrams:     uint64(r.sent_datagrams),
		ReceivedDatagrams: uint64(r.received_datagrams),
		PeersLeft:         int(r.peers_left),
	}, nil
}

func orDefault[T int | float64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

func milliseconds(d time.Duration) C.double { return C.double(d) / C.double(time.Millisecond) }

func seconds(s C.double) time.Duration { return time.Duration(float64(s) * float64(time.Second)) }
