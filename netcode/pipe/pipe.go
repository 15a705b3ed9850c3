package pipe

import (
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"github.com/loci-place/loci/netcode"
)

// Config says how a [Network] treats packets. The zero value delivers
// everything at once. Shares are from 0 to 1.
//
// As over ENet, what is sent reliably arrives once and in order: a lost packet
// only comes later, and those behind it on its channel wait. Unreliable packets
// are sequenced: one that arrives after a newer one of its channel is dropped, a
// duplicate as well. An unreliable packet over 1372 bytes travels as reliable
// fragments, each of which can be lost; one with NoResend is lost with one of them.
type Config struct {
	Delay     time.Duration // one way
	Jitter    time.Duration // up to this much more, drawn for each packet
	Loss      float64       // share of packets that get lost; 1 is a blackout
	Duplicate float64       // share of unreliable packets that arrive twice
	Reorder   float64       // share of unreliable packets late enough for one sent 50 ms later to overtake them

	// Rate is how many bytes a second each direction of a connection carries, of
	// payload alone and without acknowledgements; 0 means no limit. Packets and
	// fragments queue for it, and those that get lost take their share, as they
	// were sent.
	Rate int
	// RateQueue is how long a packet or fragment may wait for Rate; one that
	// would wait longer is lost, and if it is reliable sent again, each time
	// later. 0 means 200 ms.
	RateQueue time.Duration

	// Timeout is how long a reliable packet may go unacknowledged before the
	// connection counts as lost; idle connections send one every half second.
	// 0 means 10 s.
	Timeout time.Duration
	// MaxPacket is the size in bytes over which Send fails with ErrTooLarge;
	// 0 means 8 MiB.
	MaxPacket int
	// Seed picks the random numbers. Every direction of every connection draws
	// from a stream of its own, in the order of its packets.
	Seed uint64
}

const (
	pipeTimeout   = 10 * time.Second // the least that deployed clients use (netcode/PROTOCOL.md, "Connections")
	pipeMaxPacket = 8 << 20          // as for ENet
	pipeFragment  = 1372             // what ENet carries in one datagram

	pipeRateQueue = 200 * time.Millisecond // about what routers at home hold

	pipePulse      = 500 * time.Millisecond // ENet's ping interval
	pipeResend     = 20 * time.Millisecond  // on top of the round trip, before a packet is sent again
	pipeOvertaking = 60 * time.Millisecond  // more than a heartbeat, so that the next state is faster
)

// Network is a network in memory, for tests without sockets or waiting: in a
// [testing/synctest] bubble its delays pass at once and, as long as goroutines
// do not race to send at the same instant, every run is the same. Make it and
// all that uses it inside the bubble, and close every end before leaving.
type Network struct {
	mu       sync.Mutex // guards everything in the network, its ends and connections
	cfg      Config
	ends     map[netip.AddrPort]*End
	lastEnd  uint32
	lastConn netcode.Conn
	events   uint64 // how many were ever scheduled: orders those due at one instant
}

// New makes a network without anybody on it.
func New(cfg Config) *Network {
	return &Network{cfg: cfg, ends: make(map[netip.AddrPort]*End)}
}

// SetConfig changes how packets sent from now on are treated, those sent again
// included. The seed stays what it was for connections that exist.
func (p *Network) SetConfig(cfg Config) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cfg = cfg
}

// Listen adds an end that others can dial, at port 21337 of an address of its own.
func (p *Network) Listen() *End { return p.add(netcode.DefaultPort, true) }

// Host adds an end that can dial but not be dialled, with an address of its own.
func (p *Network) Host() *End { return p.add(49152, false) }

func (p *Network) add(port uint16, listening bool) *End {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lastEnd++
	n := p.lastEnd
	e := &End{
		pipe:      p,
		addr:      netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), port),
		listening: listening,
		conns:     make(map[netcode.Conn]*pipeConn),
		wake:      make(chan struct{}, 1),
		done:      make(chan struct{}),
	}
	p.ends[e.addr] = e
	return e
}

// between returns the settings for packets from one end to another, which may
// not exist.
func (p *Network) between(from, to *End) *Config {
	switch {
	case from.cfg != nil:
		return from.cfg
	case to != nil && to.cfg != nil:
		return to.cfg
	default:
		return &p.cfg
	}
}

func (c *Config) timeout() time.Duration {
	if c.Timeout <= 0 {
		return pipeTimeout
	}
	return c.Timeout
}

func (c *Config) rateQueue() time.Duration {
	if c.RateQueue <= 0 {
		return pipeRateQueue
	}
	return c.RateQueue
}

func (c *Config) maxPacket() int {
	if c.MaxPacket <= 0 {
		return pipeMaxPacket
	}
	return c.MaxPacket
}

// resendAfter is how long to wait for an acknowledgement of the given attempt,
// counted from 0, before the next. It doubles, as ENet's does.
func (c *Config) resendAfter(attempt int) time.Duration {
	return (2*(max(c.Delay, 0)+max(c.Jitter, 0)) + pipeResend) << min(attempt, 10)
}

