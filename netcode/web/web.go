package web

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/loci-place/loci/netcode"
)

// Config says how a [Transport] is made. The zero value takes WebSockets from pages of its own origin.
type Config struct {
	// Peers is how many connections there can be at once; 1024 if 0.
	Peers  int
	Limits Limits
	// UDP is the host:port for WebRTC; port 0 is any that is free. Without a host, or with 0.0.0.0, it
	// is on all addresses of the machine. "" means that there are WebSockets only.
	UDP string
	// TCP has the connections of peers without UDP, with ICE's framing (RFC 4571), such as engine/web's
	// Server.ICE. The transport closes it. Nil means that there are none; it is not used without UDP.
	TCP net.Listener
	// PublicAddrs are told to peers in place of those of the machine, where it is behind a router that
	// translates addresses and forwards the port.
	PublicAddrs []netip.Addr
	// AllowOrigins are the origins, besides the one that is asked, whose pages may join:
	// "https://example.org". "*" is all of them. Programs that are no browsers name no origin, and may join.
	AllowOrigins []string
	// Logger hears which limits are hit; nil means slog.Default().
	Logger *slog.Logger
}

const defaultPeers = 1024

// Transport is a [netcode.Transport] for browsers, and the [http.Handler] by which they join. Limits for
// each address go by Request.RemoteAddr: behind a proxy the server has to set it.
//
// It keeps to the seam but for this: packets that are not reliable may overtake each other on a data
// channel, and what Stats and Delivered say of a data channel's reliable packets is counted in bytes, of which
// later ones may have been acknowledged in the place of lost ones.
type Transport struct {
	limits Limits
	origin origins
	log    *slog.Logger
	joins  joins
	rtc    *rtc // nil if there are WebSockets only
	drops  dropCounts

	outgoing atomic.Int64 // cost of what is queued to all connections
	waiting  atomic.Int64 // bytes of packets of all connections that wait for their other parts

	served   atomic.Bool
	closed   atomic.Bool
	opened   chan struct{}  // closed when a handler is there
	closing  chan struct{}  // closed when closing begins
	released chan struct{}  // closed when it is over
	running  sync.WaitGroup // what writes
	reading  sync.WaitGroup // what reads
	peers    sync.WaitGroup // WebRTC connections that are not closed

	hearing sync.Mutex // held while the handler runs
	handler netcode.Handler

	mu     sync.RWMutex // held while what follows is used
	conns  map[netcode.Conn]*conn
	last   netcode.Conn
	offers map[*offer]struct{} // that are answered, and not connected

	flushing sync.Mutex // held while what follows is used
	dirty    []*conn

	telling sync.Mutex // held while what follows is used
	told    []func()   // deliveries that the handler is to hear of
	tell    chan struct{}
}

var _ interface {
	netcode.DropCounter
	http.Handler
} = (*Transport)(nil)

// New makes a transport. Nobody can join before Serve.
func New(cfg Config) (*Transport, error) {
	limits, err := cfg.Limits.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("netcode/web: %w", err)
	}
	if cfg.Peers < 0 {
		return nil, fmt.Errorf("netcode/web: Peers is %d, want 0 for the default, or more", cfg.Peers)
	}
	orDefault(&cfg.Peers, defaultPeers)
	origin, err := newOrigins(cfg.AllowOrigins)
	if err != nil {
		return nil, fmt.Errorf("netcode/web: %w", err)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	t := &Transport{
		limits: limits, origin: origin, log: cfg.Logger, joins: newJoins(&limits, cfg.Peers),
		opened: make(chan struct{}), closing: make(chan struct{}), released: make(chan struct{}), conns: map[netcode.Conn]*conn{}, tell: make(chan struct{}, 1),
		offers: map[*offer]struct{}{},
	}
	if cfg.UDP != "" {
		if t.rtc, err = newRTC(&cfg, &t.limits); err != nil {
			return nil, fmt.Errorf("netcode/web: %w", err)
		}
	}
	return t, nil
}

// UDPAddr is the address of WebRTC, with the port that was chosen where 0 was asked for; none
// where there are WebSockets only.
func (t *Transport) UDPAddr() netip.AddrPort {
	if t.rtc == nil {
		return netip.AddrPort{}
	}
	return t.rtc.addr
}

