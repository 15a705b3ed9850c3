package engine

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/engine/internal/memory"
)

// intake is the way of what agents send to the place's turn: it is read, charged and decoded by a
// reader for each connection, and waits for the turn.
type intake struct {
	limits    *Limits
	clock     *clock
	turns     *turns
	usage     *usage
	admission *admission
	backlogs  *backlogs
	decoding  *decoding
	log       *slog.Logger
	place     receiver
	// free is how much of the turn has been taken so far by what is charged to nobody, or to others
	// than who causes it.
	free   func() time.Duration
	driven bool // by a [Driver]: nobody is to wait in real time

	life    context.Context // ends when closing begins
	closing <-chan struct{} // closed then
	readers sync.WaitGroup
	unread  atomic.Int64 // what has come from agents and is not done with
}

// receiver is what an intake hands on to, on the place's turn, but for limited.
type receiver interface {
	// received handles a command.
	received(s *session, c *command)
	// left hears that a session's connection is gone.
	left(s *session, code uint32)
	// neverAnnounced hears that a session has had as long to announce itself as it may have.
	neverAnnounced(s *session)
	// limited counts and logs that a session is over a limit.
	limited(s *session, log *slog.Logger, l limit, why string)
}

// read parses a session's commands one after the other and hands them to the
// place goroutine, until the connection is gone or the place closes. Each session
// has a reader of its own, which hands on a command when the one before is done with: so
// the agents take turns, however much one of them asks.
func (in *intake) read(s *session) {
	announce := time.AfterFunc(in.limits.AnnounceTimeout, func() {
		in.post(func() { in.place.neverAnnounced(s) })
	})
	defer announce.Stop()
	done := make(chan struct{}, 1)
	finished := func() { done <- struct{}{} }
	finished()
	for {
		data, ok := s.commands.next(in.closing)
		if !ok {
			if !closed(in.closing) {
				in.readAll(s)
			}
			return
		}
		if !in.pace(s, len(data)) {
			in.unread.Add(-1)
			in.readAll(s)
			return
		}
		decoded := in.decoding
		weight := decoded.weight(data)
		var c *command
		if !decoded.begin(in.life, weight, func() { c = in.parse(s, data, weight > 0) }) {
			return
		}
		decoded.end(weight) // others need not wait for as long as this one may have to
		select {
		case <-done:
		case <-in.closing:
			return
		}
		if !in.awaitSent(s) || !in.throttle(s, c) {
			in.unread.Add(-1)
			in.readAll(s)
			return
		}
		if weight > 0 && !decoded.begin(in.life, weight, func() { in.prepare(c) }) {
			return
		}
		runtime.Gosched() // else the two of us share what time is given to one
		if !in.postOf(s, c.seconds(), func() {
			defer decoded.end(weight)
			in.unread.Add(-1)
			in.place.received(s, c)
		}, finished) {
			return
		}
	}
}

// readAll is for when the connection is gone: what still waits is not read.
func (in *intake) readAll(s *session) {
	for {
		if _, ok := s.commands.next(nil); !ok {
			break
		}
		in.unread.Add(-1)
	}
	in.postOf(s, 0, func() {
		in.unread.Add(-1)
		in.place.left(s, s.code)
		s.held.Set(memory.Commands, 0)
	}, nil)
}

// throttle charges a command before it is done. It waits until the agent has so much of the
// turn left, and reports false if its connection is gone by then: nothing is done any more of
// what was asked beyond the share. That is not on the place's clock: others are kept waiting
// in real time. An announce waits for those of others only.
func (in *intake) throttle(s *session, c *command) bool {
	seconds := c.seconds()
	wait := s.quota.reserve(turnTime, seconds, in.clock.now())
	if in.driven {
		return true
	}
	if in.arrives(s, c) {
		s.entering.Store(c)
		defer s.entering.Store(nil)
		return c.verb != "announce" || in.admission.enter(in.admission.cost(seconds), in.clock.now, s.gone)
	}
	if wait == 0 {
		return true
	}
	in.place.limited(s, in.log.With("from", s.from), limitTurnTime, fmt.Sprintf("its commands take more than %v of each second: it waits", in.limits.TurnTime))
	if !in.delay(s, wait) {
		s.quota.settle(-seconds, in.clock.now())
		return false
	}
	return true
}

