package engine

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/loci-place/loci/netcode"
)

// ErrQueueFull says that so much waits to be sent to an agent that it is sent nothing more for
// now. It misses what was for it.
var ErrQueueFull = errors.New("engine: too much waits to be sent to the agent")

// backlogs bound the commands that wait to be sent to each connection, which are those that
// the transport has and the peer has not acknowledged. The transport ends a connection where
// too much waits, so nobody may fill another's queue.
//
// Of what others send an agent, each sender may have as many bytes waiting as are free. So
// one that floods gets half of the queue, and leaves as much to those that send little. What
// an agent makes the place answer it counts by itself: the agent's next command waits while
// that is too much.
type backlogs struct {
	each, all int // bytes, see [Limits].SendQueueBytes and PlaceSendQueueBytes
	stats     func(netcode.Conn) (netcode.Stats, bool)

	mu      sync.Mutex
	total   int // bytes in all of them
	waiting map[*backlog]bool
	counted time.Time // when all of them were brought up to date
}

// backlog is what waits to be sent to one connection.
type backlog struct {
	conn   netcode.Conn
	over   bool          // the connection is
	parts  []backlogPart // in the order they were sent
	bytes  int
	sender map[string]int // bytes by sender
}

// backlogPart is what one sender has sent at once.
type backlogPart struct {
	sender string // an agent's id, PlaceID, or toItself
	bytes  int
}

// toItself is the sender of what an agent makes the place answer it.
const toItself = ""

// sendCost is about what a command takes of a queue beside its bytes.
const sendCost = 100

// backlogInterval is how often all backlogs are brought up to date where they are too much.
const backlogInterval = 100 * time.Millisecond

func newBacklogs(l *Limits, stats func(netcode.Conn) (netcode.Stats, bool)) *backlogs {
	return &backlogs{each: l.SendQueueBytes, all: l.PlaceSendQueueBytes, stats: stats, waiting: map[*backlog]bool{}}
}

// room reports whether a sender may send so many bytes to a connection, and if not, which
// limit it is that they are over.
func (q *backlogs) room(b *backlog, sender string, bytes int) (hit limit, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settle(b)
	cost := bytes + sendCost
	others := b.bytes - b.sender[toItself]
	switch {
	case b.sender[sender]+cost > q.each-others:
		return limitSendQueueBytes, false
	case q.crowded(b, cost):
		return limitPlaceSendQueueBytes, false
	}
	return 0, true
}

// crowded reports whether all that waits is too much with so many bytes more, and a connection
// has more than an even part of it.
func (q *backlogs) crowded(b *backlog, bytes int) bool {
	if q.total+bytes <= q.all {
		return false
	}
	if now := time.Now(); now.Sub(q.counted) >= backlogInterval {
		q.counted = now
		for o := range q.waiting {
			q.settle(o)
		}
	}
	with := len(q.waiting)
	if !q.waiting[b] {
		with++
	}
	return q.total+bytes > q.all && b.bytes+bytes > q.all/with
}

// add counts a command that has been given to the transport.
func (q *backlogs) add(b *backlog, sender string, bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if b.over {
		return
	}
	q.settle(b)
	cost := bytes + sendCost
	if last := len(b.parts) - 1; last >= 0 && b.parts[last].sender == sender {
		b.parts[last].bytes += cost
	} else {
		b.parts = append(b.parts, backlogPart{sender, cost})
	}
	b.change(sender, cost)
	q.total += cost
	q.waiting[b] = true
}

func (b *backlog) change(sender string, bytes int) {
	if b.sender == nil {
		b.sender = map[string]int{}
	}
	b.bytes += bytes
	if b.sender[sender] += bytes; b.sender[sender] == 0 {
		delete(b.sender, sender)
	}
}

// settle takes out what has been acknowledged: what was sent first.
func (q *backlogs) settle(b *backlog) {
	if b.bytes == 0 {
		return
	}
	stats, _ := q.stats(b.conn)
	arrived := max(0, b.bytes-stats.Queued)
	q.total -= arrived
	done := 0
	for ; arrived > 0; done++ {
		part := &b.parts[done]
		n := min(part.bytes, arrived)
		b.change(part.sender, -n)
		arrived -= n
		if part.bytes -= n; part.bytes > 0 {
			break
		}
	}
	if b.parts = b.parts[done:]; len(b.parts) == 0 {
		b.parts = nil
		delete(q.waiting, b)
	}
}

// behind reports whether an agent is to take some of what it has been answered before it
// may ask for more.
func (q *backlogs) behind(b *backlog) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settle(b)
	return b.sender[toItself] > 0 && (b.sender[toItself] > q.each/2 || q.crowded(b, 0))
}

// full reports whether a large answer is not to be sent any more. It is of what was
// asked while the agent was not behind, and answered late.
func (q *backlogs) full(b *backlog, bytes int) bool {
	const small = 4 << 10
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settle(b)
	return bytes > small && b.sender[toItself] > q.each
}

// end is for when a connection is.
func (q *backlogs) end(b *backlog) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.waiting, b)
	q.total -= b.bytes
	*b = backlog{conn: b.conn, over: true}
}

// cannotReach reports why what an agent sends another does not reach it, "" if it does, and
// then counts it.
func (p *Place) cannotReach(a, to *agent, c *command) (why string) {
	if hit, ok := p.backlogs.room(to.session.backlog, a.id, c.size); !ok {
		why = "too much waits to be sent to the recipient; try again later"
		p.limited(a.session, a.log, hit, why)
		return why
	}
	return p.overRelayRate(a, c.size)
}

// overRelayRate reports why an agent may not have so many bytes relayed, "" if it may, and then
// counts them.
func (p *Place) overRelayRate(a *agent, bytes int) (why string) {
	if hit, why := a.session.quota.take(relayedBytes, float64(bytes), p.now()); why != "" {
		p.limited(a.session, a.log, hit, why)
		return why
	}
	return ""
}

// ofPlace reports whether something that the place has to tell an agent of itself can be sent:
// [ErrQueueFull] if not.
func (p *Place) ofPlace(to *agent, bytes int) error {
	if hit, ok := p.backlogs.room(to.session.backlog, PlaceID, bytes); !ok {
		p.limited(to.session, to.log, hit, "it does not take what the place tells it: it misses some")
		return fmt.Errorf("%w %.100q", ErrQueueFull, to.id)
	}
	return nil
}
