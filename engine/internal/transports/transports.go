// Package transports makes several transports one, so that a place need not know how many serve it.
// It knows nothing of places.
package transports

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/loci-place/loci/netcode"
)

// Max is how many transports there can be together: as many as the bits of a [netcode.Conn] name
// that no transport uses.
const Max = 1 << (64 - netcode.ConnBits)

const connMask netcode.Conn = 1<<netcode.ConnBits - 1

// ErrClosed is why Serve ends when the last transport was closed by somebody else.
var ErrClosed = errors.New("the transport has been closed under the place")

// Join returns one transport that stands for all of them, which must be at least one and at most
// [Max]: the first itself if it is the only one, else a [*Set].
func Join(all []netcode.Transport, log *slog.Logger) netcode.Transport {
	if len(all) == 1 {
		return all[0]
	}
	s := &Set{log: log, members: make([]*member, len(all))}
	s.scratch.New = func() any { return new([]netcode.Conn) }
	for i, t := range all {
		s.members[i] = &member{set: s, transport: t, index: i, open: map[netcode.Conn]struct{}{}}
	}
	return s
}

// Set is several transports as one. The upper bits of a Conn are the index of its transport; those
// of the first look as they do there.
//
// The handler hears one event at a time, as each transport waits with the next while another's is
// handled. When a transport fails, its connections end with [netcode.CodeConnectionLost] and the
// others go on; Serve fails when the last one has.
type Set struct {
	log     *slog.Logger
	members []*member
	scratch sync.Pool // *[]netcode.Conn

	served atomic.Bool
	closed atomic.Bool

	mu      sync.Mutex // held while the handler runs
	handler netcode.Handler
}

var _ netcode.Transport = (*Set)(nil)

// member is one transport, and what the handler hears of it.
type member struct {
	set       *Set
	transport netcode.Transport
	index     int
	open      map[netcode.Conn]struct{} // that the handler knows; guarded by the set's lock
	failed    atomic.Bool
}

func (m *member) name(c netcode.Conn) netcode.Conn {
	return netcode.Conn(m.index)<<netcode.ConnBits | c
}

// Connected implements [netcode.Handler].
func (m *member) Connected(c netcode.Conn, from netip.AddrPort) {
	m.hear(func(h netcode.Handler) {
		m.open[c] = struct{}{}
		h.Connected(m.name(c), from)
	})
}

// Received implements [netcode.Handler].
func (m *member) Received(c netcode.Conn, channel uint8, data []byte) {
	m.set.mu.Lock()
	defer m.set.mu.Unlock()
	if !m.set.closed.Load() {
		m.set.handler.Received(m.name(c), channel, data)
	}
}

// Disconnected implements [netcode.Handler].
func (m *member) Disconnected(c netcode.Conn, code uint32) {
	m.hear(func(h netcode.Handler) {
		delete(m.open, c)
		h.Disconnected(m.name(c), code)
	})
}

// hear has the handler hear something, unless the set has been closed.
func (m *member) hear(event func(h netcode.Handler)) {
	m.set.mu.Lock()
	defer m.set.mu.Unlock()
	if !m.set.closed.Load() {
		event(m.set.handler)
	}
}

// serve returns when the transport has ended, and why if it was not the set that closed it.
func (m *member) serve() error {
	err := m.transport.Serve(m)
	if m.set.closed.Load() {
		return nil
	}
	if err == nil {
		err = ErrClosed
	}
	err = fmt.Errorf("transport %d (%T): %w", m.index, m.transport, err)
	m.failed.Store(true)
	m.set.log.Error("a transport has failed: its agents are disconnected, those of others stay", "error", err)
	m.hear(func(h netcode.Handler) {
		for c := range m.open {
			h.Disconnected(m.name(c), netcode.CodeConnectionLost)
		}
		clear(m.open)
	})
	if closing := m.transport.Close(netcode.CodePlaceClosed); closing != nil {
		m.set.log.Error("closing a transport that has failed", "error", closing)
	}
	return err
}