// pace charges a command for being read, before it is. It waits until the agent may have so
// much read, and reports false if its connection is gone by then. Like a throttle it is not on
// the place's clock.
func (in *intake) pace(s *session, bytes int) bool {
	wait := s.quota.reserve(commandBytes, float64(bytes), in.clock.now())
	if in.driven || wait == 0 {
		return true
	}
	in.place.limited(s, in.log.With("from", s.from), limitCommandByteRate, fmt.Sprintf("it sends more than %d bytes of commands a second: they wait", in.limits.CommandByteRate))
	return in.delay(s, wait)
}

// delay waits, and reports false if the session's connection is gone before.
func (in *intake) delay(s *session, wait time.Duration) bool {
	select {
	case <-time.After(wait):
		return true
	case <-s.gone:
		return false
	case <-in.closing:
		return true
	}
}

// arrives reports whether a command is part of joining.
func (in *intake) arrives(s *session, c *command) bool {
	return s.dialect.Load() == nil && (c.verb == "announce" || c.verb == "prove")
}

// parse reads a command, and does what of it may take long: here it holds up nobody but who
// sent it, and is done only for who has a share left for it. What is large is only counted: it is
// decoded when its turn comes.
func (in *intake) parse(s *session, data []byte, large bool) *command {
	c := parseCommand(data)
	if large && (c.official == nil || !c.official.counted) {
		c.count()
	} else {
		c.decode()
	}
	if in.arrives(s, c) {
		s.quota.charge(c, in.limits, in.clock.now())
	} else if hit, why := s.quota.spend(c, in.limits, in.clock.now()); why != "" {
		c.hit, c.tooMuch = hit, why
	}
	if !large {
		c.prepare(in.limits)
	} else if !c.dropped {
		c.drop()
	}
	return c
}

// prepare decodes a command that was large, or waited.
func (in *intake) prepare(c *command) {
	if c.tooMuch == "" {
		c.decode()
		c.prepare(in.limits)
	}
}

// awaitSent waits until a session's agent has taken enough of what it made the place answer, and
// reports false if its connection is gone before.
func (in *intake) awaitSent(s *session) bool {
	for !in.driven && in.backlogs.behind(s.backlog) {
		in.place.limited(s, in.log.With("from", s.from), limitSendQueueBytes, "it does not take what it asks for: its commands wait")
		if !in.delay(s, backlogInterval) {
			return false
		}
		if closed(in.closing) {
			break
		}
	}
	return true
}

// post hands f to the place goroutine. It reports whether f will run: not when the place
// closes.
func (in *intake) post(f func()) bool {
	if closed(in.closing) {
		return false
	}
	in.turns.push(f)
	return true
}

// postOf is post for what a session causes, which is charged for it. Then, even if f panics, after is
// called, unless it is nil.
func (in *intake) postOf(s *session, estimate float64, f, after func()) bool {
	if closed(in.closing) {
		return false
	}
	in.turns.pushOf(&s.flow, estimate, func() {
		if after != nil {
			defer after()
		}
		in.charge(s, estimate, f)
	})
	return true
}

// charge does something that a session causes, and settles what it took: its share of the turn
// is of processor time, which others on the machine do not make more; its place among those that
// wait follows from how long they were kept waiting. The estimate, in seconds, it has been
// charged before.
func (in *intake) charge(s *session, estimate float64, f func()) {
	runtime.LockOSThread()
	began, used, others := time.Now(), in.clock.cpu(), in.free()
	defer func() {
		others = in.free() - others
		s.quota.settle((in.clock.cpu()-used-others).Seconds()-estimate, in.clock.now())
		in.turns.used(&s.flow, (time.Since(began)-others).Seconds()-estimate)
		runtime.UnlockOSThread()
		if closed(s.gone) {
			in.endUsage(s)
		}
	}()
	f()
}

// endUsage keeps what a connection has used that has ended.
func (in *intake) endUsage(s *session) { in.usage.end(s.from.Addr(), s.quota, in.clock.now()) }
