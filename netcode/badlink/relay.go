package badlink

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Config says how a [Relay] is made.
type Config struct {
	// Listen is where clients send to. The zero value means a free port of
	// 127.0.0.1.
	Listen netip.AddrPort
	// To is the server. It has no default.
	To netip.AddrPort
	// Link is what the links of all clients are like at first.
	Link Link
	// Seed picks the random numbers. Every direction of every client draws from a
	// stream of its own, in the order of its datagrams; clients are numbered in
	// the order of their first ones.
	Seed uint64
	// Idle is how long a client may be silent before it is forgotten, and its
	// socket closed; 0 means a minute. If it comes back, it is as a new one.
	Idle time.Duration
}

const (
	defaultIdle = time.Minute // ENet peers send something twice a second

	maxDatagram = 1<<16 - 1
	// What the relay asks the system to hold while it has no time to read, so
	// that it loses nothing but what it should. The system may grant less.
	socketBuffer = 4 << 20
)

// Relay passes UDP datagrams between clients and a server over bad links. Its
// methods may be called from any goroutine.
type Relay struct {
	socket  *net.UDPConn // clients send here
	to      netip.AddrPort
	seed    uint64
	idle    time.Duration
	wake    chan struct{} // full when the queue's head has changed
	done    chan struct{} // closed by Close
	running sync.WaitGroup

	mu       sync.Mutex // guards what follows, and the lanes of all clients
	link     Link
	clients  map[netip.AddrPort]*client
	joined   uint64 // how many clients there ever were
	queue    queue
	queued   uint64 // how many datagrams were ever queued: orders those due at one instant
	leaving  int    // taken from the queue, and not sent yet
	up, down Counts
	maxLag   time.Duration
	closed   bool
}

// Listen binds the relay's socket and begins to pass datagrams on.
func Listen(cfg Config) (*Relay, error) {
	r, err := listen(cfg)
	if err != nil {
		return nil, fmt.Errorf("badlink: %w", err)
	}
	r.running.Go(r.receive)
	r.running.Go(r.deliver)
	return r, nil
}

func listen(cfg Config) (*Relay, error) {
	if cfg.Listen == (netip.AddrPort{}) {
		cfg.Listen = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)
	}
	cfg.To = netip.AddrPortFrom(cfg.To.Addr().Unmap(), cfg.To.Port())
	if cfg.Idle == 0 {
		cfg.Idle = defaultIdle
	}
	switch {
	case !cfg.Listen.Addr().IsValid():
		return nil, fmt.Errorf("Listen: %v has no address", cfg.Listen)
	case !cfg.To.IsValid() || cfg.To.Port() == 0:
		return nil, fmt.Errorf("To: %v is not an address with a port", cfg.To)
	case cfg.Idle < 0:
		return nil, fmt.Errorf("Idle: %v is negative", cfg.Idle)
	}
	if err := cfg.Link.check(); err != nil {
		return nil, err
	}
	socket, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(cfg.Listen))
	if err != nil {
		return nil, fmt.Errorf("Listen: %w", err)
	}
	_ = socket.SetReadBuffer(socketBuffer)
	r := &Relay{
		socket:  socket,
		to:      cfg.To,
		seed:    cfg.Seed,
		idle:    cfg.Idle,
		link:    cfg.Link,
		clients: make(map[netip.AddrPort]*client),
		wake:    make(chan struct{}, 1),
		done:    make(chan struct{}),
	}
	if r.Addr() == cfg.To {
		return nil, errors.Join(fmt.Errorf("To: %v is the relay itself", cfg.To), socket.Close())
	}
	return r, nil
}

// Addr is the address for clients to send to, with the port that was chosen
// where 0 was asked for.
func (r *Relay) Addr() netip.AddrPort {
	a := r.socket.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// SetLink changes how datagrams that come from now on are treated. Those under
// way arrive as they would have. A Link that makes no sense changes nothing.
func (r *Relay) SetLink(l Link) error {
	if err := l.check(); err != nil {
		return fmt.Errorf("badlink: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.link = l
	return nil
}

// Rebind gives every client another port towards the server, as a NAT does that has
// forgotten them: what they send next comes from a new one, and what the server still
// sends to the old ones is lost.
func (r *Relay) Rebind() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for addr, c := range r.clients {
		delete(r.clients, addr)
		_ = c.upstream.Close()
	}
}

// Close drops what is under way, and returns when the sockets are closed and
// the relay's goroutines have ended. Closing twice is fine.
func (r *Relay) Close() error {
	err := r.shut()
	r.running.Wait()
	return err
}

func (r *Relay) shut() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	close(r.done)
	errs := []error{r.socket.Close()}
	for _, c := range r.clients {
		errs = append(errs, c.upstream.Close())
	}
	clear(r.clients)
	r.queue = nil
	return errors.Join(errs...)
}

// Stats tells what a [Relay] has done since it was made.
type Stats struct {
	Clients int    // that the relay knows at the moment
	Waiting int    // datagrams that are under way at the moment
	Up      Counts // from clients to the server
	Down    Counts // from the server to clients

	// MaxLag is the longest that a datagram left after it was due: when the
	// machine is too busy for the relay to be exact, this says so.
	MaxLag time.Duration
}

// Counts counts the datagrams of one direction. At rest, and in all, Received
// and Duplicated together are Delivered, Lost, Overflowed and Failed.
type Counts struct {
	Received      uint64 // came to the relay
	ReceivedBytes uint64
	Delivered     uint64 // were sent on, each copy counted
	Lost          uint64 // by Link.Loss
	Overflowed    uint64 // lost as they would have waited for Link.Rate too long
	Duplicated    uint64 // got a second copy
	Reordered     uint64 // were made late
	Failed        uint64 // that the system did not take: nobody is there, or no socket is left
}

// Stats returns the counters.
func (r *Relay) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Stats{
		Clients: len(r.clients),
		Waiting: len(r.queue) + r.leaving,
		Up:      r.up,
		Down:    r.down,
		MaxLag:  r.maxLag,
	}
}
