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
func (p *Place) route(a *agent, i *netcode.Interaction) {
	if i.From == "" {
		i.From = a.avatar
	}
	if i.Envelope && i.Type == netcode.TypeRequest { // an announce in the envelope
		p.answer(a.session, i, "announce", "error", uint64(netcode.CodeBadAnnounce), "announced already")
		return
	}
	if why := p.checkSender(a, i); why != "" {
		p.reject(a, i, why)
		return
	}
	switch {
	case i.Type == netcode.TypeRequest:
		p.request(a, i)
	case i.Type == netcode.TypeResponse:
		p.respond(a, i)
	case i.IsOneway():
		p.oneway(a, i)
	case i.Type == netcode.TypePublication:
		// Nobody can subscribe yet, so it is filtered out.
	default:
		p.reject(a, i, fmt.Sprintf("unknown type %q", i.Type))
	}
}

func (p *Place) checkSender(a *agent, i *netcode.Interaction) string {
	limit := p.cfg.Limits.NameBytes
	if len(i.From) > limit || len(i.To) > limit || len(i.RequestID) > limit {
		return fmt.Sprintf("an id is longer than %d bytes", limit)
	}
	if p.owner(i.From) != a {
		return fmt.Sprintf("you do not own %q", i.From)
	}
	if netcode.BodyVerb(i.Body) == "" {
		return "the body must be a list that begins with a string"
	}
	return ""
}

// reject answers a request that cannot be carried; anything else is dropped and
// counted.
func (p *Place) reject(a *agent, i *netcode.Interaction, why string) {
	if i.Type == netcode.TypeRequest && i.RequestID != "" {
		p.answer(a.session, i, netcode.BodyVerb(i.Body), "error", why)
		return
	}
	p.violation(a.session, why, "type", i.Type)
}

func (p *Place) request(a *agent, i *netcode.Interaction) {
	to := p.owner(i.To)
	switch {
	case i.RequestID == "":
		p.reject(a, i, "a request needs an id")
	case i.To == PlaceID:
		p.askPlace(a, i)
	case netcode.BodyVerb(i.Body) == "announce":
		p.reject(a, i, "only a place can be announced to")
	case to == nil:
		p.reject(a, i, fmt.Sprintf("there is nobody to ask at %q", i.To))
	case to.session.envelope:
		p.reject(a, i, "the recipient speaks version 0 and cannot answer")
	case a.asked[i.RequestID] != nil:
		p.reject(a, i, fmt.Sprintf("request id %q is in use", i.RequestID))
	case len(a.asked) >= p.cfg.Limits.Requests:
		p.reject(a, i, fmt.Sprintf("%d requests wait for an answer already", len(a.asked)))
	default:
		r := &request{
			id: i.RequestID, from: i.From, to: i.To, verb: netcode.BodyVerb(i.Body),
			asker: a, asked: to,
		}
		a.asked[r.id] = r
		to.owes[r] = true
		p.send(to.session, i)
	}
}

// respond takes a response to who asked for it, if it is from who was asked.
func (p *Place) respond(a *agent, i *netcode.Interaction) {
	to := p.owner(i.To)
	if to == nil {
		return // left meanwhile: no fault of the sender's
	}
	r := to.asked[i.RequestID]
	if r == nil || r.asked != a || r.to != i.From || r.from != i.To {
		p.reject(a, i, "a response to no open request")
		return
	}
	r.close()
	p.send(to.session, i)
}

func (r *request) close() {
	delete(r.asker.asked, r.id)
	delete(r.asked.owes, r)
}

func (p *Place) oneway(a *agent, i *netcode.Interaction) {
	if netcode.BodyVerb(i.Body) == "announce" {
		p.reject(a, i, "only a place can be announced to")
		return
	}
	if to := p.owner(i.To); to != nil {
		p.send(to.session, i)
	}
}

// abandon settles the requests of an agent that is gone: those it was asked are
// answered in its stead.
func (p *Place) abandon(a *agent) {
	for r := range a.owes {
		r.close()
		if r.asker != a {
			i := netcode.Interaction{Type: netcode.TypeRequest, From: r.from, To: r.to, RequestID: r.id}
			p.answer(r.asker.session, &i, r.verb, "error", "the recipient has left")
		}
	}
	for _, r := range a.asked {
		r.close()
	}
}

// answer is the place's response to a request of a session's.
func (p *Place) answer(s *session, i *netcode.Interaction, body ...any) {
	to := i.From
	if to == "" && s.agent != nil {
		to = s.agent.avatar
	}
	p.send(s, &netcode.Interaction{
		Type: netcode.TypeResponse, From: PlaceID, To: to, RequestID: i.RequestID,
		Body: netcode.AppendValue(nil, body),
	})
}

// send puts an interaction on a session's command channel, in the form it speaks.
func (p *Place) send(s *session, i *netcode.Interaction) {
	out := *i
	out.Envelope = s.envelope
	packet := netcode.Packet{Channel: netcode.CommandChannel, Reliable: true, Data: out.Append(nil)}
	if err := p.transport.Send(packet, s.conn); err != nil {
		p.sessionLog(s).Warn("interaction not sent", "verb", netcode.BodyVerb(i.Body), "error", err)
	}
}
