package engine

import (
	"fmt"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/netcode"
)

// route carries an interaction where it belongs (netcode/PROTOCOL.md, "Interactions").
func (p *Place) route(a *agent, c *command) {
	if c.From == "" {
		c.From = a.avatar
	}
	if c.Envelope && c.Type == netcode.TypeRequest { // an announce in the envelope
		_ = p.answer(a.session, &c.Interaction, "announce", "error", uint64(netcode.CodeBadAnnounce), "announced already")
		return
	}
	if c.Type != netcode.TypeRequest && p.world.Entity(c.From) == nil && (c.Type == netcode.TypeResponse || a.removed.has(c.From)) {
		p.ignore(c) // of an entity that is gone: the place has answered for it
		return
	}
	if why := p.checkSender(a, c); why != "" {
		p.reject(a, c, why)
		return
	}
	if !c.carried() {
		p.reject(a, c, fmt.Sprintf("unknown type %.100q", c.Type))
		return
	}
	d := p.decide(c)
	if d.Verdict == acl.Deny {
		if instead, ok := p.hanging().detach(asker{agent: a.id, from: c.From}, c); ok {
			d, c.detaches = instead, true
		}
	}
	if d.Verdict == acl.Deny {
		p.denied(a, c, d)
		return
	}
	switch {
	case c.Type == netcode.TypeRequest:
		p.request(a, c)
	case c.Type == netcode.TypeResponse:
		p.respond(a, c)
	case c.IsOneway():
		p.oneway(a, c)
	default:
		p.counts.interaction(c.verb, outcomeCarried)
		_ = p.publish(a, &c.Interaction, c.body.([]any))
	}
}

// carried reports whether the type is one of those that agents may send.
func (c *command) carried() bool {
	return c.IsOneway() || c.Type == netcode.TypeRequest || c.Type == netcode.TypeResponse || c.Type == netcode.TypePublication
}

func (p *Place) checkSender(a *agent, c *command) string {
	limit := p.cfg.Limits.NameBytes
	for _, s := range [...]string{c.From, c.To, c.RequestID, c.Type, c.verb} {
		if len(s) > limit {
			return fmt.Sprintf("an id, the type or the verb is longer than %d bytes", limit)
		}
	}
	if c.hasNUL {
		return "the body holds a NUL, at which some agents would end it"
	}
	if p.owner(c.From) != a {
		return fmt.Sprintf("you do not own %.100q", c.From)
	}
	if c.verb == "" {
		return "the body must be a list that begins with a string"
	}
	if c.Type == netcode.TypePublication && (c.To != "" || c.verb == "announce") {
		return "a publication has no recipient, and is no announce"
	}
	return ""
}

// ignore drops what well-meaning agents send too.
func (p *Place) ignore(c *command) { p.counts.interaction(c.verb, outcomeRejected) }

// reject answers a request that cannot be carried; anything else is dropped and
// counted.
func (p *Place) reject(a *agent, c *command, why string) {
	p.counts.interaction(c.verb, outcomeRejected)
	if c.Type == netcode.TypeRequest && c.RequestID != "" {
		_ = p.answer(a.session, &c.Interaction, c.verb, "error", why)
		return
	}
	if c.Type == netcode.TypeResponse {
		p.answerInstead(a, c, "the answer could not be passed on: "+why)
	}
	p.violation(a.session, why, "type", c.Type)
}

func (p *Place) request(a *agent, c *command) {
	to, ours := p.owner(c.To), p.isOurs(c.To)
	switch {
	case c.RequestID == "":
		p.reject(a, c, "a request needs an id")
	case a.asked[c.RequestID] != nil || !a.ids.use(c.RequestID, p.cfg.Limits.RequestIDs):
		p.reject(a, c, fmt.Sprintf("request id %.100q has been used", c.RequestID))
	case c.To != PlaceID && c.verb == "announce":
		p.reject(a, c, "only a place can be announced to")
	case !ours && to == nil:
		p.reject(a, c, fmt.Sprintf("there is nobody to ask at %.100q", c.To))
	case to != nil && to.away():
		p.reject(a, c, lostWhy)
	case to != nil && to.session.envelope:
		p.reject(a, c, "the recipient speaks version 0 and cannot answer")
	case a.open() >= p.cfg.Limits.Requests && !a.giveUpOldest(p.cfg.Limits.RequestPatience):
		why := fmt.Sprintf("%d requests wait for an answer already", a.open())
		p.limited(a.session, a.log, limitRequests, why)
		p.reject(a, c, why)
	case ours:
		p.askPlace(a, c)
	default:
		if why := p.cannotReach(a, to, c); why != "" {
			p.reject(a, c, why)
			return
		}
		p.noteOffers(a, to, c)
		a.ask(to, c)
		p.carry(a, to, c)
	}
}

