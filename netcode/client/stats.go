package client

import (
	"github.com/loci-place/loci/netcode"
)

// Stats counts what a [Client] has sent and received since it was dialled.
type Stats struct {
	States         uint64        // state packets that came
	StateBytes     uint64        // their sizes
	Sets           uint64        // those of StyleSet
	UnusableStates uint64        // those that were malformed or started from a revision not held
	Intents        uint64        // intents sent
	Dropped        uint64        // packets dropped because callbacks took too long
	Unusable       uint64        // other packets that made no sense
	Transport      netcode.Stats // of the connection; zero when it has ended
}

func (s *Stats) count(h *StateHeader) {
	s.States++
	s.StateBytes += uint64(h.Bytes)
	if h.Style == netcode.StyleSet {
		s.Sets++
	}
}

// Stats returns the counts so far.
func (c *Client) Stats() Stats {
	transport, _ := c.dialer.transport.Stats(c.link.Load().to[0])
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Transport = transport
	return s
}
