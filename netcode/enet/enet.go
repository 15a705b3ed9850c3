package enet

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/netcode"
)

// Config says how a [Transport] is made. The zero value is a client's.
type Config struct {
	// Listen is where others can connect, "host:port". The host is a name or an
	// IPv4 address, none for every interface; port 0 is any that is free. ""
	// means that nobody can connect, and an address of the system's choice.
	Listen string
	// Peers is how many connections there can be at once, 1024 if 0, at most
	// 4095. Who comes when all are taken is told
	// [CodeFull].
	Peers  int
	Limits Limits
	// Logger hears what the guards drop and which limits are hit; nil means
	// slog.Default().
	Logger *slog.Logger
}

const enetDefaultPeers = 1024

// Transport is a [netcode.Transport] over ENet on UDP, with guards against what its protocol
// lets a peer or a stranger do to a host.
//
// Reliable packets of one channel arrive once and in order. Unreliable ones may
// be lost, and one that comes after a newer one of its channel is dropped. An
// unreliable packet over 1372 bytes travels as reliable fragments, unless it has NoResend.
type Transport struct {
	limits Limits
	log    *slog.Logger
	addr   netip.AddrPort
	socket *enetSocket
	outbox enetOutbox

	farewell time.Duration // enetFarewell, but in some tests

	served    atomic.Bool
	closing   atomic.Bool
	closeOnce sync.Once
	closeErr  error

	// Held by Serve for each of its turns, but not while the handler runs, and
	// by Close for good.
	mu        sync.Mutex
	host      *enetHost // nil when closed
	conns     *enetConns
	orders    enetOrders // taken from the outbox, then used again
	news      []enetNews
	slots     []uint16
	rested    bool // live packets have waited their time
	nextSweep time.Time

	books      enetBooks
	bulk       enetBulk
	queued     *enetQueued
	deliveries enetDeliveries
}

var _ interface {
	netcode.Dialer
	netcode.Listener
	netcode.DropCounter
} = (*Transport)(nil)

// New binds the socket. Nothing is received or sent before Serve.
func New(cfg Config) (*Transport, error) {
	e, err := newENet(cfg)
	if err != nil {
		return nil, fmt.Errorf("netcode: ENet on %.100q: %w", cfg.Listen, err)
	}
	return e, nil
}