// Serve implements [netcode.Transport].
func (t *Transport) Serve(h netcode.Handler) error {
	if t.closed.Load() {
		return nil
	}
	if t.served.Swap(true) {
		return errors.New("netcode/web: served already")
	}
	t.hearing.Lock()
	t.handler = h
	t.hearing.Unlock()
	close(t.opened)
	look := time.NewTicker(lookInterval)
	defer look.Stop()
	for {
		select {
		case <-t.tell:
			t.tellDeliveries()
		case <-look.C:
			t.look()
		case <-t.closing:
			t.running.Wait()
			t.reading.Wait()
			t.peers.Wait()
			return nil
		}
	}
}

// lookInterval is how often it is looked whether connections keep to what cannot be seen otherwise.
const lookInterval = 500 * time.Millisecond

func (t *Transport) look() {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, c := range t.conns {
		if c.line.hoards() {
			c.mu.Lock()
			c.overload("it sends much of which nothing becomes a message")
			c.mu.Unlock()
		}
	}
}

func (t *Transport) tellDeliveries() {
	t.telling.Lock()
	told := t.told
	t.told = nil
	t.telling.Unlock()
	for _, tell := range told {
		t.hear(func(netcode.Handler) { tell() })
	}
}

// delivered has Serve tell of a delivery.
func (t *Transport) delivered(tell func()) {
	t.telling.Lock()
	t.told = append(t.told, tell)
	t.telling.Unlock()
	select {
	case t.tell <- struct{}{}:
	default:
	}
}

// hear has the handler hear something, unless the transport is closed.
func (t *Transport) hear(event func(h netcode.Handler)) {
	if t.closed.Load() {
		return
	}
	t.hearing.Lock()
	defer t.hearing.Unlock()
	if !t.closed.Load() {
		event(t.handler)
	}
}

// received has the handler hear a packet.
func (t *Transport) received(c *conn, channel uint8, data []byte) {
	if t.closed.Load() {
		return
	}
	t.hearing.Lock()
	defer t.hearing.Unlock()
	if !t.closed.Load() && c.told && c.is(open) {
		t.handler.Received(c.id, channel, data)
	}
}

// add makes a connection of a line, and begins to write to it. It returns nil when the transport is
// closed. The goroutine that reads the line begins with
// [conn.connect] and calls [Transport.readDone] in the end.
func (t *Transport) add(j *join, line func(c *conn) line) *conn {
	c := &conn{
		t: t, from: j.from, wake: make(chan struct{}, 1), gone: make(chan struct{}),
		incoming: rate.NewLimiter(rate.Limit(t.limits.MessageRate), t.limits.MessageBurst),
		parts:    parts{packet: t.limits.MaxPacket, total: t.limits.MaxWaiting},
		queue:    queue{total: &t.outgoing},
	}
	c.line = line(c)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed.Load() {
		return nil
	}
	t.last++
	c.id = t.last
	t.conns[c.id] = c
	t.running.Add(1)
	t.reading.Add(1)
	go c.run()
	return c
}

// readDone is called when nothing more is read from a connection.
func (t *Transport) readDone(c *conn) {
	t.waiting.Add(int64(-c.parts.held))
	c.parts = parts{}
	t.reading.Done()
}

func (t *Transport) remove(c *conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.conns, c.id)
}

// Send implements [netcode.Transport].
func (t *Transport) Send(p netcode.Packet, to ...netcode.Conn) error {
	if t.closed.Load() {
		return netcode.ErrClosed
	}
	if len(p.Data) > t.limits.MaxPacket {
		return fmt.Errorf("%w: %d bytes, %d are possible", netcode.ErrTooLarge, len(p.Data), t.limits.MaxPacket)
	}
	var shared *packet
	if p.Channel < channels && len(to) > 0 || p.Delivered != nil {
		shared = t.newPacket(&p)
	}
	if p.Channel < channels {
		t.sendTo(shared, p.More, to)
	}
	if shared != nil {
		shared.delivery.done()
	}
	if t.outgoing.Load() > int64(t.limits.MaxOutgoingTotal) {
		t.relieve()
	}
	return nil
}

