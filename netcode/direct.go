package netcode

import (
	"net/netip"
	"sync"
)

// Direct is a place's transport without a network: what either side sends is with the
// other before the call returns, on the caller's goroutine. It is for running a place
// step by step, from one goroutine; there is no dialling through it.
type Direct struct {
	serving chan struct{} // closed when there is a handler
	done    chan struct{} // closed by Close
	handler Handler

	mu    sync.Mutex
	peers map[Conn]*DirectPeer
	last  Conn
}

var _ Transport = (*Direct)(nil)

// NewDirect makes a transport without connections.
func NewDirect() *Direct {
	return &Direct{serving: make(chan struct{}), done: make(chan struct{}), peers: map[Conn]*DirectPeer{}}
}

// DirectPeer is an agent's end of one connection of a [Direct].
type DirectPeer struct {
	direct *Direct
	conn   Conn
	cfg    DirectConfig
}

// DirectConfig is what hears of a connection. Nil functions hear nothing.
type DirectConfig struct {
	Received     func(channel uint8, data []byte) // the data may be kept
	Disconnected func(code uint32)                // not after [DirectPeer.Close] or Lose
}

// Connect makes a connection to the place, once that serves.
func (d *Direct) Connect(cfg DirectConfig) *DirectPeer {
	<-d.serving
	d.mu.Lock()
	d.last++
	p := &DirectPeer{direct: d, conn: d.last, cfg: cfg}
	d.peers[p.conn] = p
	d.mu.Unlock()
	d.handler.Connected(p.conn, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(p.conn)))
	return p
}

// Send sends the place a packet. It is lost if the connection has ended.
func (p *DirectPeer) Send(channel uint8, data []byte) {
	if p.direct.peer(p.conn) != nil {
		p.direct.handler.Received(p.conn, channel, data)
	}
}

// Close ends the connection from the agent's side, which says goodbye.
func (p *DirectPeer) Close(code uint32) { p.end(goodbye(code)) }

// Lose ends the connection as if the agent had fallen silent.
func (p *DirectPeer) Lose() { p.end(CodeConnectionLost) }

func (p *DirectPeer) end(code uint32) {
	if p.direct.drop(p.conn) != nil {
		p.direct.handler.Disconnected(p.conn, code)
	}
}

func (d *Direct) peer(c Conn) *DirectPeer {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.peers[c]
}

func (d *Direct) drop(c Conn) *DirectPeer {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.peers[c]
	delete(d.peers, c)
	return p
}

// Serve implements [Transport]. It only waits: the handler is called by those who send.
func (d *Direct) Serve(h Handler) error {
	d.handler = h
	close(d.serving)
	<-d.done
	return nil
}

// Dial implements [Transport]; there is nobody to dial.
func (d *Direct) Dial(netip.AddrPort, int) (Conn, error) { return 0, ErrClosed }

// Send implements [Transport].
func (d *Direct) Send(p Packet, to ...Conn) error {
	for _, c := range to {
		if peer := d.peer(c); peer != nil && peer.cfg.Received != nil {
			peer.cfg.Received(p.Channel, append([]byte(nil), p.Data...))
		}
	}
	return nil
}

// Disconnect implements [Transport].
func (d *Direct) Disconnect(c Conn, code uint32) {
	p := d.drop(c)
	if p == nil {
		return
	}
	if p.cfg.Disconnected != nil {
		p.cfg.Disconnected(code)
	}
	d.handler.Disconnected(c, code)
}

// Stats implements [Transport]: packets take no time and none is lost.
func (d *Direct) Stats(c Conn) (Stats, bool) { return Stats{}, d.peer(c) != nil }

// Close implements [Transport].
func (d *Direct) Close(code uint32) error {
	d.mu.Lock()
	peers := d.peers
	d.peers = map[Conn]*DirectPeer{}
	d.mu.Unlock()
	for _, p := range peers {
		if p.cfg.Disconnected != nil {
			p.cfg.Disconnected(code)
		}
	}
	select {
	case <-d.done:
	default:
		close(d.done)
	}
	return nil
}
