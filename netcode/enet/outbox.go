package enet

import (
	"net/netip"
	"sync"
	"time"

	"github.com/loci-place/loci/netcode"
)

// enetLiveEvery is how long after a flush live packets alone do not bring about
// another. Most of what one costs is a datagram to each listener, which packets of
// several speakers share; and waking up, which a server need not for each of them. No
// ear tells the difference.
const enetLiveEvery = 3 * time.Millisecond

// enetOutbox carries what any goroutine asks of a transport to the one that
// serves it. Two sets of buffers take turns, so that in a steady state nothing is
// allocated.
type enetOutbox struct {
	limit  int // bytes
	queued *enetQueued

	mu       sync.Mutex
	orders   enetOrders
	cost     int  // of the packets in orders, in bytes
	next     int  // no packet before this one in orders is unreliable
	dropped  int  // packets that did not fit, since the last take
	waiting  bool // the server is about to wait, and must be woken
	held     bool // more packets follow: the orders wait for the last of them
	prompt   bool // there are orders beside live packets
	liveDue  time.Time
	closed   bool
	condemn  map[netcode.Conn]struct{} // those who missed a reliable packet since the last take
	lastDial netcode.Conn
}

// enetOrders are in the order in which they were given.
type enetOrders struct {
	list  []enetOrder
	conns []netcode.Conn
}

// enetOrder is one thing to do.
type enetOrder struct {
	kind     enetOrderKind
	reliable bool
	fragile  bool
	live     bool
	channel  uint8
	packet   enetPacket // nil when it was dropped after all
	size     int        // of the packet's data
	first, n int        // its connections in conns
	code     uint32
	channels int
	addr     netip.AddrPort

	delivered func() // or nil
}

// bulk reports whether it is an unreliable packet that goes in reliable fragments, and
// that others are to know of.
func (o *enetOrder) bulk() bool {
	return o.kind == orderSend && !o.reliable && !o.fragile && !o.live && o.size > enetDatagram
}

type enetOrderKind uint8

const (
	orderSend enetOrderKind = iota
	orderDial
	orderDisconnect
	orderCondemn // disconnect, dropping what is queued
)

// enetPacketCost is what a waiting packet costs beside its data and its list of
// connections, in bytes: its order, and what the allocator adds.
const enetPacketCost = 256

// queueCost is what a packet counts in the queue of each connection.
func (o *enetOrder) QueueCost() int64 { return int64(netcode.QueueCost(o.size)) }

func (o *enetOrder) cost() int { return o.size + enetPacketCost + 8*o.n }

// add appends an order about some connections, under the lock.
func (b *enetOutbox) add(order enetOrder, to ...netcode.Conn) {
	order.first, order.n = len(b.orders.conns), len(to)
	b.orders.conns = append(b.orders.conns, to...)
	b.orders.list = append(b.orders.list, order)
	if order.kind == orderSend {
		b.cost += order.cost()
		if order.reliable {
			b.queued.wait(order.QueueCost(), to)
		}
	}
	b.prompt = b.prompt || order.kind != orderSend || !order.live || order.reliable
}

// pause is for how long nothing waits but live packets for more of their kind.
func (b *enetOutbox) pause(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.orders.list) == 0 || b.held || b.prompt {
		return 0
	}
	return b.liveDue.Sub(now)
}

// wakes reports whether the server waits and does not know yet that it need not,
// under the lock.
func (b *enetOutbox) wakes() bool {
	wakes := b.waiting
	b.waiting = false
	return wakes
}

// send takes a packet, or frees it. It reports whether the server is to be woken.
func (b *enetOutbox) send(order enetOrder, more bool, to []netcode.Conn) (wake bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		freeENetPacket(order.packet)
		return false, netcode.ErrClosed
	}
	order.n = len(to)
	if !b.makeRoom(order.cost()) {
		b.refuse(order, to)
		return b.wakes(), nil
	}
	b.add(order, to...)
	if more {
		b.held = true
		return false, nil
	}
	b.held = false
	return b.wakes(), nil
}

// release lets go of what waits for more, and reports whether the server is to be
// woken.
func (b *enetOutbox) release() (wake bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held = false
	return len(b.orders.list) > 0 && b.wakes()
}

// makeRoom drops the oldest unreliable packets until there is room, and tells
// whether it found enough.
func (b *enetOutbox) makeRoom(cost int) bool {
	for ; b.cost+cost > b.limit && b.next < len(b.orders.list); b.next++ {
		order := &b.orders.list[b.next]
		if order.kind == orderSend && !order.reliable {
			b.drop(order)
		}
	}
	return b.cost+cost <= b.limit
}

func (b *enetOutbox) drop(order *enetOrder) {
	freeENetPacket(order.packet)
	order.packet = nil
	b.cost -= order.cost()
	b.dropped++
}

func (b *enetOutbox) refuse(order enetOrder, to []netcode.Conn) {
	freeENetPacket(order.packet)
	b.dropped++
	if !order.reliable {
		return
	}
	for _, c := range to {
		if _, done := b.condemn[c]; done {
			continue
		}
		if b.condemn == nil {
			b.condemn = make(map[netcode.Conn]struct{})
		}
		b.condemn[c] = struct{}{}
		b.add(enetOrder{kind: orderCondemn, code: netcode.CodeOverload}, c)
	}
}

// disconnect reports whether the server is to be woken.
func (b *enetOutbox) disconnect(c netcode.Conn, code uint32) (wake bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.add(enetOrder{kind: orderDisconnect, code: code}, c)
	return b.wakes()
}

// dial names a connection to be made, and reports whether the server is to be woken.
func (b *enetOutbox) dial(to netip.AddrPort, channels int) (c netcode.Conn, wake bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, false, netcode.ErrClosed
	}
	b.lastDial++
	c = enetDialed | b.lastDial
	b.add(enetOrder{kind: orderDial, addr: to, channels: channels}, c)
	return c, b.wakes(), nil
}

// take hands over the orders and the number of packets that were dropped, and
// goes on with the emptied buffers of earlier ones.
func (b *enetOutbox) take(empty enetOrders, now time.Time) (orders enetOrders, dropped int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if (b.held || !b.prompt && now.Before(b.liveDue)) && !b.closed {
		return enetOrders{empty.list[:0], empty.conns[:0]}, 0
	}
	if len(b.orders.list) > 0 {
		b.liveDue = now.Add(enetLiveEvery)
	}
	orders, dropped = b.orders, b.dropped
	b.orders = enetOrders{empty.list[:0], empty.conns[:0]}
	b.cost, b.next, b.dropped, b.prompt = 0, 0, 0, false
	clear(b.condemn)
	return orders, dropped
}

// mayWait announces that the server will wait, unless there is something to do.
func (b *enetOutbox) mayWait() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = (len(b.orders.list) == 0 || b.held) && !b.closed
	return b.waiting
}

// mayRest announces that the server will wait for live packets to be due, unless there
// is something else to do.
func (b *enetOutbox) mayRest() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = !b.prompt && !b.closed
	return b.waiting
}

// close makes the outbox take nothing more.
func (b *enetOutbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
}
