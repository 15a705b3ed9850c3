package web

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/netcode"
)

// packet is what one Send gave, shared by all connections that it goes to.
type packet struct {
	message  []byte // its channel, and its data
	cost     int    // as Stats.Queued counts
	reliable bool
	bulk     bool // is not reliable, but too large for one message that is not resent
	live     bool // of a bulk one: is skipped where another is on its way
	delivery *delivery
}

func (p *packet) channel() uint8 { return p.message[0] }
func (p *packet) data() []byte   { return p.message[1:] }

// awaited reports whether somebody waits for its arrival: for a goodbye, the connection's end does.
func (p *packet) awaited() bool { return p.delivery != nil || p.message[0] == goodbye }

// delivery is a packet of which somebody wants to hear that it has arrived.
type delivery struct {
	left atomic.Int64 // connections that have not acknowledged it, and Send while it runs
	tell func()
	told func(func())
}

func (d *delivery) done() {
	if d != nil && d.left.Add(-1) == 0 {
		d.told(d.tell)
	}
}

// queue is what waits to be written to a connection's line, and to be acknowledged. Channels take
// turns, a message each, so that none waits for another's large packet.
type queue struct {
	total *atomic.Int64 // cost of all connections'

	live      []liveMessage
	liveBytes int

	channels [channels][]*packet
	offset   [channels]int // how much of the first has been written
	waiting  int           // packets in channels
	turn     int
	farewell *packet // is written when nothing else waits
	part     []byte  // memory for a message

	written uint64 // bytes of reliable messages
	sent    []sentPacket
	awaited int           // of sent: somebody waits for its arrival
	cost    int           // of what is in channels and in sent
	bulk    [channels]int // bytes of live ones
	busy    int           // bulk packets that are not live
}

type liveMessage struct {
	at      time.Time
	message []byte
}

type sentPacket struct {
	end    uint64 // how much had been written with it
	packet *packet
}

// pushLive adds what is not resent, and returns how many older ones it takes the place of.
func (q *queue) pushLive(message []byte, now time.Time, limit int) (dropped int) {
	q.live = append(q.live, liveMessage{now, message})
	q.liveBytes += len(message)
	for q.liveBytes > limit && dropped < len(q.live)-1 {
		q.liveBytes -= len(q.live[dropped].message)
		dropped++
	}
	q.live = slices.Delete(q.live, 0, dropped)
	return dropped
}

// takeLive appends what can be written now to out, and returns how many were too old.
func (q *queue) takeLive(out [][]byte, since time.Time) (_ [][]byte, dropped int) {
	for _, m := range q.live {
		if m.at.Before(since) {
			dropped++
			continue
		}
		out = append(out, m.message)
	}
	clear(q.live)
	q.live, q.liveBytes = q.live[:0], 0
	return out, dropped
}

// push adds what is to arrive. It returns false where a live packet is skipped.
func (q *queue) push(p *packet, mostLive int) bool {
	channel := p.channel()
	if p.bulk && p.live {
		if n := q.bulk[channel]; n > 0 && n+len(p.message) > mostLive {
			return false
		}
		q.bulk[channel] += len(p.message)
	} else if p.bulk {
		q.busy++
	}
	if p.delivery != nil {
		p.delivery.left.Add(1)
	}
	q.channels[channel] = append(q.channels[channel], p)
	q.waiting++
	q.charge(p.cost)
	return true
}

func (q *queue) charge(cost int) {
	q.cost += cost
	q.total.Add(int64(cost))
}

// take returns the next message to write, good until the next call; nil if nothing waits.
func (q *queue) take() (message []byte) {
	if q.waiting == 0 {
		p := q.farewell
		if p == nil {
			return nil
		}
		q.farewell = nil
		q.wrote(p.message, p)
		return p.message
	}
	for len(q.channels[q.turn]) == 0 {
		q.turn = (q.turn + 1) % channels
	}
	channel := q.turn
	q.turn = (q.turn + 1) % channels
	p, from := q.channels[channel][0], q.offset[channel]
	rest := p.data()[from:]
	switch {
	case len(rest) > partBytes:
		q.part = framed(q.part, channel, true, rest[:partBytes])
		q.offset[channel] += partBytes
		q.wrote(q.part, nil)
		return q.part
	case from == 0:
		message = p.message
	default:
		q.part = framed(q.part, channel, false, rest)
		message = q.part
	}
	q.offset[channel] = 0
	q.channels[channel][0] = nil
	if q.channels[channel] = q.channels[channel][1:]; len(q.channels[channel]) == 0 {
		q.channels[channel] = nil
	}
	q.waiting--
	q.wrote(message, p)
	return message
}

func (q *queue) wrote(message []byte, last *packet) {
	q.written += uint64(len(message))
	if last == nil {
		return
	}
	q.sent = append(q.sent, sentPacket{q.written, last})
	if last.awaited() {
		q.awaited++
	}
}

func framed(memory []byte, channel int, part bool, payload []byte) []byte {
	return message{channel: uint8(channel), part: part, payload: payload}.append(memory[:0])
}

// settle takes out what has been acknowledged, given how many bytes of what has been written.
func (q *queue) settle(acknowledged uint64) {
	n := 0
	for n < len(q.sent) && q.sent[n].end <= acknowledged {
		if p := q.sent[n].packet; p.awaited() {
			q.awaited--
		}
		q.forget(q.sent[n].packet)
		n++
	}
	if n > 0 {
		clear(q.sent[:n])
		if q.sent = q.sent[n:]; len(q.sent) == 0 {
			q.sent = nil
		}
	}
}

func (q *queue) forget(p *packet) {
	q.charge(-p.cost)
	if p.bulk && p.live {
		q.bulk[p.channel()] -= len(p.message)
	} else if p.bulk {
		q.busy--
	}
	p.delivery.done()
}

// clear drops all that waits. A packet that is half written stays so: nothing more of it follows.
func (q *queue) clear() {
	q.live, q.liveBytes = nil, 0
	for i, packets := range q.channels {
		for _, p := range packets {
			q.forget(p)
		}
		q.channels[i] = nil
	}
	q.waiting = 0
	for _, s := range q.sent {
		q.forget(s.packet)
	}
	if q.farewell != nil {
		q.forget(q.farewell)
	}
	q.sent, q.farewell, q.awaited = nil, nil, 0
}

// done reports whether everything has been written and acknowledged.
func (q *queue) done() bool { return q.waiting == 0 && q.farewell == nil && len(q.sent) == 0 }

// pushFarewell adds a goodbye, behind all else.
func (q *queue) pushFarewell(code uint32) {
	m := message{goodbye: true, code: code}.append(nil)
	q.farewell = &packet{message: m, cost: netcode.QueueCost(len(m)), reliable: true}
	q.charge(q.farewell.cost)
}
