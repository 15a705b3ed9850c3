package web

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/loci-place/loci/netcode"
)

// line is what carries a connection's messages. Its own goroutines hand what comes to conn.receive,
// say conn.lost when it has ended, and conn.nudge when more has been acknowledged.
type line interface {
	// writeLive writes what is not resent. It reports whether it did: not where it would wait
	// behind what is on the line already.
	writeLive(message []byte) (written bool, err error)
	// write writes a message that is to arrive. It may block while the line is full.
	write(message []byte) error
	// full reports whether write is to wait until more has been acknowledged.
	full() bool
	// await is called when the connection waits for more to be acknowledged, and has nothing to do
	// before it is nudged.
	await()
	// late reports whether what is not resent would wait, or come late.
	late() bool
	// acknowledged is how many bytes the peer has taken of those written with write.
	acknowledged() uint64
	// hoards reports whether the peer has sent what no message has come of, more than it may.
	hoards() bool
	// stats fills in what it knows.
	stats(s *netcode.Stats)
	// cut ends it at once. It may be called more than once, and does not block.
	cut()
	// close releases it, and tells the peer code if that is not cut off. It may take a second.
	close(code uint32)
}

// phase is how far a connection's life has come.
type phase int32

const (
	open    phase = iota
	leaving       // nothing more comes in, and what waits goes out
	over          // the line is cut
)

// conn is a connection: its queue, the goroutine that writes it (run), and its end.
type conn struct {
	t    *Transport
	id   netcode.Conn
	from netip.AddrPort
	line line
	wake chan struct{} // full when there is something to do for run
	gone chan struct{} // closed when the line is

	told     bool // the handler knows it; guarded by Transport.hearing
	phase    atomic.Int32
	cut      atomic.Bool // the line is broken, or was ended by the peer
	incoming *rate.Limiter
	parts    parts // used by the goroutine that reads what is reliable
	bad      atomic.Int32

	mu       sync.Mutex // held while what follows is used
	queue    queue
	code     uint32      // of the end
	patience *time.Timer // cuts a line that leaves too slowly; nil before
	dirty    bool        // Flush is to wake it

	received, receivedPackets atomic.Uint64
	sent, sentPackets         atomic.Uint64
}

func (c *conn) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *conn) is(p phase) bool { return phase(c.phase.Load()) == p }

// send queues a packet, and reports whether Flush or nudge is to follow.
func (c *conn) send(p *packet, now time.Time, l *Limits) (queued bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.is(open):
		return false
	case !p.reliable && !p.bulk:
		if c.line.late() {
			c.t.drops.live.Add(1)
			return false
		}
		c.t.drops.live.Add(uint64(c.queue.pushLive(p.message, now, l.MaxLive)))
	case c.queue.cost+p.cost > l.MaxOutgoing && p.reliable:
		c.overload("it leaves too much unread", "bytes", c.queue.cost)
		return true
	case c.queue.cost+p.cost > l.MaxOutgoing || !c.queue.push(p, l.MaxLive):
		c.t.drops.live.Add(1)
		return false
	}
	c.sentPackets.Add(1)
	c.sent.Add(uint64(len(p.message)))
	return true
}

// overload ends the connection without what waits. The caller holds mu.
func (c *conn) overload(why string, args ...any) {
	if !c.is(open) {
		return
	}
	c.t.log.Warn("disconnecting: "+why, append([]any{"from", c.from}, args...)...)
	c.queue.clear()
	c.leave(netcode.CodeOverload)
}

// disconnect ends the connection when what waits has been delivered.
func (c *conn) disconnect(code uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leave(code)
}

func (c *conn) leave(code uint32) {
	if !c.is(open) {
		return
	}
	c.phase.Store(int32(leaving))
	c.code = code
	c.queue.pushFarewell(code)
	c.patience = time.AfterFunc(c.t.limits.Farewell, func() { c.lost(code) })
	c.nudge()
}

// lost ends the connection at once. Where Disconnect has ended it, its code stays.
func (c *conn) lost(code uint32) {
	c.mu.Lock()
	if c.is(open) {
		c.code = code
	}
	c.phase.Store(int32(over))
	c.mu.Unlock()
	c.cut.Store(true)
	c.line.cut()
	c.nudge()
}

// verdict is how long a line that has failed may take to say why: the goroutine that reads it learns with
// which code the peer has closed it, others only that it is closed.
const verdict = 200 * time.Millisecond

