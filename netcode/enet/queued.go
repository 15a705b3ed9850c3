package enet

import (
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/netcode"
)

// enetRecount is how often the bytes queued to connections that were sent much are counted
// again.
const enetRecount = 10 * time.Millisecond

// enetQueued knows how many bytes of reliable packets are queued to each accepted connection.
// It is never too low: what is given to Send counts at once, and what is acknowledged counts
// until it is counted again. Any goroutine may read it and give it what waits in the outbox;
// the rest belongs to the one that has the host.
type enetQueued struct {
	slots []enetQueue
	next  time.Time // when those that were sent much are counted again
}

type enetQueue struct {
	waiting atomic.Int64 // in the outbox
	counted atomic.Int64 // by the host
	since   atomic.Int64 // given to the host after that
}

func newENetQueued(peers int) enetQueued { return enetQueued{slots: make([]enetQueue, peers)} }

// of returns the queue of a connection that was accepted, nil of others.
func (q *enetQueued) of(c netcode.Conn) *enetQueue {
	if slot := int(c & enetSlotMask); c != 0 && c&enetDialed == 0 && slot < len(q.slots) {
		return &q.slots[slot]
	}
	return nil
}

func (q *enetQueue) bytes() int { return int(q.waiting.Load() + q.counted.Load() + q.since.Load()) }

// wait counts a packet that waits in the outbox for some connections, or no longer does if n
// is below 0.
func (q *enetQueued) wait(n int64, to []netcode.Conn) {
	for _, c := range to {
		if queue := q.of(c); queue != nil {
			queue.waiting.Add(n)
		}
	}
}

// sent counts a packet that has been given to the host.
func (q *enetQueued) sent(n int64, slots []uint16) {
	for _, slot := range slots {
		q.slots[slot].since.Add(n)
	}
}

// count sets what the host has counted for a slot.
func (q *enetQueued) count(slot, bytes int) {
	queue := &q.slots[slot]
	queue.counted.Store(int64(bytes))
	queue.since.Store(0)
}

// look counts again what is queued to connections that were sent much.
func (q *enetQueued) look(h *enetHost, now time.Time) {
	const much = 64 << 10
	if now.Before(q.next) {
		return
	}
	q.next = now.Add(enetRecount)
	for slot := range q.slots {
		if q.slots[slot].since.Load() >= much {
			q.count(slot, h.queued(slot))
		}
	}
}
