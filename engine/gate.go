package engine

import (
	"net/netip"

	"github.com/loci-place/loci/engine/internal/memory"
	"github.com/loci-place/loci/netcode"
)

// gate hears the transport. It runs on the transport's goroutine: what it does
// itself is quick, the rest it hands on.
type gate struct {
	place    *Place
	sessions map[netcode.Conn]*session
	packet   []byte // memory for one to relay
}

var _ netcode.Handler = (*gate)(nil)

// Connected lets a connection in, for as long as an announce may take.
func (g *gate) Connected(c netcode.Conn, from netip.AddrPort) {
	q, had := g.place.intake.usage.begin(from.Addr(), g.place.now())
	s := newSession(c, from, q)
	g.place.turns.join(&s.flow, min(had, mostBehind))
	s.held = g.place.holdings.open(from.Addr())
	g.sessions[c] = s
	g.place.log.Debug("connected", "from", from)
	g.place.intake.readers.Go(func() { g.place.intake.read(s) })
}

// Received sorts a packet by what its channel means to the agent. Before the
// announce only commands mean anything.
func (g *gate) Received(c netcode.Conn, channel uint8, data []byte) {
	s := g.sessions[c]
	if s == nil {
		return
	}
	if channel == netcode.CommandChannel {
		g.place.counts.received(netcode.KindCommand, s.version(), len(data))
		g.command(s, data)
		return
	}
	d := s.dialect.Load()
	if d == nil {
		return
	}
	kind := d.Kind(channel)
	g.place.counts.received(kind, d.Version, len(data))
	switch kind {
	case netcode.KindState:
		g.intent(s, d, data)
	case netcode.KindClock:
		g.clock(s, d, data)
	case netcode.KindMedia:
		g.media(s, d, data)
	case netcode.KindAsset:
		g.asset(s, d, data)
	}
}

// Disconnected ends the session; what the agent asked before it left is still read.
func (g *gate) Disconnected(c netcode.Conn, code uint32) {
	s := g.sessions[c]
	if s == nil {
		return
	}
	delete(g.sessions, c)
	s.held.Close()
	g.place.intake.unread.Add(1)
	s.code = code
	g.place.intake.endUsage(s) // for who comes next from there; what it still causes is added later
	s.commands.close()
	close(s.gone)
}

// command queues a message for the session's reader.
func (g *gate) command(s *session, data []byte) {
	limits := &g.place.cfg.Limits
	if len(data) > limits.CommandBytes {
		g.drop(s, limitCommandBytes, "command is too large", "bytes", len(data))
		return
	}
	if s.dropped {
		return
	}
	if s.waits(len(data)) > int64(limits.CommandQueueBytes) {
		g.drop(s, limitCommandQueueBytes, "too many bytes of commands wait", "bytes", limits.CommandQueueBytes)
		return
	}
	if _, held := g.place.holdings.ledger.Used(); held[memory.Commands] > int64(limits.PlaceCommandQueueBytes) {
		if g.relieve(s); s.dropped {
			return
		}
	}
	g.place.intake.unread.Add(1)
	s.commands.put(append([]byte{}, data...))
}

// relieve sends somebody away when the commands of all take too much: who sends on, if it has
// more than its part, else who has most.
func (g *gate) relieve(s *session) {
	limit := g.place.cfg.Limits.PlaceCommandQueueBytes
	most := s
	if s.waiting.Load() < int64(limit/len(g.sessions)) {
		for _, o := range g.sessions {
			if !o.dropped && o.waiting.Load() > most.waiting.Load() {
				most = o
			}
		}
	}
	g.drop(most, limitPlaceQueueBytes, "the commands of all agents take too much", "bytes", most.waiting.Load(), "of", limit)
	for data := range most.commands.all() { // nothing of it is done any more
		most.done(len(data))
		g.place.intake.unread.Add(-1)
	}
}

func (g *gate) intent(s *session, d *netcode.Dialect, data []byte) {
	var err error
	if !d.Compact {
		err = s.incoming.Parse(data)
	} else if err = s.compact.Parse(data); err == nil {
		s.compact.Message(s.incoming)
	}
	if err != nil {
		g.bad(s, err)
		return
	}
	s.putIntent()
}

// clock answers at once: what waits in a queue tells the wrong time.
func (g *gate) clock(s *session, d *netcode.Dialect, data []byte) {
	reply, err := netcode.AppendClockReply(s.reply[:0], data, g.place.Time())
	if err != nil {
		g.bad(s, err)
		return
	}
	s.reply = reply
	err = g.place.transport.Send(netcode.Packet{Channel: d.Clock, Data: reply}, s.conn)
	if err != nil {
		g.place.log.Debug("clock reply not sent", "from", s.from, "error", err)
	}
	g.place.counts.sent(netcode.KindClock, d.Version, len(reply), 1)
}

// bad counts a packet that makes no sense, or is not the agent's to send.
func (g *gate) bad(s *session, err error) {
	s.bad++
	g.place.log.Debug("unreadable packet", "from", s.from, "error", err)
	if s.bad == g.place.cfg.Limits.BadPackets {
		g.drop(s, limitBadPackets, "too many unreadable packets", "packets", s.bad)
	}
}

func (g *gate) drop(s *session, hit limit, why string, args ...any) {
	if s.dropped {
		return
	}
	s.dropped = true
	g.place.counts.hit(hit)
	g.place.log.Warn("disconnecting: "+why, append([]any{"from", s.from}, args...)...)
	g.place.transport.Disconnect(s.conn, netcode.CodeOverload)
}
