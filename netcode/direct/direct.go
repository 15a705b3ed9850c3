// Package direct is a transport within the process, without a network: agents in Go join the place
// that it serves by calling [Transport.Connect]. What either side sends arrives, in order.
//
// Served like other transports, it hands the place what agents send on the goroutine of Serve.
// [Transport.ServeInline] does without: what either side sends has reached the other before the call
// returns, for running a place step by step from one goroutine, as tests do.
package direct

import (
	"bytes"
	"errors"
	"net/netip"
	"sync"

	"github.com/loci-place/loci/netcode"
)

// Transport is the place's end.
type Transport struct {
	serving chan struct{} // closed when there is a handler
	done    chan struct{} // closed by Close
	wake    chan struct{} // has room for one: there are events

	mu      sync.Mutex
	handler netcode.Handler
	inline  bool
	closed  bool
	peers   map[netcode.Conn]*Peer
	last    netcode.Conn
	events  []func(h netcode.Handler)
	telling bool // somebody is handing over the events
}

var _ netcode.Inline = (*Transport)(nil)

// New returns a transport without connections.
func New() *Transport {
	return &Transport{
		serving: make(chan struct{}), done: make(chan struct{}), wake: make(chan struct{}, 1),
		peers: map[netcode.Conn]*Peer{},
	}
}

// Peer is the agent's end of one connection.
type Peer struct {
	transport *Transport
	conn      netcode.Conn
	cfg       Config
}

// Config holds the callbacks of one connection. Each may be nil. They run on the goroutine on
// which the place sends or disconnects, so several may run at once where the place is not driven
// by one, and must not block.
type Config struct {
	Received     func(channel uint8, data []byte) // may keep data
	Disconnected func(code uint32)                // not called after [Peer.Close] or [Peer.Lose]
}

// Connect opens a connection to the place. It waits until the place serves. Once the transport has
// been closed, the connection has ended from the start.
func (t *Transport) Connect(cfg Config) *Peer {
	select {
	case <-t.serving:
	case <-t.done:
	}
	t.mu.Lock()
	p := &Peer{transport: t, cfg: cfg}
	if !t.closed {
		t.last++
		p.conn = t.last
		t.peers[p.conn] = p
	}
	t.mu.Unlock()
	if p.conn == 0 {
		p.disconnected(netcode.CodePlaceClosed)
		return p
	}
	from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(p.conn))
	t.tell(func(h netcode.Handler) { h.Connected(p.conn, from) })
	return p
}

// Send sends a packet to the place. It does nothing if the connection has ended.
func (p *Peer) Send(channel uint8, data []byte) {
	if p.transport.peer(p.conn) == nil {
		return
	}
	data = bytes.Clone(data)
	p.transport.tell(func(h netcode.Handler) {
		if p.transport.peer(p.conn) != nil { // it may have been disconnected meanwhile
			h.Received(p.conn, channel, data)
		}
	})
}

// Close ends the connection as an agent that says goodbye with code.
func (p *Peer) Close(code uint32) { p.end(netcode.GoodbyeCode(code)) }

// Lose ends the connection as an agent that has fallen silent.
func (p *Peer) Lose() { p.end(netcode.CodeConnectionLost) }

func (p *Peer) end(code uint32) {
	t := p.transport
	if t.peer(p.conn) == nil {
		return
	}
	t.tell(func(h netcode.Handler) {
		if t.remove(p.conn) != nil {
			h.Disconnected(p.conn, code)
		}
	})
}

func (p *Peer) disconnected(code uint32) {
	if p.cfg.Disconnected != nil {
		p.cfg.Disconnected(code)
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

// tell hands an event to the handler, after those before it.
func (t *Transport) tell(event func(h netcode.Handler)) {
	t.mu.Lock()
	t.events = append(t.events, event)
	inline := t.inline
	t.mu.Unlock()
	if inline {
		t.handOver()
		return
	}
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// handOver hands the events to the handler, unless that is being done already: further up on this
// goroutine, where the handler caused one.
func (t *Transport) handOver() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.telling {
		return
	}
	t.telling = true
	defer func() { t.telling = false }()
	for len(t.events) > 0 && !t.closed {
		event := t.events[0]
		t.events = t.events[1:]
		t.mu.Unlock()
		event(t.handler)
		t.mu.Lock()
	}
}

var errServedTwice = errors.New("netcode: direct transport is served already")

func (t *Transport) serve(h netcode.Handler, inline bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case h == nil:
		return errors.New("netcode: no handler to serve")
	case t.closed:
		return nil
	case t.handler != nil:
		return errServedTwice
	}
	t.handler, t.inline = h, inline
	close(t.serving)
	return nil
}

// Serve implements [netcode.Transport].
func (t *Transport) Serve(h netcode.Handler) error {
	if err := t.serve(h, false); err != nil {
		return err
	}
	for {
		t.handOver()
		select {
		case <-t.wake:
		case <-t.done:
			return nil
		}
	}
}

// ServeInline implements [netcode.Inline].
func (t *Transport) ServeInline(h netcode.Handler) error {
	err := t.serve(h, true)
	if err == nil {
		t.handOver()
	}
	return err
}

// Send implements [netcode.Transport].
func (t *Transport) Send(p netcode.Packet, to ...netcode.Conn) error {
	if err := t.Flush(); err != nil {
		return err
	}
	for _, c := range to {
		if peer := t.peer(c); peer != nil && peer.cfg.Received != nil {
			peer.cfg.Received(p.Channel, bytes.Clone(p.Data))
		}
	}
	if p.Delivered != nil {
		t.tell(func(netcode.Handler) { p.Delivered() })
	}
	return nil
}

// Flush implements [netcode.Transport]. Nothing is kept back.
func (t *Transport) Flush() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return netcode.ErrClosed
	}
	return nil
}

// Disconnect implements [netcode.Transport].
func (t *Transport) Disconnect(c netcode.Conn, code uint32) {
	p := t.remove(c)
	if p == nil {
		return
	}
	p.disconnected(code)
	t.tell(func(h netcode.Handler) { h.Disconnected(c, code) })
}

// Stats implements [netcode.Transport]: packets take no time and none is lost.
func (t *Transport) Stats(c netcode.Conn) (netcode.Stats, bool) {
	return netcode.Stats{}, t.peer(c) != nil
}

// Close implements [netcode.Transport].
func (t *Transport) Close(code uint32) error {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return nil
	}
	t.closed = true
	peers := t.peers
	t.peers, t.events = nil, nil
	close(t.done)
	t.mu.Unlock()
	for _, p := range peers {
		p.disconnected(code)
	}
	return nil
}
