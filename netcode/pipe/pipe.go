package pipe

import (
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
