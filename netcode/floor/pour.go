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

// PourConfig says what to send, as fast as it goes.
type PourConfig struct {
	Port     uint16                  // on 127.0.0.1; 0 is any that is free
	Listens  func(at netip.AddrPort) // called once peers can come, if not nil
	Peers    int                     // how many to wait for
	Patience time.Duration           // how long; 30 s if 0
	Channel  uint8                   // 0 to 5
	Size     int                     // of a packet in bytes; 1 MiB if 0
	Packets  int                     // how many each peer is sent
	Ahead    int                     // how many of them may be on their way to each; 2 if 0
	Buffer   int                     // of the socket in each direction, in bytes; 4 MiB if 0
}

// Pour waits for the peers, who must be in another process to leave this one's CPU
// alone, sends each of them packets reliably, and disconnects them when all have
// arrived.
func Pour(cfg PourConfig) error {
	orDefault(&cfg.Patience, 30*time.Second)
	orDefault(&cfg.Size, 1<<20)
	orDefault(&cfg.Ahead, 2)
	orDefault(&cfg.Buffer, 4<<20)
	if cfg.Peers < 1 || cfg.Packets < 1 || cfg.Size < 1 || cfg.Ahead < 1 {
		return errors.New("floor: Peers and Packets are needed, and no Size or Ahead below 0")
	}
	host, err := open(cfg.Port, cfg.Peers, cfg.Buffer, cfg.Listens)
	if err != nil {
		return err
	}
	config := C.floor_pour_config{
		peers:       C.size_t(cfg.Peers),
		channel:     C.uint8_t(cfg.Channel),
		size:        C.uint32_t(cfg.Size),
		packets:     C.size_t(cfg.Packets),
		ahead:       C.size_t(cfg.Ahead),
		patience_ms: milliseconds(cfg.Patience),
	}
	if C.floor_pour(host, &config) != 0 {
		return fmt.Errorf("floor: not all %d peers came within %v", cfg.Peers, cfg.Patience)
	}
	return nil
}
