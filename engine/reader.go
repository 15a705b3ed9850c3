package engine

import (
	"fmt"
	"runtime"
	"time"

	"github.com/loci-place/loci/engine/internal/memory"
	"github.com/loci-place/loci/netcode"
)

// read parses a session's commands one after the other and hands them to the
// place goroutine, until the connection is gone or the place closes. Each session
// has a reader of its own, which hands on a command when the one before is done with: so
// the agents take turns, however much one of them asks.
func (p *Place) read(s *session) {
	announce := time.AfterFunc(p.cfg.Limits.AnnounceTimeout, func() {
		p.post(func() { p.neverAnnounced(s) })
	})
	defer announce.Stop()
	done := make(chan struct{}, 1)
	done <- struct{}{}
	for {
		data, ok := s.commands.next(p.closing)
		if !ok {
			if !closed(p.closing) {
				p.readAll(s)
			}
			return
		}
		if !p.pace(s, len(data)) {
			p.unread.Add(-1)
			p.readAll(s)
			return
		}
		decoded := &p.holdings.decoding
		weight := decoded.weight(data)
		var c *command
		if !decoded.begin(p.life, weight, func() { c = p.parse(s, data, weight > 0) }) {
			return
		}
		decoded.end(weight) // others need not wait for as long as this one may have to
		select {
		case <-done:
		case <-p.closing:
			return
		}
		if !p.awaitSent(s) || !p.throttle(s, c) {
			p.unread.Add(-1)
			p.readAll(s)
			return
		}
		if weight > 0 && !decoded.begin(p.life, weight, func() { p.prepare(c) }) {
			return
		}
		runtime.Gosched() // else the two of us share what time is given to one
		if !p.postOf(s, c.seconds(), func() {
			defer decoded.end(weight)
			defer func() { done <- struct{}{} }()
			p.unread.Add(-1)
			p.because(s, func() {
				p.received(s, c)
				p.hooks.behaviour.Settle(&p.host) // what comes of it counts too
			})
		}) {
			return
		}
	}
}

// readAll is for when the connection is gone: what still waits is not read.
func (p *Place) readAll(s *session) {
	for {
		if _, ok := s.commands.next(nil); !ok {
			break
		}
		p.unread.Add(-1)
	}
	p.postOf(s, 0, func() {
		p.unread.Add(-1)
		p.left(s, s.code)
		s.held.Set(memory.Commands, 0)
	})
}

// throttle charges a command before it is done. It waits until the agent has so much of the
// turn left, and reports false if its connection is gone by then: nothing is done any more of
// what was asked beyond the share. That is not on the place's clock: others are kept waiting
// in real time. An announce waits for those of others only.
func (p *Place) throttle(s *session, c *command) bool {
	seconds := c.seconds()
	wait := s.quota.reserve(turnTime, seconds, p.now())
	if p.driven {
		return true
	}
	if p.arrives(s, c) {
		s.entering.Store(c)
		defer s.entering.Store(nil)
		return c.verb != "announce" || p.admission.enter(seconds, p.now, s.gone)
	}
	if wait == 0 {
		return true
	}
	p.limited(s, p.log.With("from", s.from), limitTurnTime, fmt.Sprintf("its commands take more than %v of each second: it waits", p.cfg.Limits.TurnTime))
	if !p.delay(s, wait) {
		s.quota.settle(-seconds, p.now())
		return false
	}
	return true
}

// pace charges a command for being read, before it is. It waits until the agent may have so
// much read, and reports false if its connection is gone by then. Like a throttle it is not on
// the place's clock.
func (p *Place) pace(s *session, bytes int) bool {
	wait := s.quota.reserve(commandBytes, float64(bytes), p.now())
	if p.driven || wait == 0 {
		return true
	}
	p.limited(s, p.log.With("from", s.from), limitCommandByteRate, fmt.Sprintf("it sends more than %d bytes of commands a second: they wait", p.cfg.Limits.CommandByteRate))
	return p.delay(s, wait)
}

// delay waits, and reports false if the session's connection is gone before.
func (p *Place) delay(s *session, wait time.Duration) bool {
	select {
	case <-time.After(wait):
		return true
	case <-s.gone:
		return false
	case <-p.closing:
		return true
	}
}

