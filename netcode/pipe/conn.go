package pipe

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/loci-place/loci/netcode"
)

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
