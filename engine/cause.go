package engine

import "net/netip"

// Cause says because of what the place does something: a command that an agent, or
// somebody who is about to become one, has sent. The zero value is the place's own doing.
type Cause struct {
	Agent   string     // its id; "" until it has announced itself
	Address netip.Addr // that the command came from
}

// Cause is whose command the place is carrying out, so that a behaviour can charge what
// comes of it.
func (t *Turn) Cause() Cause {
	s := t.on().host.cause
	if s == nil {
		return Cause{}
	}
	c := Cause{Address: s.from.Addr()}
	if s.agent != nil {
		c.Agent = s.agent.id
	}
	return c
}

// because does something on a session's account, and what the behaviour makes of it.
func (p *Place) because(s *session, f func()) {
	p.host.cause = s
	defer func() { p.host.cause = nil }()
	f()
	p.hooks.behaviour.Settle(&p.host)
}
