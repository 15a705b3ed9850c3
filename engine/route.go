package engine

import (
	"fmt"

	"github.com/loci-place/loci/netcode"
)

// request is one that waits for another agent's response.
type request struct {
	id       string
	from, to string // entities
	verb     string
	asker    *agent
	asked    *agent
}

// route carries an interaction where it belongs (protocol section 5).
func (p *Place) route(a *agent, c *command) {
	if c.From == "" {
		c.From = a.avatar
	}
	if c.Envelope && c.Type == netcode.TypeRequest { // an announce in the envelope
		_ = p.answer(a.session, &c.Interaction, "announce", "error", uint64(netcode.CodeBadAnnounce), "announced already")
		return
	}
	if c.Type == netcode.TypeResponse && p.owner(c.From) == nil {
		return // of an entity that is gone: the place has answered for it
	}
	if why := p.checkSender(a, c); why != "" {
		p.reject(a, c, why)
		return
	}
	switch {
	case c.Type == netcode.TypeRequest:
		p.request(a, c)
	case c.Type == netcode.TypeResponse:
		p.respond(a, c)
	case c.IsOneway():
		p.oneway(a, c)
	case c.Type == netcode.TypePublication:
		// Nobody can subscribe yet, so it is filtered out.
	default:
		p.reject(a, c, fmt.Sprintf("unknown type %q", c.Type))
	}
}

func (p *Place) checkSender(a *agent, c *command) string {
	limit := p.cfg.Limits.NameBytes
	if len(c.From) > limit || len(c.To) > limit || len(c.RequestID) > limit {
		return fmt.Sprintf("an id is longer than %d bytes", limit)
	}
	if p.owner(c.From) != a {
		return fmt.Sprintf("you do not own %q", c.From)
	}
	if c.verb == "" {
		return "the body must be a list that begins with a string"
	}
	return ""
}

// reject answers a request that cannot be carried; anything else is dropped and
// counted.
func (p *Place) reject(a *agent, c *command, why string) {
	if c.Type == netcode.TypeRequest && c.RequestID != "" {
		_ = p.answer(a.session, &c.Interaction, c.verb, "error", why)
		return
	}
	p.violation(a.session, why, "type", c.Type)
}

func (p *Place) request(a *agent, c *command) {
	to := p.owner(c.To)
	switch {
	case c.RequestID == "":
		p.reject(a, c, "a request needs an id")
	case !a.ids.use(c.RequestID, p.cfg.Limits.RequestIDs):
		p.reject(a, c, fmt.Sprintf("request id %q has been used", c.RequestID))
	case c.To == PlaceID:
		p.askPlace(a, c)
	case c.verb == "announce":
		p.reject(a, c, "only a place can be announced to")
	case to == nil:
		p.reject(a, c, fmt.Sprintf("there is nobody to ask at %q", c.To))
	case to.session.envelope:
		p.reject(a, c, "the recipient speaks version 0 and cannot answer")
	case len(a.asked) >= p.cfg.Limits.Requests:
		p.reject(a, c, fmt.Sprintf("%d requests wait for an answer already", len(a.asked)))
	default:
		r := &request{id: c.RequestID, from: c.From, to: c.To, verb: c.verb, asker: a, asked: to}
		a.asked[r.id] = r
		to.owes[r] = true
		_ = p.send(to.session, &c.Interaction)
	}
}

// respond takes a response to who asked for it, if it is from who was asked.
func (p *Place) respond(a *agent, c *command) {
	to := p.owner(c.To)
	if to == nil {
		return // left meanwhile: no fault of the sender's
	}
	r := to.asked[c.RequestID]
	if r == nil || r.asked != a || r.to != c.From || r.from != c.To {
		p.reject(a, c, "a response to no open request")
		return
	}
	if c.verb == "announce" {
		r.giveUp("the recipient answered with an announce")
		p.reject(a, c, "only a place can answer an announce")
		return
	}
	r.close()
	_ = p.send(to.session, &c.Interaction)
}

func (r *request) close() {
	delete(r.asker.asked, r.id)
	delete(r.asked.owes, r)
}

// giveUp answers in the stead of who was asked.
func (r *request) giveUp(why string) {
	r.close()
	i := netcode.Interaction{From: r.from, RequestID: r.id}
	_ = r.asker.place.answer(r.asker.session, &i, r.verb, "error", why)
}

func (p *Place) oneway(a *agent, c *command) {
	to := p.owner(c.To)
	switch {
	case c.verb == "announce":
		p.reject(a, c, "only a place can be announced to")
	case c.To == PlaceID:
		p.askPlace(a, c)
	case to != nil:
		_ = p.send(to.session, &c.Interaction)
	}
}

// abandon settles the requests of an agent that is gone: those it was asked are
// answered in its stead.
func (p *Place) abandon(a *agent) {
	for r := range a.owes {
		if r.asker == a {
			r.close()
		} else {
			r.giveUp("the recipient has left")
		}
	}
	for _, r := range a.asked {
		r.close()
	}
}

// orphan settles the requests of an entity that is gone while its owner, if it has
// one, stays.
func (p *Place) orphan(id string, owner *agent) {
	if owner == nil {
		return
	}
	for r := range owner.owes {
		if r.to == id {
			r.giveUp("the recipient is gone")
		}
	}
	for _, r := range owner.asked {
		if r.from == id {
			r.giveUp("the sender is gone")
		}
	}
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

// send puts an interaction on a session's command channel, in the form it speaks.
func (p *Place) send(s *session, i *netcode.Interaction) error {
	out := *i
	out.Envelope = s.envelope
	packet := netcode.Packet{Channel: netcode.CommandChannel, Reliable: true, Data: out.Append(nil)}
	err := p.transport.Send(packet, s.conn)
	if err != nil {
		p.sessionLog(s).Warn("interaction not sent", "verb", netcode.BodyVerb(i.Body), "error", err)
	}
	return err
}