// newPacket copies a packet.
func (t *Transport) newPacket(p *netcode.Packet) *packet {
	shared := &packet{
		message: message{channel: p.Channel, payload: p.Data}.append(make([]byte, 0, 1+len(p.Data))),
		cost:    netcode.QueueCost(len(p.Data)), reliable: p.Reliable, live: p.Live, bulk: !p.Reliable && len(p.Data) > liveBytes,
	}
	if p.Delivered != nil && p.Reliable {
		shared.delivery = &delivery{tell: p.Delivered, told: t.delivered}
		shared.delivery.left.Store(1) // Send's own, until it is done
	}
	return shared
}

func (t *Transport) sendTo(p *packet, more bool, to []netcode.Conn) {
	now := time.Now()
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, id := range to {
		c := t.conns[id]
		if c == nil || !c.send(p, now, &t.limits) {
			continue
		}
		if more {
			t.keepBack(c)
		} else {
			c.nudge()
		}
	}
}

// keepBack has Flush wake a connection.
func (t *Transport) keepBack(c *conn) {
	c.mu.Lock()
	known := c.dirty
	c.dirty = true
	c.mu.Unlock()
	if known {
		return
	}
	t.flushing.Lock()
	t.dirty = append(t.dirty, c)
	t.flushing.Unlock()
}

// relieve ends the connection that has most queued.
func (t *Transport) relieve() {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var most *conn
	cost := -1
	for _, c := range t.conns {
		c.mu.Lock()
		if c.is(open) && c.queue.cost > cost {
			most, cost = c, c.queue.cost
		}
		c.mu.Unlock()
	}
	if most != nil {
		most.mu.Lock()
		most.overload("all leave too much unread, and it most", "bytes", cost)
		most.mu.Unlock()
	}
}

// Flush implements [netcode.Transport].
func (t *Transport) Flush() error {
	if t.closed.Load() {
		return netcode.ErrClosed
	}
	t.flushing.Lock()
	defer t.flushing.Unlock()
	for i, c := range t.dirty {
		c.mu.Lock()
		c.dirty = false
		c.mu.Unlock()
		c.nudge()
		t.dirty[i] = nil
	}
	t.dirty = t.dirty[:0]
	return nil
}

// Disconnect implements [netcode.Transport].
func (t *Transport) Disconnect(id netcode.Conn, code uint32) {
	if c := t.find(id); c != nil {
		c.disconnect(code)
	}
}

func (t *Transport) find(id netcode.Conn) *conn {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.conns[id]
}

// Stats implements [netcode.Transport]. The loss of a WebSocket is not known.
func (t *Transport) Stats(id netcode.Conn) (netcode.Stats, bool) {
	c := t.find(id)
	if c == nil || c.is(over) {
		return netcode.Stats{}, false
	}
	return c.stats(), true
}

// dropCounts count what has been dropped, ended or refused.
type dropCounts struct {
	live, senseless, slowed, rate, full, halfOpen atomic.Uint64
}

// Drops implements [netcode.DropCounter].
func (t *Transport) Drops() []netcode.DropCount {
	d := &t.drops
	return []netcode.DropCount{
		{Reason: "web_live", Count: d.live.Load()},
		{Reason: "web_senseless", Count: d.senseless.Load()},
		{Reason: "web_slowed", Count: d.slowed.Load()},
		{Reason: "web_join_rate", Count: d.rate.Load()},
		{Reason: "web_join_full", Count: d.full.Load()},
		{Reason: "web_half_open", Count: d.halfOpen.Load()},
	}
}

// Close implements [netcode.Transport].
func (t *Transport) Close(code uint32) error {
	t.mu.Lock()
	first := !t.closed.Swap(true)
	conns, offers := slices.Collect(maps.Values(t.conns)), slices.Collect(maps.Keys(t.offers))
	t.mu.Unlock()
	if !first {
		<-t.released
		return nil
	}
	defer close(t.released)
	close(t.closing)
	for _, o := range offers {
		o.giveUp("the place closes")
	}
	for _, c := range conns {
		c.disconnect(code)
	}
	patience := time.AfterFunc(time.Second, func() {
		for _, c := range conns {
			c.lost(code)
		}
	})
	defer patience.Stop()
	for _, c := range conns {
		<-c.gone
	}
	if t.rtc == nil {
		return nil
	}
	t.peers.Wait()
	return t.rtc.close()
}