// respond takes a response to who asked for it, if it is from who was asked.
func (p *Place) respond(a *agent, c *command) {
	if p.isOurs(c.To) {
		p.hear(a, c)
		return
	}
	to := p.owner(c.To)
	if to == nil || to.away() {
		return // left meanwhile: no fault of the sender's
	}
	r, asked := to.waits(c, a), to.asked[c.RequestID]
	switch {
	case r != nil:
	case c.RequestID == "", // to what was one-way
		asked == nil && a.late.has(lateKey(to, c.RequestID)), // answered, by it or in its stead
		asked != nil && asked.asked == a:                     // by or to another entity of the same agent
		p.ignore(c)
		return
	default:
		p.reject(a, c, "a response to no open request")
		return
	}
	if c.verb == "announce" {
		r.giveUp("the recipient answered with an announce")
		p.reject(a, c, "only a place can answer an announce")
		return
	}
	if why := p.cannotReach(a, to, c); why != "" {
		p.ignore(c)
		r.giveUp("the answer could not be passed on: " + why)
		return
	}
	r.close()
	a.late.use(lateKey(to, r.id), lateAnswers)
	p.noteOffers(a, to, c)
	p.carry(a, to, c)
}

func (p *Place) oneway(a *agent, c *command) {
	to := p.owner(c.To)
	switch {
	case c.verb == "announce":
		p.reject(a, c, "only a place can be announced to")
	case p.isOurs(c.To):
		p.askPlace(a, c)
	case to == nil || to.away():
	case p.cannotReach(a, to, c) != "":
		p.ignore(c)
	default:
		p.noteOffers(a, to, c)
		p.carry(a, to, c)
	}
}

// carry takes an interaction to the agent that it is for.
func (p *Place) carry(a, to *agent, c *command) {
	p.counts.interaction(c.verb, outcomeCarried)
	_ = p.sendFor(a.id, to.session, &c.Interaction)
}

// answer is the place's response to a request of a session's.
func (p *Place) answer(s *session, i *netcode.Interaction, body ...any) error {
	to := i.From
	if to == "" && s.agent != nil { // the announce
		to = s.agent.avatar
	}
	return p.send(s, &netcode.Interaction{
		Type: netcode.TypeResponse, From: PlaceID, To: to, RequestID: i.RequestID,
		Body: netcode.AppendValue(nil, body),
	})
}

// send sends a session what its agent makes the place answer.
func (p *Place) send(s *session, i *netcode.Interaction) error { return p.sendFor(toItself, s, i) }

// sendFor puts an interaction on a session's command channel, in the form it speaks. Who sends
// it is for the session's backlog.
func (p *Place) sendFor(sender string, s *session, i *netcode.Interaction) error {
	out := *i
	out.Envelope = s.envelope
	packet := netcode.Packet{Channel: netcode.CommandChannel, Reliable: true, Data: out.Append(nil)}
	if sender == toItself && p.backlogs.full(s.backlog, len(packet.Data)) {
		return fmt.Errorf("%w from %v", ErrQueueFull, s.from)
	}
	p.counts.sent(netcode.KindCommand, s.version(), len(packet.Data), 1)
	err := p.transport.Send(packet, s.conn)
	p.backlogs.add(s.backlog, sender, len(packet.Data))
	if err != nil {
		p.sessionLog(s).Warn("interaction not sent", "verb", netcode.BodyVerb(i.Body), "error", err)
	}
	return err
}
