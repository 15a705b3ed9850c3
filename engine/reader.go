package engine

import (
	"fmt"

	"github.com/loci-place/loci/netcode"
)

// received handles a parsed command, or what there is to say of one that does
// not parse.
func (p *Place) received(s *session, c *command) {
	p.because(s, func() {
		if s.challenge != nil && !s.refused {
			p.challenged(s, c)
		} else {
			p.heard(s, c)
		}
	})
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
