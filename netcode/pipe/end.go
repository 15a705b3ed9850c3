package pipe

import (
	"bytes"
	"container/heap"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/loci-place/loci/netcode"
)

// End is a [netcode.Transport] on a [Network]: what a socket is on a real network. What
// it sends and receives moves only while its Serve runs.
type End struct {
	pipe      *Network
	addr      netip.AddrPort
	listening bool
	wake      chan struct{} // full when the queue's head has changed
	done      chan struct{} // closed by Close

	// Guarded by pipe.mu.
	cfg     *Config // nil for the network's
	conns   map[netcode.Conn]*pipeConn
	queue   pipeQueue
	news    []pipeNews
	serving bool
	closed  bool
	removed bool // no longer on the network
}

var _ interface {
	netcode.Dialer
	netcode.Listener
} = (*End)(nil)

// Addr is the address under which other ends know this one. A place that
// listens here has the URL "alloplace://" and this.
func (e *End) Addr() netip.AddrPort { return e.addr }

// Network is the network that the end is on.
func (e *End) Network() *Network { return e.pipe }

// SetConfig returns the packets from and to this end settings of their own in
// place of the network's, from now on. Where both ends of a connection have
// their own, the sender's count.
func (e *End) SetConfig(cfg Config) {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	e.cfg = &cfg
}

// Serve implements [netcode.Transport]. It may run once.
func (e *End) Serve(h netcode.Handler) error {
	e.pipe.mu.Lock()
	if e.serving && !e.closed {
		e.pipe.mu.Unlock()
		return errors.New("netcode: pipe end is served already")
	}
	e.serving = true
	e.pipe.mu.Unlock()

	timer := time.NewTimer(0)
	defer timer.Stop()
	defer e.nudge() // Close may be waiting for what Serve was woken for
	var news []pipeNews
	var scratch []byte
	for {
		var wait time.Duration
		news, wait = e.runDue(news[:0])
		for i := range news {
			select {
			case <-e.done:
				return nil
			default:
				scratch = news[i].report(h, scratch)
			}
		}
		if len(news) > 0 {
			continue
		}
		timer.Reset(wait)
		select {
		case <-e.done:
			return nil
		case <-e.wake:
		case <-timer.C:
		}
	}
}

// runDue runs the events that are due. It returns what the handler is to hear
// of them, in news, and the time until the next event.
func (e *End) runDue(news []pipeNews) ([]pipeNews, time.Duration) {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	now := time.Now()
	for len(e.queue) > 0 && !e.queue[0].at.After(now) {
		heap.Pop(&e.queue).(pipeEvent).run(now)
	}
	news = append(news, e.news...)
	clear(e.news)
	e.news = e.news[:0]
	wait := time.Hour // there is nothing to wait for but wake
	if len(e.queue) > 0 {
		wait = e.queue[0].at.Sub(now)
	}
	return news, wait
}

// schedule has e's Serve run something at a time, under the network's lock.
func (e *End) schedule(at time.Time, run func(now time.Time)) {
	if e.removed {
		return
	}
	e.pipe.events++
	event := pipeEvent{at: at, order: e.pipe.events, run: run}
	heap.Push(&e.queue, event)
	if e.queue[0].order == event.order {
		e.nudge() // else Serve wakes earlier anyway
	}
}

func (e *End) nudge() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Dial implements [netcode.Transport]. A connection to an address where nobody listens
// ends with CodeConnectionLost after the configured timeout.
func (e *End) Dial(to netip.AddrPort, channels int) (netcode.Conn, error) {
	if channels < 1 || channels > 255 {
		return 0, fmt.Errorf("netcode: dial %v: %d channels, 1 to 255 are possible", to, channels)
	}
	if !to.IsValid() {
		return 0, errors.New("netcode: dial: no address")
	}
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	if e.closed {
		return 0, fmt.Errorf("netcode: dial %v: %w", to, netcode.ErrClosed)
	}
	c := e.connection(to, channels)
	c.send(&pipePacket{kind: pipeConnect, reliable: true}, time.Now())
	return c.id, nil
}

