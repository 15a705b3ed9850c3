package engine

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/loci-place/loci/netcode"
)

// Answered hears, on the place's turn, what came of a request of the host's: the items
// behind the verb, or why there will be none.
type Answered func(answer []any, err error)

// Asking is a request of the host's that waits for an answer.
type Asking struct {
	place    *Place
	n        int // of all that agents were asked
	id       string
	from, to string // entities
	agent    *agent // who is asked
	done     Answered
}

// Ask asks an entity something on behalf of one of the place's own, and has done hear
// the answer; at once, before Ask returns, where the entity is the place's too or
// there is nobody to ask. Nil is returned then. Agents may take as long as they like
// to answer, see [Asking.Cancel].
func (t *Turn) Ask(from, to string, body []any, done Answered) *Asking {
	p := t.on()
	verb, ok := text(body, 0)
	data, err := netcode.EncodeBody(body)
	switch a := p.owner(to); {
	case err != nil:
		done(nil, fmt.Errorf("engine: Turn.Ask: %w", err))
	case !ok || verb == "announce":
		done(nil, fmt.Errorf("a request begins with a verb, and is no announce"))
	case !p.isOurs(from):
		done(nil, fmt.Errorf("%w of the place's: %.100q", ErrNoEntity, from))
	case p.isOurs(to):
		p.askOurselves(from, to, plainItems(body, data), done)
	case a == nil:
		done(nil, fmt.Errorf("%w %.100q", ErrNoEntity, to))
	case a.away():
		done(nil, errors.New(lostWhy))
	case a.session.envelope:
		done(nil, fmt.Errorf("the recipient speaks version 0 and cannot answer"))
	default:
		if err := p.ofPlace(a, len(data)); err != nil {
			done(nil, err)
			return nil
		}
		p.questions++
		asking := &Asking{place: p, n: p.questions, id: fmt.Sprintf("place%d", p.questions), from: from, to: to, agent: a, done: done}
		p.asking[asking.id] = asking
		_ = p.sendFor(PlaceID, a.session, &netcode.Interaction{
			Type: netcode.TypeRequest, From: from, To: to, RequestID: asking.id, Body: data,
		})
		return asking
	}
	return nil
}

// askOurselves asks an entity of the place's own. No official verb answers it: the host
// does by [Turn] what they do.
func (p *Place) askOurselves(from, to string, body []any, done Answered) {
	p.dispatch(&Request{
		Type: netcode.TypeRequest, From: from, To: to, Verb: body[0].(string), Args: body[1:],
		Agent: Agent{ID: PlaceID, Avatar: PlaceID}, place: p, turn: &p.host, done: done,
	})
}

// Cancel returns the request up: nothing is heard of it any more.
func (q *Asking) Cancel() {
	if q.place.asking[q.id] == q {
		delete(q.place.asking, q.id)
		q.agent.late.use(q.id, lateAnswers)
	}
}

// answer ends the request.
func (q *Asking) answer(items []any, err error) {
	delete(q.place.asking, q.id)
	q.done(items, err)
}

// hear takes a response to one of the host's requests.
func (p *Place) hear(a *agent, c *command) {
	q := p.asking[c.RequestID]
	switch {
	case c.RequestID == "", // to what was one-way
		q == nil && a.late.has(c.RequestID), // answered or cancelled
		q != nil && q.agent == a && (q.to != c.From || q.from != c.To):
		p.ignore(c)
	case q == nil || q.agent != a:
		p.reject(a, c, "a response to no open request")
	default:
		a.late.use(q.id, lateAnswers)
		q.answer(c.args, nil)
	}
}

// giveUpAsking ends the host's requests that nobody will answer any more, in the order
// they were made.
func (p *Place) giveUpAsking(why string, which func(q *Asking) bool) {
	var over []*Asking
	for _, q := range p.asking {
		if which(q) {
			over = append(over, q)
		}
	}
	slices.SortFunc(over, func(a, b *Asking) int { return cmp.Compare(a.n, b.n) })
	for _, q := range over {
		if p.asking[q.id] == q { // hearing of one, the host may have cancelled others
			q.agent.late.use(q.id, lateAnswers)
			q.answer(nil, fmt.Errorf("%s", why))
		}
	}
}
