package engine

import (
	"errors"
	"fmt"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/engine/internal/memory"
	"github.com/loci-place/loci/netcode"
)

// beforeAnnounce handles what a session asks that has no agent yet: it may
// announce itself, and nothing else.
func (p *Place) beforeAnnounce(s *session, c *command) {
	i := &c.Interaction
	s.envelope = i.Envelope
	if i.To == PlaceID && i.Type == netcode.TypeRequest && c.verb == "announce" {
		p.announce(s, c)
		return
	}
	p.violation(s, "interaction before the announce", "verb", c.verb)
	if i.Type == netcode.TypeRequest && !s.refused {
		_ = p.answer(s, i, c.verb, "error", "announce yourself first")
	}
}

var announceVerb = official{
	name: "announce",
	answer: func(r *Request) {
		r.Answer("error", uint64(netcode.CodeBadAnnounce), "announced already")
	},
	describes: func(c *command) any {
		if c.announceErr != nil {
			return nil
		}
		return c.announce.Avatar
	},
	uses: usesEntities,
}

// announce lets an agent in (netcode/PROTOCOL.md, "Connections" and "announce").
func (p *Place) announce(s *session, c *command) {
	a, i := &c.announce, &c.Interaction
	if c.announceErr != nil {
		p.refuse(s, i, netcode.CodeBadAnnounce, c.announceErr.Error())
		return
	}
	d, ok := dialect(a.Version, i.Envelope)
	if !ok {
		p.refuse(s, i, netcode.CodeOutdatedVersion, fmt.Sprintf(
			"this place speaks protocol versions %d to %d, not %d; please update your app",
			netcode.MinVersion, netcode.MaxVersion, a.Version))
		return
	}
	auth, err := netcode.ParseAuth(a.Identity)
	switch {
	case err != nil:
		p.refuse(s, i, netcode.CodeBadAnnounce, err.Error())
	case auth.Key != nil || auth.AsksPlace():
		p.challenge(s, c, auth, d)
	default:
		p.consider(s, c, d)
	}
}

// consider asks the rules, the behaviour and the host about an announce, with nothing
// left to prove.
func (p *Place) consider(s *session, c *command, d *netcode.Dialect) {
	a, i := &c.announce, &c.Interaction
	if verdict := p.decideAnnounce(c); verdict.Verdict == acl.Deny {
		p.deny(s, c, verdict)
		return
	}
	p.dispatch(&Request{
		Type: netcode.TypeRequest, To: PlaceID, ID: i.RequestID, Verb: "announce", Args: c.shapes[0].([]any)[1:],
		Agent: Agent{Identity: a.Identity, Version: a.Version, Verified: c.auth.KeyText(), Bound: c.bound},
		place: p, turn: &p.host, announce: &newcomer{session: s, command: c, dialect: d, token: takeToken(a.Avatar)},
	})
}

// newcomer is who asks to be let in, and may be.
type newcomer struct {
	session *session
	command *command
	dialect *netcode.Dialect
	token   string // of the launch that it comes of, if it does
}

// letIn makes an agent of it.
func (n *newcomer) letIn(r *Request) {
	if n.resume(r) {
		return
	}
	ag, err := r.place.join(n.session, n.command, n.dialect)
	var byRule *denied
	if errors.As(err, &byRule) {
		r.Answer("error", uint64(netcode.CodeDenied), err.Error())
		return
	}
	if err != nil {
		code := netcode.CodeBadAnnounce
		if full := (*memory.FullError)(nil); errors.As(err, &full) {
			code = netcode.CodeFull
		}
		r.Answer("error", uint64(code), err.Error())
		return
	}
	r.Answer(ag.avatar, r.place.cfg.Name)
	r.place.appCame(n.token, ag)
	r.place.joined(ag)
}

// joined tells who wants to hear it that an agent has come.
func (p *Place) joined(a *agent) {
	p.kept.keepAgent(a)
	if p.cfg.Joined != nil {
		p.cfg.Joined(&p.host, a.public())
	}
	p.hooks.doorkeeper.Joined(&p.host, a.public())
}

// answer answers an announce. If the host's answer does not name the agent's avatar, the
// agent is disconnected.
func (n *newcomer) answer(p *Place, items []any) {
	i := &n.command.Interaction
	if in := n.session.agent; in != nil && len(items) > 0 && items[0] == in.avatar {
		p.counts.interaction("announce", outcomeOK)
		_ = p.answer(n.session, i, append([]any{"announce"}, items...)...)
		return
	}
	code, why := netcode.CodeDenied, "this place does not let you in"
	for _, item := range items {
		switch item := item.(type) {
		case float64:
			if items[0] == "error" {
				code = uint32(item)
			}
		case string:
			why = item
		}
	}
	p.refuse(n.session, i, code, why)
}

// decideAnnounce reports whether an announce may pass: in both shapes that there are,
// whatever shape and order it came in, so that none slips past a rule for the other. A
// rule that denies one of them decides, then one that allows one.
func (p *Place) decideAnnounce(c *command) (d acl.Decision) {
	var allowed acl.Decision
	for _, shape := range c.shapes {
		as := *c
		as.From, as.body = "", shape // it has no entity yet, whatever it says
		d = p.decide(&as)
		switch {
		case d.Rule != nil && d.Verdict == acl.Deny:
			return d
		case d.Rule != nil:
			allowed = d
		}
	}
	if allowed.Rule != nil {
		return allowed
	}
	return d
}

// deny refuses an announce that a rule denies.
func (p *Place) deny(s *session, c *command, d acl.Decision) {
	if spoken, _ := dialect(c.announce.Version, c.Envelope); !spoken.DeniedAsResponse && !c.Envelope {
		p.log.Info("refused an announce", "from", s.from, "code", netcode.CodeDenied, "reason", d.Reason())
		p.counts.interaction("announce", outcomeDenied)
		p.tellDenied(s, c, d)
		p.disconnect(s, netcode.CodeDenied)
		return
	}
	p.refuse(s, &c.Interaction, netcode.CodeDenied, "denied by "+d.Reason())
}

// dialect finds what a version speaks. Version 0 is known by its envelope, and
// otherwise speaks like version 1.
func dialect(version int, envelope bool) (*netcode.Dialect, bool) {
	if envelope && version == 0 {
		version = 1
	}
	return netcode.DialectOf(version)
}

// refuse answers an announce with an error and disconnects once that has arrived.
// C clients take anything but "error" there for an avatar id.
func (p *Place) refuse(s *session, i *netcode.Interaction, code uint32, why string) {
	p.log.Info("refused an announce", "from", s.from, "code", code, "reason", why)
	outcome := outcomeError
	if code == netcode.CodeDenied {
		outcome = outcomeDenied
	}
	p.counts.interaction("announce", outcome)
	_ = p.answer(s, i, "announce", "error", uint64(code), why)
	p.disconnect(s, code)
}
