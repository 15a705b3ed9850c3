package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"

	"github.com/loci-place/loci/netcode"
)

// Dialer dials several clients over one [netcode.Transport], so that they share a socket and a
// goroutine.
type Dialer struct {
	transport netcode.Dialer
	served    chan struct{} // closed when the transport's Serve has returned

	mu      sync.RWMutex
	clients map[netcode.Conn]*Client
	dialing int                    // calls of the transport's Dial under way
	early   map[netcode.Conn]early // events of connections before Dial returned them
	closed  error
}

// early holds the events of a connection before its Dial returns.
type early struct {
	connected, disconnected bool
	code                    uint32
}

// NewDialer serves a transport in a goroutine until Close. Nothing else may serve or close it.
func NewDialer(t netcode.Dialer) *Dialer {
	d := &Dialer{
		transport: t,
		served:    make(chan struct{}),
		clients:   make(map[netcode.Conn]*Client),
		early:     make(map[netcode.Conn]early),
	}
	go d.serve()
	return d
}

func (d *Dialer) serve() {
	defer close(d.served)
	err := d.transport.Serve((*dialerHandler)(d))
	if err != nil {
		err = fmt.Errorf("%w: %w", netcode.ErrClosed, err)
	} else {
		err = netcode.ErrClosed
	}
	for _, c := range d.shut(err) {
		c.end(err)
	}
}

// shut refuses further clients, and returns the existing ones.
func (d *Dialer) shut(err error) []*Client {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed == nil {
		d.closed = err
	}
	return slices.Collect(maps.Values(d.clients))
}

func (d *Dialer) isClosed() bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.closed != nil
}

// Dial is like the function [Dial], over the dialer's transport.
func (d *Dialer) Dial(ctx context.Context, url string, cfg Config) (*Client, error) {
	return d.dial(ctx, url, cfg, false)
}

func (d *Dialer) dial(ctx context.Context, url string, cfg Config, owned bool) (*Client, error) {
	c, err := d.dialVersion(ctx, url, cfg, owned)
	var refused *AnnounceError
	if cfg.Version == 0 && !cfg.Envelope && errors.As(err, &refused) && refused.Code == int(netcode.CodeOutdatedVersion) {
		cfg.Version = fallbackVersion
		return d.dialVersion(ctx, url, cfg, owned)
	}
	return c, err
}

// fallbackVersion is spoken with places that do not speak the newest.
const fallbackVersion = 4

func (d *Dialer) dialVersion(ctx context.Context, url string, cfg Config, owned bool) (*Client, error) {
	c, err := newClient(d, url, cfg, owned)
	if err != nil {
		return nil, err
	}
	addr, err := netcode.ResolvePlaceURL(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("netcode: %w", err)
	}
	if err := d.connect(c, addr); err != nil {
		return nil, fmt.Errorf("dial %s: %w", url, err)
	}
	if err := c.announce(ctx, cfg.Resume); err != nil {
		c.leave()
		return nil, fmt.Errorf("dial %s: %w", url, err)
	}
	return c, nil
}

// connect begins a connection for c. Events of the connection may arrive before the transport's
// Dial returns, and no lock can be held meanwhile, because Dial may wait for a handler that takes
// it. So early events are kept.
func (d *Dialer) connect(c *Client, addr netip.AddrPort) error {
	d.mu.Lock()
	if d.closed != nil {
		d.mu.Unlock()
		return d.closed
	}
	d.dialing++
	d.mu.Unlock()
	conn, err := d.transport.Dial(addr, c.dialect.Channels)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dialing--
	before := d.early[conn]
	delete(d.early, conn)
	if d.dialing == 0 {
		clear(d.early)
	}
	if err != nil {
		return err
	}
	l := &link{to: []netcode.Conn{conn}, connected: make(chan struct{}), lost: make(chan struct{})}
	c.link.Store(l)
	if d.closed != nil {
		return d.closed
	}
	if before.connected {
		close(l.connected)
	}
	if before.disconnected {
		c.lose(l, before.code)
	} else {
		d.clients[conn] = c
	}
	return nil
}

// forget drops further events of a connection.
func (d *Dialer) forget(conn netcode.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.clients, conn)
}

// Close ends all clients and closes the transport. It waits up to a second for the places to
// acknowledge. Close may be called twice.
func (d *Dialer) Close() error {
	for _, c := range d.shut(netcode.ErrClosed) {
		c.leave()
	}
	err := d.transport.Close(netcode.CodeClientLeft)
	<-d.served
	return err
}

// dialerHandler handles the events of a Dialer's transport.
type dialerHandler Dialer

var _ netcode.Handler = (*dialerHandler)(nil)

func (h *dialerHandler) Connected(conn netcode.Conn, _ netip.AddrPort) {
	if c := h.client(conn, func(e *early) { e.connected = true }); c != nil {
		close(c.link.Load().connected)
	}
}

func (h *dialerHandler) Received(conn netcode.Conn, channel uint8, data []byte) {
	h.mu.RLock()
	c := h.clients[conn]
	h.mu.RUnlock()
	if c != nil {
		c.received(channel, data)
	}
}

func (h *dialerHandler) Disconnected(conn netcode.Conn, code uint32) {
	c := h.client(conn, func(e *early) { e.disconnected, e.code = true, code })
	if c == nil {
		return
	}
	h.mu.Lock()
	delete(h.clients, conn)
	h.mu.Unlock()
	if l := c.link.Load(); l.to[0] == conn {
		c.lose(l, code)
	}
}

// client returns the client of a connection. If there is none yet, note stores the event for
// connect.
func (h *dialerHandler) client(conn netcode.Conn, note func(e *early)) *Client {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.clients[conn]
	if c == nil && h.dialing > 0 {
		e := h.early[conn]
		note(&e)
		h.early[conn] = e
	}
	return c
}