// failed ends the connection, of which a goroutine has found that it cannot be used, once its reader has
// said why, or has had the time to.
func (c *conn) failed() {
	time.AfterFunc(verdict, func() { c.lost(netcode.CodeConnectionLost) })
}

// run writes what is queued until the connection is over.
func (c *conn) run() {
	defer c.t.running.Done()
	var live [][]byte
	for !c.is(over) {
		c.mu.Lock()
		c.queue.settle(c.line.acknowledged())
		dropped := 0
		live, dropped = c.queue.takeLive(live[:0], time.Now().Add(-c.t.limits.LiveDelay))
		var message []byte
		full := c.line.full()
		if !full {
			message = c.queue.take()
		}
		done := c.is(leaving) && c.queue.done()
		awaited := full || c.queue.awaited > 0
		c.mu.Unlock()
		if done {
			break
		}
		late, err := c.write(live, message)
		c.t.drops.live.Add(uint64(dropped + late))
		if err != nil {
			for c.failed(); !c.is(over); {
				<-c.wake
			}
			break
		}
		if message == nil {
			if awaited {
				c.line.await()
			}
			<-c.wake
		}
	}
	c.finish()
}

// write writes messages to the line, and returns how many of those that are live were late.
func (c *conn) write(live [][]byte, message []byte) (late int, err error) {
	for _, m := range live {
		written, err := c.line.writeLive(m)
		if err != nil {
			return late, err
		}
		if !written {
			late++
		}
	}
	if message != nil {
		err = c.line.write(message)
	}
	return late, err
}

// finish is the connection's end.
func (c *conn) finish() {
	c.mu.Lock()
	c.phase.Store(int32(over))
	code := c.code
	c.queue.clear()
	if c.patience != nil {
		c.patience.Stop()
	}
	c.mu.Unlock()
	c.t.remove(c)
	c.t.running.Go(func() {
		defer close(c.gone)
		c.line.close(code)
	})
	c.t.hear(func(h netcode.Handler) {
		if c.told {
			h.Disconnected(c.id, code)
		}
	})
}

// connect tells the handler of the connection.
func (c *conn) connect() {
	c.t.hear(func(h netcode.Handler) {
		if !c.is(over) {
			c.told = true
			h.Connected(c.id, c.from)
		}
	})
}

// receive takes a message from the line. It blocks while the handler is busy, and for as long as the
// peer sends more often than it may. Only one goroutine at a time may bring what can have parts.
func (c *conn) receive(data []byte, text, live bool) {
	c.received.Add(uint64(len(data)))
	c.receivedPackets.Add(1)
	c.slow()
	m, err := parseMessage(data)
	if err != nil || text || live && (m.part || len(data) > liveBytes+1) {
		c.senseless(err)
		return
	}
	if m.goodbye {
		c.lost(netcode.GoodbyeCode(m.code))
		return
	}
	packet := m.payload
	if !live {
		held := c.parts.held
		var complete bool
		packet, complete, err = c.parts.add(m)
		waiting := c.t.waiting.Add(int64(c.parts.held - held))
		if err == nil && waiting > int64(c.t.limits.MaxWaitingTotal) {
			err = errPartsWait
		}
		if err != nil {
			c.mu.Lock()
			c.overload(err.Error())
			c.mu.Unlock()
			return
		}
		if !complete {
			return
		}
	}
	c.t.received(c, m.channel, packet)
}

// slow waits until the peer may have sent another message.
func (c *conn) slow() {
	if wait := c.incoming.Reserve().Delay(); wait > 0 {
		c.t.drops.slowed.Add(1)
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.gone:
		}
	}
}

// senseless counts a message that means nothing.
func (c *conn) senseless(err error) {
	c.t.drops.senseless.Add(1)
	c.t.log.Debug("senseless message", "from", c.from, "error", err)
	if c.bad.Add(1) == int32(c.t.limits.BadMessages) {
		c.t.log.Warn("disconnecting: too many senseless messages", "from", c.from, "messages", c.t.limits.BadMessages)
		c.disconnect(netcode.CodeViolations)
	}
}

// stats returns how the connection is doing.
func (c *conn) stats() netcode.Stats {
	s := netcode.Stats{
		RecvBytes: c.received.Load(), RecvPackets: c.receivedPackets.Load(), SentBytes: c.sent.Load(), SentPackets: c.sentPackets.Load(),
	}
	c.line.stats(&s)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue.settle(c.line.acknowledged())
	s.Queued, s.Busy = c.queue.cost, c.queue.busy > 0
	return s
}
