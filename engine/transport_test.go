package engine

import (
	"sync"

	"github.com/loci-place/loci/netcode"
)

// countingTransport takes packets and throws them away, for measuring the place
// alone.
type countingTransport struct {
	mu      sync.Mutex
	packets int // one for each connection
	bytes   int
	closed  chan struct{}
}

var _ netcode.Transport = (*countingTransport)(nil)

func (t *countingTransport) Serve(netcode.Handler) error { <-t.closed; return nil }

func (t *countingTransport) Flush() error { return nil }

func (t *countingTransport) Send(p netcode.Packet, to ...netcode.Conn) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.packets += len(to)
	t.bytes += len(to) * len(p.Data)
	return nil
}

func (t *countingTransport) Disconnect(netcode.Conn, uint32) {}

func (t *countingTransport) Stats(netcode.Conn) (netcode.Stats, bool) {
	return netcode.Stats{}, false
}

func (t *countingTransport) Close(uint32) error { close(t.closed); return nil }
