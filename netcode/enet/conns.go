package enet

import (
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/netcode"
)

// A Conn of ENet that was accepted is its slot in the host, in the lower twelve
// bits, and above it a count of those who have had the slot. One that was dialed
// gets its name before it has a slot, so it has a number of its own.
const (
	enetSlotBits = 12
	enetSlotMask = 1<<enetSlotBits - 1
	enetDialed   = netcode.Conn(1) << (netcode.ConnBits - 1)
)

// enetPhase is how far a connection is.
type enetPhase uint8

const (
	enetFree    enetPhase = iota
	enetDialing           // not yet answered
	enetOpen
	enetLeaving // Disconnect was called; the handler is still to hear of its end
	enetTold    // ended for the handler, while ENet still tells the peer
)

// enetConn is the occupant of one slot.
type enetConn struct {
	id    netcode.Conn
	phase enetPhase
	code  uint32    // the one that Disconnect was called with
	until time.Time // when a leaving one is given up
}

// enetConns are the connections of a host, by slot.
type enetConns struct {
	slots       []enetConn
	generations []netcode.Conn       // of each slot, the last one used
	dialed      map[netcode.Conn]int // slots of those that were dialed
	ending      int                  // how many have a time to be given up at
	taken       atomic.Int64         // how many slots are; any goroutine may read it
}

func newENetConns(peers int) *enetConns {
	return &enetConns{
		slots:       make([]enetConn, peers),
		generations: make([]netcode.Conn, peers),
		dialed:      make(map[netcode.Conn]int),
	}
}

// find returns the slot that c has, if it still has one.
func (t *enetConns) find(c netcode.Conn) (int, bool) {
	if c&enetDialed != 0 {
		slot, ok := t.dialed[c]
		return slot, ok
	}
	slot := int(c & enetSlotMask)
	return slot, c != 0 && slot < len(t.slots) && t.slots[slot].id == c
}

// accept puts a new connection into a slot.
func (t *enetConns) accept(slot int) netcode.Conn {
	t.generations[slot]++
	id := t.generations[slot]<<enetSlotBits | netcode.Conn(slot)
	t.slots[slot] = enetConn{id: id, phase: enetOpen}
	t.taken.Add(1)
	return id
}

// dial puts a connection that was named before into a slot.
func (t *enetConns) dial(c netcode.Conn, slot int) {
	t.dialed[c] = slot
	t.slots[slot] = enetConn{id: c, phase: enetDialing}
	t.taken.Add(1)
}

// end notes that a connection ends, at the latest at the given time.
func (t *enetConns) end(slot int, phase enetPhase, code uint32, until time.Time) {
	c := &t.slots[slot]
	if c.until.IsZero() {
		t.ending++
	}
	c.phase, c.code, c.until = phase, code, until
}

// free empties a slot and returns its last occupant.
func (t *enetConns) free(slot int) enetConn {
	c := t.slots[slot]
	delete(t.dialed, c.id)
	if !c.until.IsZero() {
		t.ending--
	}
	t.slots[slot] = enetConn{}
	t.taken.Add(-1)
	return c
}

// enetNews is one thing that a handler is to hear.
type enetNews struct {
	kind    int // enetConnect, enetReceive, enetDisconnect or enetDelivered
	conn    netcode.Conn
	from    netip.AddrPort
	channel uint8
	code    uint32
	data    []byte
	tell    func() // of enetDelivered
}

func (n *enetNews) report(h netcode.Handler) {
	switch n.kind {
	case enetConnect:
		h.Connected(n.conn, n.from)
	case enetReceive:
		h.Received(n.conn, n.channel, n.data)
	case enetDisconnect:
		h.Disconnected(n.conn, n.code)
	case enetDelivered:
		n.tell()
	}
}
