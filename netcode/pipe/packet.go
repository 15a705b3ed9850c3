package pipe

import (
	"cmp"
	"container/heap"
	"slices"
	"time"

	"github.com/loci-place/loci/netcode"
)

// pipePacket is a packet on its way over a [Network].
type pipePacket struct {
	kind     pipeKind
	channel  uint8
	reliable bool
	bulk     bool // is reliable only because it takes several fragments
	live     bool // so is a live one
	data     []byte
	code     uint32 // of a pipeDisconnect

	// On its channel: how many reliable packets were sent up to and with it,
	// and how many unreliable ones.
	reliables, unreliables uint64

	missing   int // fragments that have not arrived yet
	attempts  int
	firstSent time.Time
	acked     bool
	delivery  *pipeDelivery // or nil
}

// pipeDelivery is a packet of which somebody wants to hear that it has arrived.
type pipeDelivery struct {
	left int // how many connections it is under way on
	tell func()
}

// settle notes that a packet has been acknowledged, or never will be.
func (e *End) settle(p *pipePacket) {
	d := p.delivery
	if d == nil {
		return
	}
	p.delivery = nil
	if d.left--; d.left == 0 {
		e.news = append(e.news, pipeNews{kind: pipeDelivered, tell: d.tell})
	}
}

type pipeKind uint8

const (
	pipeData pipeKind = iota
	pipeConnect
	pipeDisconnect
	pipePing
)

// pipeChannel keeps both directions of one channel, from one side.
type pipeChannel struct {
	sentReliables, sentUnreliables uint64
	gotReliables, gotUnreliables   uint64        // of the newest packet that was delivered
	early                          []*pipePacket // arrived, but wait for a reliable packet sent before them
}

// fragments is how many datagrams the packet takes.
func (p *pipePacket) fragments() int {
	return max(1, (len(p.data)+pipeFragment-1)/pipeFragment)
}

// pipeMaxLive is what [enet.Limits].MaxLive is by default.
const pipeMaxLive = 256 << 10

// live is how many bytes of live packets are on their way on a channel.
func (c *pipeConn) live(channel uint8) (bytes int) {
	for _, p := range c.unacked {
		if p.live && !p.acked && p.channel == channel {
			bytes += len(p.data)
		}
	}
	return bytes
}

// send numbers a packet and puts it on its way for the first time.
func (c *pipeConn) send(p *pipePacket, now time.Time) {
	if p.kind == pipeData {
		channel := &c.channels[p.channel]
		if p.reliable {
			channel.sentReliables++
		} else {
			channel.sentUnreliables++
		}
		p.reliables, p.unreliables = channel.sentReliables, channel.sentUnreliables
	}
	if p.reliable {
		c.unacked = append(c.unacked, p)
		if p.kind == pipeData {
			c.queued += netcode.QueueCost(len(p.data))
		}
	}
	p.firstSent = now
	p.missing = p.fragments()
	c.attempt(p, now)
}

// attempt sends a packet, or those of its fragments that are still missing.
func (c *pipeConn) attempt(p *pipePacket, now time.Time) {
	if c.state == pipeGone || p.acked {
		return
	}
	to := c.end.pipe.ends[c.remote]
	cfg := c.end.pipe.between(c.end, to)
	delay, twice := c.draw(p, cfg, now)
	again := now.Add(c.queueing(cfg, now) + cfg.resendAfter(p.attempts))
	p.attempts++
	if to == nil { // nobody there to take any of it
		p.missing = p.fragments()
	}
	if p.missing > 0 {
		if p.reliable {
			c.end.schedule(again, func(now time.Time) { c.attempt(p, now) })
		}
		return
	}
	to.schedule(now.Add(delay), func(at time.Time) { to.arrive(c, p, now, at, again) })
	if twice {
		to.schedule(now.Add(delay), func(at time.Time) { to.arrive(c, p, now, at, again) })
	}
}

// draw decides a packet's fate: how many fragments are missing after this
// attempt, how long it takes, and whether it comes twice. It draws as many
// numbers whatever the settings, so that one of them can change alone.
func (c *pipeConn) draw(p *pipePacket, cfg *Config, now time.Time) (delay time.Duration, twice bool) {
	lost := 0
	for range p.missing {
		c.stats.SentPackets++
		share := 0.0
		fits := c.transmit(len(p.data)/p.fragments(), cfg, now)
		if c.fate.Float64() < cfg.Loss || !fits {
			lost++
			share = 1
		}
		c.stats.Loss += (share - c.stats.Loss) / 32
	}
	c.stats.SentBytes += uint64(len(p.data) * p.missing / p.fragments())
	p.missing = lost
	delay = c.queueing(cfg, now) + max(cfg.Delay, 0) + time.Duration(c.fate.Float64()*float64(max(cfg.Jitter, 0)))
	overtaken, again := c.fate.Float64() < cfg.Reorder, c.fate.Float64() < cfg.Duplicate
	if overtaken && !p.reliable {
		delay += 2*(max(cfg.Delay, 0)+max(cfg.Jitter, 0)) + pipeOvertaking
	}
	return delay, again && !p.reliable
}

