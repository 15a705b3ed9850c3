// Package direct is a transport without a network, for running a place step by step
// from one goroutine, as tests do: what either side sends has reached the other before
// the call returns, on the goroutine of the caller.
package direct

import (
	"bytes"
	"net/netip"
	"sync"

	"github.com/loci-place/loci/netcode"
)

// Transport is the place's end. Nothing can be dialed through it.
type Transport struct {
	serving chan struct{} // closed when there is a handler
	done    chan struct{} // closed by Close
	handler netcode.Handler

	mu    sync.Mutex
	peers map[netcode.Conn]*Peer
	last  netcode.Conn
}

var _ netcode.Transport = (*Transport)(nil)

// New returns a transport without connections.
func New() *Transport {
	return &Transport{serving: make(chan struct{}), done: make(chan struct{}), peers: map[netcode.Conn]*Peer{}}
}

// Peer is the agent's end of one connection.
type Peer struct {
	transport *Transport
	conn      netcode.Conn
	cfg       Config
}

// Config holds the callbacks of one connection. Each may be nil.
type Config struct {
	Received     func(channel uint8, data []byte) // may keep data
	Disconnected func(code uint32)                // not called after [Peer.Close] or [Peer.Lose]
}

// Connect opens a connection to the place. It waits until the place serves.
func (t *Transport) Connect(cfg Config) *Peer {
	<-t.serving
	t.mu.Lock()
	t.last++
	p := &Peer{transport: t, conn: t.last, cfg: cfg}
	t.peers[p.conn] = p
	t.mu.Unlock()
	t.handler.Connected(p.conn, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(p.conn)))
	return p
}

// Send sends a packet to the place. It does nothing if the connection has ended.
func (p *Peer) Send(channel uint8, data []byte) {
	if p.transport.peer(p.conn) != nil {
		p.transport.handler.Received(p.conn, channel, data)
	}
}

// Close ends the connection as an agent that says goodbye with code.
func (p *Peer) Close(code uint32) { p.end(netcode.GoodbyeCode(code)) }

// Lose ends the connection as an agent that has fallen silent.
func (p *Peer) Lose() { p.end(netcode.CodeConnectionLost) }

func (p *Peer) end(code uint32) {
	if p.transport.remove(p.conn) != nil {
		p.transport.handler.Disconnected(p.conn, code)
	}
}

func (t *Transport) peer(c netcode.Conn) *Peer {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.peers[c]
}

func (t *Transport) remove(c netcode.Conn) *Peer {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.peers[c]
	delete(t.peers, c)
	return p
}

// Serve implements [netcode.Transport]. It only waits: senders call the handler.
func (t *Transport) Serve(h netcode.Handler) error {
	t.handler = h
	close(t.serving)
	<-t.done
	return nil
}

// Dial implements [netcode.Transport]. It always fails.
func (t *Transport) Dial(netip.AddrPort, int) (netcode.Conn, error) { return 0, netcode.ErrClosed }

// Send implements [netcode.Transport].
func (t *Transport) Send(p netcode.Packet, to ...netcode.Conn) error {
	for _, c := range to {
		if peer := t.peer(c); peer != nil && peer.cfg.Received != nil {
			peer.cfg.Received(p.Channel, bytes.Clone(p.Data))
		}
	}
	return nil
}

// Disconnect implements [netcode.Transport].
func (t *Transport) Disconnect(c netcode.Conn, code uint32) {
	p := t.remove(c)
	if p == nil {
		return
	}
	if p.cfg.Disconnected != nil {
		p.cfg.Disconnected(code)
	}
	t.handler.Disconnected(c, code)
}

// Stats implements [netcode.Transport]: packets take no time and none is lost.
func (t *Transport) Stats(c netcode.Conn) (netcode.Stats, bool) {
	return netcode.Stats{}, t.peer(c) != nil
}

// Close implements [netcode.Transport].
func (t *Transport) Close(code uint32) error {
	t.mu.Lock()
	peers := t.peers
	t.peers = map[netcode.Conn]*Peer{}
	t.mu.Unlock()
	for _, p := range peers {
		if p.cfg.Disconnected != nil {
			p.cfg.Disconnected(code)
		}
	}
	select {
	case <-t.done:
	default:
		close(t.done)
	}
	return nil
}
