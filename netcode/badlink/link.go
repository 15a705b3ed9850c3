package badlink

import (
	"bytes"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"time"
)

// Link says how datagrams are treated, in each direction. The zero value passes
// everything on at once and in order. Shares are from 0 to 1.
type Link struct {
	Delay     time.Duration // one way
	Jitter    time.Duration // up to this much more, drawn for each datagram
	Loss      float64       // share of datagrams that get lost; 1 is a blackout
	Duplicate float64       // share of datagrams that arrive twice
	Reorder   float64       // share of datagrams late enough for one sent 50 ms later to overtake them

	// Rate is how many bytes a second each client can send, and receive, not
	// counting IP and UDP headers; 0 means no limit. Datagrams queue for it, and
	// those that get lost take their share, as they were sent.
	Rate int
	// RateQueue is how long a datagram may wait for Rate; one that would wait
	// longer is lost. 0 means 200 ms.
	RateQueue time.Duration
}

const (
	defaultRateQueue = 200 * time.Millisecond // about what routers at home hold
	overtaking       = 60 * time.Millisecond  // more than a heartbeat of 20 Hz, so that the next state is faster
)

// check names the first field whose value cannot be meant.
func (l *Link) check() error {
	for _, share := range []struct {
		name  string
		value float64
	}{
		{"Loss", l.Loss},
		{"Duplicate", l.Duplicate},
		{"Reorder", l.Reorder},
	} {
		if !(share.value >= 0 && share.value <= 1) {
			return fmt.Errorf("Link.%s: %v is not within 0 to 1", share.name, share.value)
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"Delay", l.Delay},
		{"Jitter", l.Jitter},
		{"RateQueue", l.RateQueue},
	} {
		if d.value < 0 {
			return fmt.Errorf("Link.%s: %v is negative", d.name, d.value)
		}
	}
	if l.Rate < 0 {
		return fmt.Errorf("Link.Rate: %d is negative", l.Rate)
	}
	return nil
}

func (l *Link) rateQueue() time.Duration {
	if l.RateQueue == 0 {
		return defaultRateQueue
	}
	return l.RateQueue
}

// lane is one direction of one client's link.
type lane struct {
	fate   *rand.Rand
	free   time.Time // when all that was let in will have been sent at Link.Rate
	counts *Counts   // shared by all lanes of the direction
}

// newLane makes a lane with random numbers of its own.
func newLane(seed, number uint64, counts *Counts) lane {
	return lane{fate: rand.New(rand.NewPCG(seed, number)), counts: counts}
}

// admit decides the fate of a datagram of so many bytes: when it is due at the
// other end, and in how many copies, 0 if it is lost. It draws as many numbers
// whatever the settings, so that one of them can change alone.
func (l *lane) admit(link *Link, size int, now time.Time) (due time.Time, copies int) {
	lost := l.fate.Float64() < link.Loss
	jitter := time.Duration(l.fate.Float64() * float64(link.Jitter))
	late, twice := l.fate.Float64() < link.Reorder, l.fate.Float64() < link.Duplicate

	l.counts.Received++
	l.counts.ReceivedBytes += uint64(size)
	sent, fits := l.transmit(link, size, now)
	switch {
	case !fits:
		l.counts.Overflowed++
		return time.Time{}, 0
	case lost:
		l.counts.Lost++
		return time.Time{}, 0
	}
	due, copies = sent.Add(link.Delay+jitter), 1
	if late {
		l.counts.Reordered++
		due = due.Add(2*(link.Delay+link.Jitter) + overtaking)
	}
	if twice {
		l.counts.Duplicated++
		copies = 2
	}
	return due, copies
}

// transmit returns when a datagram has got through the rate limit, unless it
// does not fit into the queue for it.
func (l *lane) transmit(link *Link, size int, now time.Time) (sent time.Time, fits bool) {
	if link.Rate == 0 {
		return now, true
	}
	begin := now
	if l.free.After(now) {
		begin = l.free
	}
	if begin.Sub(now) > link.rateQueue() {
		return time.Time{}, false
	}
	l.free = begin.Add(time.Duration(size) * time.Second / time.Duration(link.Rate))
	return l.free, true
}

// datagram is one that is under way.
type datagram struct {
	client *client
	to     direction
	data   []byte
	due    time.Time
	order  uint64
}

type direction uint8

const (
	toServer direction = iota
	toClient
)

// queue is a heap of datagrams, the next one first; of several due at the same
// time the one that came first.
type queue []*datagram

var _ heap.Interface = (*queue)(nil)

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool {
	if q[i].due.Equal(q[j].due) {
		return q[i].order < q[j].order
	}
	return q[i].due.Before(q[j].due)
}

func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push is for container/heap alone.
func (q *queue) Push(d any) { *q = append(*q, d.(*datagram)) }

// Pop is for container/heap alone.
func (q *queue) Pop() any {
	last := len(*q) - 1
	d := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return d
}

// enqueue puts a datagram on its way, in so many copies.
func (r *Relay) enqueue(c *client, to direction, data []byte, due time.Time, copies int) {
	if copies == 0 {
		return
	}
	data = bytes.Clone(data)
	for range copies {
		r.queued++
		d := &datagram{client: c, to: to, data: data, due: due, order: r.queued}
		heap.Push(&r.queue, d)
		if r.queue[0] == d {
			r.nudge() // else deliver wakes earlier anyway
		}
	}
}

func (r *Relay) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// deliver sends what is due until the relay is closed. Being the only one to
// send, it keeps the order.
func (r *Relay) deliver() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var due []*datagram
	for {
		var wait time.Duration
		due, wait = r.takeDue(due[:0], time.Now())
		for _, d := range due {
			r.sent(d, d.send())
		}
		if len(due) > 0 {
			clear(due)
			continue
		}
		timer.Reset(wait)
		select {
		case <-r.done:
			return
		case <-r.wake:
		case <-timer.C:
		}
	}
}

// takeDue moves what is due from the queue to due. It returns the time until
// the next.
func (r *Relay) takeDue(due []*datagram, now time.Time) ([]*datagram, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.queue) > 0 && !r.queue[0].due.After(now) {
		d := heap.Pop(&r.queue).(*datagram)
		r.maxLag = max(r.maxLag, now.Sub(d.due))
		due = append(due, d)
	}
	r.leaving = len(due)
	if len(r.queue) == 0 {
		return due, time.Hour // there is nothing to wait for but wake
	}
	return due, r.queue[0].due.Sub(now)
}

// send hands the datagram to the system.
func (d *datagram) send() error {
	if d.to == toServer {
		_, err := d.client.upstream.Write(d.data)
		return err
	}
	_, err := d.client.relay.socket.WriteToUDPAddrPort(d.data, d.client.addr)
	return err
}

// sent counts a datagram that has left, or could not.
func (r *Relay) sent(d *datagram, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leaving--
	counts := &r.up
	if d.to == toClient {
		counts = &r.down
	}
	if err != nil {
		counts.Failed++
		return
	}
	counts.Delivered++
}
