package enet

import (
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/netcode"
)

// enetDatagram is the largest unreliable packet that ENet sends in one datagram,
// at the MTU of 1400 it has by default. A larger one silently becomes reliable
// fragments, behind which its channel waits when one of them is lost.
const enetDatagram = netcode.DatagramBytes

// enetBulkEvery is how often it is looked whether fragments have arrived.
const enetBulkEvery = 2 * time.Millisecond

// enetBulk records the connections with an unreliable packet in flight in fragments. Any
// goroutine may ask; everything else belongs to the goroutine that has the host.
type enetBulk struct {
	busy  []atomic.Uint64 // the Conn, by slot; 0 = nobody
	sends []bool          // by slot, whether it is in under
	under []enetBulkSend  // what is under way
	next  time.Time
}

type enetBulkSend struct {
	slot    int
	channel uint8
}

func newENetBulk(peers int) enetBulk {
	return enetBulk{busy: make([]atomic.Uint64, peers), sends: make([]bool, peers)}
}

// mark is called before a packet is queued, so that who asks right after it was
// sent gets the right answer.
func (b *enetBulk) mark(c netcode.Conn) {
	if slot, ok := b.slot(c); ok {
		b.busy[slot].Store(uint64(c))
	}
}

func (b *enetBulk) clear(c netcode.Conn) {
	if slot, ok := b.slot(c); ok {
		b.busy[slot].CompareAndSwap(uint64(c), 0)
	}
}

func (b *enetBulk) has(c netcode.Conn) bool {
	slot, ok := b.slot(c)
	return ok && b.busy[slot].Load() == uint64(c)
}

// slot finds the slot that an accepted connection has or had. Those that were
// dialed are not kept account of: it is places that send in bulk.
func (b *enetBulk) slot(c netcode.Conn) (int, bool) {
	slot := int(c & enetSlotMask)
	return slot, c != 0 && c&enetDialed == 0 && slot < len(b.busy)
}

// sent notes that a marked packet has been handed to ENet.
func (b *enetBulk) sent(c netcode.Conn, slot int, channel uint8) {
	b.mark(c) // it may have been cleared since
	if !b.sends[slot] {
		b.sends[slot] = true
		b.under = append(b.under, enetBulkSend{slot, channel})
	}
}

// due is how long the next look may wait, no longer than idle.
func (b *enetBulk) due(idle time.Duration) time.Duration {
	if len(b.under) == 0 {
		return idle
	}
	return min(idle, enetBulkEvery)
}

// look clears the marks of those whose fragments have arrived.
func (b *enetBulk) look(h *enetHost, now time.Time) {
	if len(b.under) == 0 || now.Before(b.next) {
		return
	}
	b.next = now.Add(enetBulkEvery)
	still := b.under[:0]
	for _, u := range b.under {
		if h.fragments(u.slot, u.channel) {
			still = append(still, u)
		} else {
			b.busy[u.slot].Store(0)
			b.sends[u.slot] = false
		}
	}
	b.under = still
}
