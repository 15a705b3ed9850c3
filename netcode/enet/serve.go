package enet

import (
	"errors"
	"time"

	"github.com/loci-place/loci/netcode"
)

const (
	// enetBatchSize is how many events are handled before the outbox has its turn.
	enetBatchSize = 256
	// enetSweepEvery is how often the guard sweeps, which counts on it.
	enetSweepEvery = 100 * time.Millisecond
	// enetIdle is how long a host without peers may sleep: anything wakes it.
	enetIdle = 10 * time.Second
)

// Serve implements [netcode.Transport]. It may run once.
func (e *Transport) Serve(h netcode.Handler) error {
	if h == nil {
		return errors.New("netcode: no handler to serve")
	}
	if e.closing.Load() {
		return nil
	}
	if e.served.Swap(true) {
		return errServedTwice
	}
	batch := newENetBatch(enetBatchSize)
	defer batch.free()
	for {
		news, wait, open := e.turn(batch)
		for i := range news {
			if e.closing.Load() {
				break
			}
			news[i].report(h)
		}
		batch.release()
		if !open {
			return nil
		}
		if wait > 0 {
			e.wait(wait)
		}
		e.rest(len(news))
	}
}

// rest lets a little more come together before the next turn, which costs time
// for every connection there is, however little there is to do.
func (e *Transport) rest(news int) {
	const perConnection, least = time.Microsecond, 200 * time.Microsecond
	if pause := time.Duration(e.conns.taken.Load()) * perConnection; news > 0 && pause >= least {
		time.Sleep(pause)
	}
}

// wait sleeps until there is something to do. The deadline is set first: a wake
// that comes after mayWait sets it again, and is not overruled.
func (e *Transport) wait(atMost time.Duration) {
	if pause := e.outbox.pause(time.Now()); pause > 0 {
		e.socket.setDeadline(pause)
		if e.outbox.mayRest() {
			e.socket.rest()
		}
		e.rested = true
		return
	}
	e.socket.setDeadline(atMost)
	if e.outbox.mayWait() {
		e.socket.wait()
	}
}

// turn does what was asked for since the last one, sends, receives, and returns
// what the handler is to hear and how long it may be until the next turn. The
// news are valid until the batch is released.
func (e *Transport) turn(batch *enetBatch) (news []enetNews, wait time.Duration, open bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.host == nil {
		return nil, 0, false
	}
	now := time.Now()
	clear(e.news)
	e.news = e.news[:0]
	if e.rested {
		e.rested = false // what has come meanwhile goes along
	} else {
		e.obey(now)
	}
	events := e.host.service(batch)
	for i := range events {
		e.note(&events[i], now)
	}
	if !now.Before(e.nextSweep) {
		e.nextSweep = now.Add(enetSweepEvery)
		e.sweep(now)
	}
	e.bulk.look(e.host, now)
	e.queued.look(e.host, now)
	e.news = e.deliveries.look(e.news)
	e.books.count(e.host.dropped())
	if len(events) < len(batch.events) {
		wait = e.bulk.due(e.host.due(enetIdle))
	}
	return e.news, wait, true
}

// obey carries out the orders in the outbox and sends what they queued.
func (e *Transport) obey(now time.Time) {
	var dropped int
	e.orders, dropped = e.outbox.take(e.orders, now)
	e.books.addOutbox(dropped)
	for i := range e.orders.list {
		order := &e.orders.list[i]
		to := e.orders.conns[order.first : order.first+order.n]
		switch order.kind {
		case orderSend:
			e.send(order, to)
		case orderDial:
			e.dial(to[0], order)
		case orderDisconnect:
			e.disconnect(to[0], order.code, now)
		case orderCondemn:
			e.condemn(to[0], now)
		}
	}
	if len(e.orders.list) > 0 {
		e.host.flush()
	}
	e.orders.trim()
}

// trim lets go of buffers that a burst has made large.
func (o *enetOrders) trim() {
	const most = 1 << 16
	if cap(o.list) > most || cap(o.conns) > most {
		*o = enetOrders{}
	}
}

func (e *Transport) send(order *enetOrder, to []netcode.Conn) {
	e.slots = e.slots[:0]
	for _, c := range to {
		slot, ok := e.conns.find(c)
		// A packet without content was dropped while it waited.
		if ok = ok && order.packet != nil && e.conns.slots[slot].phase == enetOpen; ok {
			e.slots = append(e.slots, uint16(slot))
		}
		switch {
		case !order.bulk():
		case ok:
			e.bulk.sent(c, slot, order.channel)
		default:
			e.bulk.clear(c)
		}
	}
	if order.packet == nil {
		return
	}
	if order.delivered != nil {
		if mark, ok := markENetPacket(order.packet); ok {
			e.deliveries = append(e.deliveries, enetDelivery{mark, order.delivered})
		}
	}
	e.host.send(order.packet, order.channel, order.live && !order.reliable, e.slots)
	if order.reliable {
		e.queued.sent(order.QueueCost(), e.slots)
		e.queued.wait(-order.QueueCost(), to)
	}
}