// pipeConn is one end's side of a connection on a [Network]. Everything in it is
// guarded by the network's lock.
type pipeConn struct {
	id       netcode.Conn
	end      *End
	remote   netip.AddrPort
	peer     *pipeConn // nil until the other end has accepted
	state    pipeState
	code     uint32 // what to tell the peer when closing
	told     bool   // the handler has heard Connected
	over     bool   // the handler has heard Disconnected
	channels []pipeChannel
	unacked  []*pipePacket // reliable packets under way, oldest first
	fate     *rand.Rand
	queued   int       // bytes of what was sent reliably and is not acknowledged
	free     time.Time // when all that was let in will have been sent at Config.Rate
	stats    netcode.Stats
}

type pipeState uint8

const (
	pipeConnecting pipeState = iota
	pipeOpen
	pipeClosing // Disconnect was called, and waits for what was sent before
	pipeLeaving // the peer is being told
	pipeGone
)

// connection adds a connection in state pipeConnecting to e.
func (e *End) connection(remote netip.AddrPort, channels int) *pipeConn {
	p := e.pipe
	p.lastConn++
	c := &pipeConn{
		id:       p.lastConn,
		end:      e,
		remote:   remote,
		channels: make([]pipeChannel, channels),
		fate:     rand.New(rand.NewPCG(p.cfg.Seed, uint64(p.lastConn))),
	}
	e.conns[c.id] = c
	e.schedule(time.Now().Add(pipePulse), c.pulse)
	return c
}

// accept makes the other side of a connection that from asks for. It reports
// whether there is one now.
func (e *End) accept(from *pipeConn) bool {
	if !e.listening || e.closed {
		return false
	}
	c := e.connection(from.end.addr, len(from.channels))
	c.peer, from.peer = from, c
	c.opened()
	return true
}

func (c *pipeConn) opened() {
	c.state, c.told = pipeOpen, true
	c.end.news = append(c.end.news, pipeNews{kind: pipeConnected, conn: c.id, from: c.remote})
}

// disconnect ends the connection once everything before has been delivered. Of
// one that is still being made the handler hears at once.
func (c *pipeConn) disconnect(code uint32, now time.Time) {
	if c.state != pipeConnecting && c.state != pipeOpen {
		return
	}
	connecting := c.state == pipeConnecting
	c.state, c.code = pipeClosing, code
	if connecting {
		c.tellEnd(code)
	}
	c.leaveWhenDelivered(now)
}

func (c *pipeConn) leaveWhenDelivered(now time.Time) {
	if c.state == pipeClosing && len(c.unacked) == 0 {
		c.state = pipeLeaving
		c.send(&pipePacket{kind: pipeDisconnect, reliable: true, code: c.code}, now)
	}
}

// ended is the end of the connection. Who has sent the peer away hears the own
// code, however it came about.
func (c *pipeConn) ended(code uint32) {
	if c.state == pipeClosing || c.state == pipeLeaving {
		code = c.code
	}
	c.forget()
	c.tellEnd(code)
}

func (c *pipeConn) tellEnd(code uint32) {
	if !c.over {
		c.over = true
		c.end.news = append(c.end.news, pipeNews{kind: pipeDisconnected, conn: c.id, code: code})
	}
}

func (c *pipeConn) forget() {
	for _, p := range c.unacked {
		c.end.settle(p)
	}
	c.state, c.unacked = pipeGone, nil
	delete(c.end.conns, c.id)
}

// pulse runs twice a second: it gives up a silent peer, and keeps asking an
// idle one whether it is still there.
func (c *pipeConn) pulse(now time.Time) {
	if c.state == pipeGone {
		return
	}
	cfg := c.end.pipe.between(c.end, c.end.pipe.ends[c.remote])
	switch {
	case len(c.unacked) > 0 && now.Sub(c.unacked[0].firstSent) >= cfg.timeout():
		c.ended(netcode.CodeConnectionLost)
		return
	case len(c.unacked) == 0 && c.state == pipeOpen:
		c.send(&pipePacket{kind: pipePing, reliable: true}, now)
	}
	c.end.schedule(now.Add(pipePulse), c.pulse)
}

// acknowledged hears that a reliable packet, last sent at sent, has arrived.
func (c *pipeConn) acknowledged(p *pipePacket, sent, now time.Time) {
	if !p.acked && p.kind == pipeData {
		c.queued -= netcode.QueueCost(len(p.data))
	}
	p.acked = true
	c.end.settle(p)
	c.measure(now.Sub(sent))
	for len(c.unacked) > 0 && c.unacked[0].acked {
		c.unacked[0] = nil
		c.unacked = c.unacked[1:]
	}
	switch {
	case c.state == pipeGone:
	case p.kind == pipeDisconnect:
		c.ended(c.code)
	case p.kind == pipeConnect && c.state == pipeConnecting:
		c.opened()
	default:
		c.leaveWhenDelivered(now)
	}
}

// measure folds one round trip into the statistics, weighted as ENet does.
func (c *pipeConn) measure(rtt time.Duration) {
	s := &c.stats
	if s.RTT == 0 {
		s.RTT, s.RTTVariance = rtt, rtt/2
		return
	}
	deviation := (rtt - s.RTT).Abs()
	s.RTT += (rtt - s.RTT) / 8
	s.RTTVariance += (deviation - s.RTTVariance) / 4
}
