package enet

import "time"

const (
	// enetFarewell is how long peers may take to hear that the host closes. After
	// half of it they are told without delivering first what is still queued. All of a
	// place's closing is to take at most a second, even with peers that hang.
	enetFarewell = 750 * time.Millisecond
	// enetFarewellStep is how often Close looks at the clock.
	enetFarewellStep = 20 * time.Millisecond
)

// close takes the host from Serve, if it runs, and never gives it back.
func (e *Transport) close(code uint32) error {
	e.closing.Store(true)
	e.outbox.close()
	e.socket.wake()
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	e.obey(now)
	e.host.refuseConnects()
	e.sayGoodbye(code, now)
	e.awaitGoodbyes(code, now, e.farewell)
	e.books.count(e.host.dropped())
	e.books.forgetAll()
	e.host.destroy()
	e.host = nil
	e.deliveries.forget()
	return e.socket.close()
}

func (e *Transport) sayGoodbye(code uint32, now time.Time) {
	for slot := range e.conns.slots {
		if conn := &e.conns.slots[slot]; conn.phase != enetFree {
			e.disconnect(conn.id, code, now)
		}
	}
}

// awaitGoodbyes goes on serving until all peers have heard, or time is over.
func (e *Transport) awaitGoodbyes(code uint32, start time.Time, atMost time.Duration) {
	batch := newENetBatch(enetBatchSize)
	defer batch.free()
	urgent := false
	for e.conns.ending > 0 {
		now := time.Now()
		if now.Sub(start) >= atMost {
			break
		}
		if !urgent && now.Sub(start) >= atMost/2 {
			urgent = true
			e.each(func(slot int) { e.host.disconnect(slot, code) })
		}
		events := e.host.service(batch)
		for i := range events {
			e.note(&events[i], now)
		}
		e.news = e.news[:0] // the handler hears no more
		batch.release()
		if e.conns.ending > 0 {
			e.socket.setDeadline(min(e.host.due(enetFarewellStep), enetFarewellStep))
			e.socket.wait()
		}
	}
	e.each(func(slot int) { e.host.disconnectNow(slot, code) })
}

// each calls do with the slot of every connection.
func (e *Transport) each(do func(slot int)) {
	for slot := range e.conns.slots {
		if e.conns.slots[slot].phase != enetFree {
			do(slot)
		}
	}
}