// Send implements [netcode.Transport]. Like ENet it skips a connection that has no such
// channel.
func (e *End) Send(p netcode.Packet, to ...netcode.Conn) error {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	if e.closed {
		return netcode.ErrClosed
	}
	if limit := e.pipe.cfg.maxPacket(); len(p.Data) > limit {
		return fmt.Errorf("%w: %d bytes, %d are possible", netcode.ErrTooLarge, len(p.Data), limit)
	}
	large := !p.Reliable && !p.NoResend && len(p.Data) > pipeFragment
	data, now := bytes.Clone(p.Data), time.Now()
	var delivery *pipeDelivery
	if p.Delivered != nil {
		delivery = &pipeDelivery{left: 1, tell: p.Delivered} // the one is Send itself
		defer e.nudge()
		defer e.settle(&pipePacket{delivery: delivery})
	}
	for _, id := range to {
		c := e.conns[id]
		if c == nil || c.state != pipeOpen || int(p.Channel) >= len(c.channels) {
			continue
		}
		if live := c.live(p.Channel); large && p.Live && live > 0 && live+len(p.Data) > pipeMaxLive {
			continue
		}
		if delivery != nil {
			delivery.left++
		}
		c.send(&pipePacket{
			kind:     pipeData,
			channel:  p.Channel,
			reliable: p.Reliable || large,
			bulk:     large && !p.Live,
			live:     large && p.Live,
			data:     data,
			delivery: delivery,
		}, now)
	}
	return nil
}

// Flush implements [netcode.Transport]. Nothing is kept back.
func (e *End) Flush() error {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	if e.closed {
		return netcode.ErrClosed
	}
	return nil
}

// Disconnect implements [netcode.Transport]. The handler hears nothing more of the
// connection but Disconnected with the same code, when the peer has been told.
func (e *End) Disconnect(id netcode.Conn, code uint32) {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	if c := e.conns[id]; c != nil {
		c.disconnect(code, time.Now())
		e.nudge()
	}
}

// Stats implements [netcode.Transport]. Bytes are those of payloads alone.
func (e *End) Stats(id netcode.Conn) (netcode.Stats, bool) {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	if c := e.conns[id]; c != nil {
		s := c.stats
		s.Queued = c.queued
		s.Busy = slices.ContainsFunc(c.unacked, func(p *pipePacket) bool { return p.bulk })
		return s, true
	}
	return netcode.Stats{}, false
}

// Close implements [netcode.Transport]. The handler does not hear of the connections
// that it ends.
func (e *End) Close(code uint32) error {
	e.pipe.mu.Lock()
	if e.closed {
		e.pipe.mu.Unlock()
		return nil
	}
	e.closed = true
	close(e.done)
	now := time.Now()
	for _, id := range slices.Sorted(maps.Keys(e.conns)) {
		e.conns[id].disconnect(code, now)
	}
	e.pipe.mu.Unlock()

	e.drain(time.NewTimer(time.Second))

	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	for _, c := range e.conns {
		c.forget()
	}
	e.queue, e.news, e.removed = nil, nil, true
	delete(e.pipe.ends, e.addr)
	return nil
}

// drain runs events in Serve's stead until every connection has ended or the
// deadline passes.
func (e *End) drain(deadline *time.Timer) {
	defer deadline.Stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		_, wait := e.runDue(nil)
		e.pipe.mu.Lock()
		left := len(e.conns)
		e.pipe.mu.Unlock()
		if left == 0 {
			return
		}
		timer.Reset(wait)
		select {
		case <-deadline.C:
			return
		case <-e.wake:
		case <-timer.C:
		}
	}
}

// pipeNews is one event for a [Handler].
type pipeNews struct {
	kind    pipeNewsKind
	conn    netcode.Conn
	from    netip.AddrPort
	channel uint8
	code    uint32
	data    []byte
	tell    func() // of pipeDelivered
}

type pipeNewsKind uint8

const (
	pipeConnected pipeNewsKind = iota
	pipeReceived
	pipeDisconnected
	pipeDelivered
)

// report calls the handler. Received bytes are shown in scratch, which is
// overwritten afterwards: a handler that keeps or changes them, which another
// transport would punish rarely, is found out at once.
func (n *pipeNews) report(h netcode.Handler, scratch []byte) []byte {
	switch n.kind {
	case pipeConnected:
		h.Connected(n.conn, n.from)
	case pipeReceived:
		scratch = append(scratch[:0], n.data...)
		h.Received(n.conn, n.channel, scratch)
		clear(scratch)
	case pipeDisconnected:
		h.Disconnected(n.conn, n.code)
	case pipeDelivered:
		n.tell()
	}
	return scratch
}
