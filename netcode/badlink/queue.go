package badlink

import (
	"bytes"
	"container/heap"
	"time"
)

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