// arrives reports whether a command is part of joining.
func (p *Place) arrives(s *session, c *command) bool {
	return s.dialect.Load() == nil && (c.verb == "announce" || c.verb == "prove")
}

// parse reads a command, and does what of it may take long: here it holds up nobody but who
// sent it, and is done only for who has a share left for it. What is large is only counted: it is
// decoded when its turn comes.
func (p *Place) parse(s *session, data []byte, large bool) *command {
	c := parseCommand(data)
	if large && (c.official == nil || !c.official.counted) {
		c.count()
	} else {
		c.decode()
	}
	if p.arrives(s, c) {
		s.quota.charge(c, &p.cfg.Limits, p.now())
	} else if hit, why := s.quota.spend(c, &p.cfg.Limits, p.now()); why != "" {
		c.hit, c.tooMuch = hit, why
	}
	if !large {
		c.prepare(&p.cfg.Limits)
	} else if !c.dropped {
		c.drop()
	}
	return c
}

// prepare decodes a command that was large, or waited.
func (p *Place) prepare(c *command) {
	if c.tooMuch == "" {
		c.decode()
		c.prepare(&p.cfg.Limits)
	}
}

// received handles a parsed command, or what there is to say of one that does
// not parse.
func (p *Place) received(s *session, c *command) {
	if s.challenge != nil && !s.refused {
		p.challenged(s, c)
		return
	}
	p.heard(s, c)
}

// heard is received for what no challenge holds up.
func (p *Place) heard(s *session, c *command) {
	s.done(c.size)
	switch {
	case s.refused:
	case c.err != nil && c.tooMuch == "":
		p.unreadable(s, c)
	case s.agent == nil:
		p.beforeAnnounce(s, c)
	case c.tooMuch != "":
		p.overspent(s.agent, c)
	default:
		p.route(s.agent, c)
	}
}

// unreadable answers what is known to be a request even so, and counts the rest.
func (p *Place) unreadable(s *session, c *command) {
	p.counts.interaction(c.verb, outcomeUnreadable)
	if c.Type == netcode.TypeRequest && c.RequestID != "" {
		_ = p.answer(s, &c.Interaction, c.verb, "error", c.err.Error())
		return
	}
	if c.Type == netcode.TypeResponse && s.agent != nil {
		if c.From == "" {
			c.From = s.agent.avatar
		}
		p.answerInstead(s.agent, c, "the answer could not be read: "+c.err.Error())
	}
	p.violation(s, "unreadable interaction", "error", c.err)
}

func (p *Place) neverAnnounced(s *session) {
	enters := s.entering.Load()
	if ch := s.challenge; ch != nil && ch.proven {
		enters = ch.announce
	}
	switch {
	case s.agent != nil || s.refused:
	case enters != nil:
		p.refuse(s, &enters.Interaction, netcode.CodeOverload, fmt.Sprintf(
			"too much is announced at once: the place lets in what takes it %v a second", p.cfg.Limits.AnnounceTime))
	case s.challenge != nil:
		p.refuse(s, &s.challenge.announce.Interaction, netcode.CodeUnproven, "you did not prove in time that you have the key")
	default:
		p.log.Info("disconnecting: did not announce itself", "from", s.from)
		p.disconnect(s, netcode.CodeNeverAnnounced)
	}
}

// violation counts a message that no well-meaning agent sends. It is forgotten in time.
func (p *Place) violation(s *session, what string, args ...any) {
	most := float64(p.cfg.Limits.Violations)
	rate, now := most/p.cfg.Limits.ViolationTime.Seconds(), p.now()
	s.violations.Charge(1, rate, most, now)
	count := s.violations.Spent(rate, now)
	p.sessionLog(s).Debug("violation: "+what, append(args, "count", count)...)
	if count > most-1 {
		p.counts.hit(limitViolations)
		p.sessionLog(s).Warn("disconnecting: too many violations", append(args, "last", what)...)
		p.disconnect(s, netcode.CodeViolations)
	}
}

// disconnect ends a session once what was sent to it has arrived. Nothing it
// still asks is heard, and its agent leaves at once: a peer that is deaf to the
// news must not stay for it.
func (p *Place) disconnect(s *session, code uint32) {
	p.transport.Disconnect(s.conn, code)
	p.left(s, code)
}