func (e *Transport) dial(c netcode.Conn, order *enetOrder) {
	slot, err := e.host.dial(order.addr, order.channels)
	if err != nil {
		e.log.Warn("dialing failed", "to", order.addr, "err", err)
		e.tellEnd(c, netcode.CodeConnectionLost)
		return
	}
	e.conns.dial(c, slot)
}

func (e *Transport) disconnect(c netcode.Conn, code uint32, now time.Time) {
	slot, ok := e.conns.find(c)
	if !ok {
		return
	}
	switch e.conns.slots[slot].phase {
	case enetDialing:
		e.host.disconnect(slot, code)
		e.conns.free(slot)
		e.tellEnd(c, code)
	case enetOpen:
		e.host.disconnectLater(slot, code)
		e.conns.end(slot, enetLeaving, code, now.Add(e.limits.TimeoutMax))
	}
}

// condemn ends a connection that went over a limit. The handler need not wait for
// the peer, who may be deaf, to hear of it.
func (e *Transport) condemn(c netcode.Conn, now time.Time) {
	slot, ok := e.conns.find(c)
	if !ok || e.conns.slots[slot].phase == enetTold {
		return
	}
	e.host.disconnect(slot, netcode.CodeOverload)
	e.conns.end(slot, enetTold, netcode.CodeOverload, now.Add(e.limits.TimeoutMax))
	e.tellEnd(c, netcode.CodeOverload)
}

func (e *Transport) tellEnd(c netcode.Conn, code uint32) {
	e.books.forget(c)
	e.news = append(e.news, enetNews{kind: enetDisconnect, conn: c, code: code})
}

// note turns an event of the host's into news for the handler.
func (e *Transport) note(event *enetEvent, now time.Time) {
	slot := int(event.slot)
	conn := &e.conns.slots[slot]
	switch event._type {
	case enetConnect:
		e.noteConnect(slot, event)
	case enetReceive:
		if conn.phase == enetOpen {
			e.news = append(e.news, enetNews{
				kind: enetReceive, conn: conn.id, channel: uint8(event.channel), data: event.bytes(),
			})
		}
	case enetDisconnect:
		e.noteDisconnect(slot, event)
	case enetOverload:
		e.log.Warn("connection over a limit", "conn", conn.id, "limit", enetDropNames[event.code])
		e.condemn(conn.id, now)
	}
}

func (e *Transport) noteConnect(slot int, event *enetEvent) {
	conn := &e.conns.slots[slot]
	if conn.phase == enetDialing {
		conn.phase = enetOpen
	} else {
		e.conns.accept(slot)
	}
	e.update(slot)
	e.news = append(e.news, enetNews{kind: enetConnect, conn: conn.id, from: event.from()})
}

// update publishes how the connection in a slot is doing.
func (e *Transport) update(slot int) {
	s := e.host.stat(slot)
	e.queued.count(slot, s.Queued)
	e.books.update(e.conns.slots[slot].id, s)
}

func (e *Transport) noteDisconnect(slot int, event *enetEvent) {
	conn := e.conns.free(slot)
	switch conn.phase {
	case enetLeaving:
		e.tellEnd(conn.id, conn.code)
	case enetOpen, enetDialing:
		code := netcode.CodeConnectionLost
		if event.goodbye != 0 {
			code = netcode.GoodbyeCode(uint32(event.code))
		}
		e.tellEnd(conn.id, code)
	}
}

// sweep does what has to be done from time to time.
func (e *Transport) sweep(now time.Time) {
	e.host.sweep()
	for slot := range e.conns.slots {
		if conn := &e.conns.slots[slot]; conn.phase == enetOpen {
			e.update(slot)
		}
	}
	if e.conns.ending > 0 {
		e.giveUp(now)
	}
	e.books.report(e.log, now)
	e.books.crowds.report(e.log, e.host.dropped()[enetDropAddressOpen], e.host.crowded(), e.limits.OpenPerAddress, now)
}

// giveUp forgets those who were sent away and have not left in time. ENet itself
// would wait for ever for one that acknowledges something, but never that.
func (e *Transport) giveUp(now time.Time) {
	for slot := range e.conns.slots {
		conn := &e.conns.slots[slot]
		if conn.until.IsZero() || now.Before(conn.until) {
			continue
		}
		e.host.disconnectNow(slot, conn.code)
		if gone := e.conns.free(slot); gone.phase == enetLeaving {
			e.tellEnd(gone.id, gone.code)
		}
	}
}