// Serve implements [netcode.Transport]. It fails when all transports have, with what each of them
// failed with.
func (s *Set) Serve(h netcode.Handler) error {
	if s.closed.Load() {
		return nil
	}
	if s.served.Swap(true) {
		return errors.New("netcode: transports are served already")
	}
	s.handler = h
	var serving sync.WaitGroup
	errs := make([]error, len(s.members))
	for i, m := range s.members {
		serving.Go(func() { errs[i] = m.serve() })
	}
	serving.Wait()
	if s.closed.Load() {
		return nil
	}
	return errors.Join(errs...)
}

// of returns the transport of a connection, nil if there is none or it has failed.
func (s *Set) of(c netcode.Conn) *member {
	i := int(c >> netcode.ConnBits)
	if i >= len(s.members) || s.members[i].failed.Load() {
		return nil
	}
	return s.members[i]
}

// Send implements [netcode.Transport]. Where the transports take packets of different sizes, one that
// is too large for some goes to the connections of the others.
func (s *Set) Send(p netcode.Packet, to ...netcode.Conn) error {
	if len(to) == 1 { // as most are sent
		if m := s.of(to[0]); m != nil && p.Delivered == nil && !s.closed.Load() {
			return m.send(p, to)
		}
	}
	parts := s.parts(to)
	if len(parts) == 0 || s.closed.Load() {
		return netcode.ErrClosed
	}
	if p.Delivered != nil {
		p.Delivered = s.delivered(p.Delivered, len(parts))
	}
	var err error
	for _, m := range parts {
		err = errors.Join(err, m.send(p, to))
	}
	return err
}

// parts returns the transports of connections; where they have none any that is left, as even a
// packet to nobody may be one to be told of.
func (s *Set) parts(to []netcode.Conn) (parts []*member) {
	for _, m := range s.members {
		if !m.failed.Load() && slices.ContainsFunc(to, m.has) {
			parts = append(parts, m)
		}
	}
	for _, m := range s.members {
		if len(parts) == 0 && !m.failed.Load() {
			parts = append(parts, m)
		}
	}
	return parts
}

func (m *member) has(c netcode.Conn) bool { return int(c>>netcode.ConnBits) == m.index }

// send sends a packet to those of the connections that are the transport's. One that has been closed
// has none.
func (m *member) send(p netcode.Packet, to []netcode.Conn) error {
	if m.index > 0 || slices.ContainsFunc(to, func(c netcode.Conn) bool { return !m.has(c) }) {
		scratch := m.set.scratch.Get().(*[]netcode.Conn)
		defer m.set.scratch.Put(scratch)
		own := (*scratch)[:0]
		for _, c := range to {
			if m.has(c) {
				own = append(own, c&connMask)
			}
		}
		*scratch, to = own, own
	}
	if err := m.transport.Send(p, to...); !errors.Is(err, netcode.ErrClosed) {
		return err
	}
	return nil
}

// delivered returns what calls tell when it has been called for each of so many parts.
func (s *Set) delivered(tell func(), parts int) func() {
	var left atomic.Int64
	left.Store(int64(parts))
	return func() {
		if left.Add(-1) > 0 {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.closed.Load() {
			tell()
		}
	}
}

// Flush implements [netcode.Transport].
func (s *Set) Flush() error {
	if s.closed.Load() {
		return netcode.ErrClosed
	}
	err := netcode.ErrClosed
	for _, m := range s.members {
		if !m.failed.Load() && m.transport.Flush() == nil {
			err = nil
		}
	}
	return err
}

// Disconnect implements [netcode.Transport].
func (s *Set) Disconnect(c netcode.Conn, code uint32) {
	if m := s.of(c); m != nil {
		m.transport.Disconnect(c&connMask, code)
	}
}

// Stats implements [netcode.Transport].
func (s *Set) Stats(c netcode.Conn) (netcode.Stats, bool) {
	if m := s.of(c); m != nil {
		return m.transport.Stats(c & connMask)
	}
	return netcode.Stats{}, false
}

// Close implements [netcode.Transport]. It closes all of them at the same time.
func (s *Set) Close(code uint32) error {
	s.closed.Store(true)
	var closing sync.WaitGroup
	errs := make([]error, len(s.members))
	for i, m := range s.members {
		closing.Go(func() { errs[i] = m.transport.Close(code) })
	}
	closing.Wait()
	return errors.Join(errs...)
}