// transmit has one datagram of so many bytes take its share of the rate. It
// reports false where that would have to wait too long.
func (c *pipeConn) transmit(size int, cfg *Config, now time.Time) bool {
	if cfg.Rate <= 0 {
		return true
	}
	wait := c.queueing(cfg, now)
	if wait > cfg.rateQueue() {
		return false
	}
	c.free = now.Add(wait + time.Duration(size)*time.Second/time.Duration(cfg.Rate))
	return true
}

// queueing is how long it takes until all that was let in has been sent.
func (c *pipeConn) queueing(cfg *Config, now time.Time) time.Duration {
	if cfg.Rate <= 0 {
		return 0
	}
	return max(c.free.Sub(now), 0)
}

// arrive takes a packet of from, sent at the given time, acknowledges it if it
// is reliable, and otherwise leaves it to be sent again.
func (e *End) arrive(from *pipeConn, p *pipePacket, sent, now, again time.Time) {
	known := from.peer != nil && from.peer.told && from.peer.state != pipeGone
	if p.kind == pipeConnect {
		known = known || e.accept(from)
	}
	if !known {
		if p.reliable {
			p.missing = p.fragments()
			from.end.schedule(again, func(now time.Time) { from.attempt(p, now) })
		}
		return
	}
	c := from.peer
	c.stats.RecvPackets++
	c.stats.RecvBytes += uint64(len(p.data))
	if p.reliable {
		cfg := e.pipe.between(e, from.end)
		from.end.schedule(now.Add(max(cfg.Delay, 0)), func(now time.Time) { from.acknowledged(p, sent, now) })
	}
	switch p.kind {
	case pipeData:
		c.receive(p)
	case pipeDisconnect:
		c.ended(netcode.GoodbyeCode(p.code))
	}
}

// receive delivers a packet in its turn, or drops it when its turn is over.
func (c *pipeConn) receive(p *pipePacket) {
	channel := &c.channels[p.channel]
	channel.early = append(channel.early, p)
	slices.SortStableFunc(channel.early, func(a, b *pipePacket) int {
		return cmp.Or(cmp.Compare(a.reliables, b.reliables), cmp.Compare(a.unreliables, b.unreliables))
	})
	for len(channel.early) > 0 {
		first := channel.early[0]
		turn := channel.gotReliables
		if first.reliable {
			turn++
		}
		if first.reliables > turn {
			return
		}
		channel.early = slices.Delete(channel.early, 0, 1)
		if !first.reliable && (first.reliables < channel.gotReliables || first.unreliables <= channel.gotUnreliables) {
			continue
		}
		channel.gotReliables, channel.gotUnreliables = first.reliables, max(first.unreliables, channel.gotUnreliables)
		if c.state != pipeOpen {
			continue // sent away, and not listened to any more
		}
		c.end.news = append(c.end.news, pipeNews{kind: pipeReceived, conn: c.id, channel: first.channel, data: first.data})
	}
}

// pipeEvent is something that happens on a [Network] at a given time.
type pipeEvent struct {
	at    time.Time
	order uint64
	run   func(now time.Time)
}

// pipeQueue is a heap of events, the next one first; of several at the same
// time the one scheduled first.
type pipeQueue []pipeEvent

var _ heap.Interface = (*pipeQueue)(nil)

func (q pipeQueue) Len() int { return len(q) }

func (q pipeQueue) Less(i, j int) bool {
	if q[i].at.Equal(q[j].at) {
		return q[i].order < q[j].order
	}
	return q[i].at.Before(q[j].at)
}

func (q pipeQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push is for container/heap alone.
func (q *pipeQueue) Push(event any) { *q = append(*q, event.(pipeEvent)) }

// Pop is for container/heap alone.
func (q *pipeQueue) Pop() any {
	last := len(*q) - 1
	event := (*q)[last]
	(*q)[last] = pipeEvent{}
	*q = (*q)[:last]
	return event
}