func newENet(cfg Config) (*Transport, error) {
	if cfg.Peers == 0 {
		cfg.Peers = enetDefaultPeers
	}
	if cfg.Peers < 1 || cfg.Peers > enetMaxPeers {
		return nil, fmt.Errorf("Peers: %d is not within 1 to %d", cfg.Peers, enetMaxPeers)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	limits := cfg.Limits.withDefaults(cfg.Peers)
	if err := limits.check(); err != nil {
		return nil, err
	}
	listen, err := resolveListen(cfg.Listen)
	if err != nil {
		return nil, err
	}
	if err := tryListen(listen); err != nil {
		return nil, err
	}
	host, err := openENetHost(listen, cfg.Peers, limits, cfg.Listen != "")
	if err != nil {
		return nil, err
	}
	socket, err := newENetSocket(host.fd())
	if err != nil {
		host.destroy()
		return nil, err
	}
	if got := socketBuffers(host.fd(), limits.SocketBuffer); got < limits.SocketBuffer {
		cfg.Logger.Warn("small socket buffer: packets will be lost when many agents are active; raise net.core.rmem_max",
			"wanted", limits.SocketBuffer, "got", got)
	}
	queued := newENetQueued(cfg.Peers)
	return &Transport{
		limits: limits,
		log:    cfg.Logger,
		addr:   socket.addr(),
		socket: socket,
		outbox: enetOutbox{limit: limits.MaxOutbox, queued: &queued},

		farewell: enetFarewell,

		host:   host,
		conns:  newENetConns(cfg.Peers),
		books:  enetBooks{stats: make(map[netcode.Conn]netcode.Stats)},
		bulk:   newENetBulk(cfg.Peers),
		queued: &queued,
	}, nil
}

// Addr is the address the socket is bound to, with the port that was chosen where
// 0 was asked for.
func (e *Transport) Addr() netip.AddrPort { return e.addr }

// Dial implements [netcode.Transport]. It takes IPv4 addresses only. An attempt that
// nobody answers, or for which all [Config.Peers] are taken here, ends with
// CodeConnectionLost.
func (e *Transport) Dial(to netip.AddrPort, channels int) (netcode.Conn, error) {
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	switch {
	case !to.Addr().Is4() || to.Addr().IsUnspecified() || to.Port() == 0:
		return 0, fmt.Errorf("netcode: dial %v: not an IPv4 address with a port", to)
	case channels < 1 || channels > 255:
		return 0, fmt.Errorf("netcode: dial %v: %d channels are not within 1 to 255", to, channels)
	}
	c, wake, err := e.outbox.dial(to, channels)
	if err != nil {
		return 0, fmt.Errorf("netcode: dial %v: %w", to, err)
	}
	if wake {
		e.socket.wake()
	}
	return c, nil
}

// Send implements [netcode.Transport]. A connection that is not open yet, or has no such
// channel, is skipped. When [Limits.MaxOutbox] or [Limits.MaxOutgoing] is
// hit, the error is nil: unreliable packets may get lost anyway, and the
// connection that misses a reliable one ends.
func (e *Transport) Send(p netcode.Packet, to ...netcode.Conn) error {
	if len(p.Data) > e.limits.MaxPacket {
		return fmt.Errorf("%w: %d bytes, %d are possible", netcode.ErrTooLarge, len(p.Data), e.limits.MaxPacket)
	}
	if e.closing.Load() {
		return netcode.ErrClosed
	}
	if len(to) == 0 && p.Delivered == nil {
		return nil
	}
	packet, err := newENetPacket(p.Data, p.Reliable, p.NoResend)
	if err != nil {
		return err
	}
	order := enetOrder{
		kind:     orderSend,
		reliable: p.Reliable,
		fragile:  p.NoResend,
		live:     p.Live,
		channel:  p.Channel,
		packet:   packet,
		size:     len(p.Data),

		delivered: p.Delivered,
	}
	if order.bulk() {
		for _, c := range to {
			e.bulk.mark(c)
		}
	}
	wake, err := e.outbox.send(order, p.More, to)
	if wake {
		e.socket.wake()
	}
	return err
}

// Flush implements [netcode.Transport].
func (e *Transport) Flush() error {
	if e.outbox.release() {
		e.socket.wake()
	}
	if e.closing.Load() {
		return netcode.ErrClosed
	}
	return nil
}

// Disconnect implements [netcode.Transport]. The handler hears Disconnected with the same
// code when the peer has acknowledged it, or has not for
// [Limits.TimeoutMax].
func (e *Transport) Disconnect(c netcode.Conn, code uint32) {
	if e.outbox.disconnect(c, code) {
		e.socket.wake()
	}
}

// Stats implements [netcode.Transport]. RTT and its variance are of reliable packets, in
// whole milliseconds, and 500 ms before the first was acknowledged. Loss is that
// of about the last second. SentBytes leaves out what ENet sends by itself:
// acknowledgements, pings, and what is sent again. Queued is never less than it was when
// Stats was called, but up to 100 ms late in becoming less.
func (e *Transport) Stats(c netcode.Conn) (netcode.Stats, bool) {
	s, ok := e.books.stat(c)
	s.Busy = e.bulk.has(c)
	if queue := e.queued.of(c); queue != nil && ok {
		s.Queued = queue.bytes()
	}
	return s, ok
}

// Dropped counts what the guards have dropped since the transport was made, as of
// some 100 ms ago.
func (e *Transport) Dropped() DropCounts { return e.books.dropped() }

// Drops implements [netcode.DropCounter].
func (e *Transport) Drops() []netcode.DropCount { return e.books.named() }

// Close implements [netcode.Transport]. It works without a Serve as well.
func (e *Transport) Close(code uint32) error {
	e.closeOnce.Do(func() { e.closeErr = e.close(code) })
	return e.closeErr
}

var errServedTwice = errors.New("netcode: ENet transport is served already")
