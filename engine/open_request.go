package engine

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/loci-place/loci/netcode"
)

// request is one that waits for another agent's response.
type request struct {
	n        int // of all that agents were asked
	id       string
	from, to string // entities
	verb     string
	asker    *agent
	asked    *agent
	since    time.Time
	closed   bool
}

// ask notes a request to another agent.
func (a *agent) ask(to *agent, c *command) {
	a.place.questions++
	r := &request{
		n:  a.place.questions,
		id: c.RequestID, from: c.From, to: c.To, verb: c.verb, asker: a, asked: to, since: to.place.now(),
	}
	a.asked[r.id] = r
	to.owes[r] = true
	a.queue = append(a.queue, r)
	if len(a.queue) > 2*len(a.asked)+64 {
		a.queue = slices.DeleteFunc(a.queue, func(r *request) bool { return r.closed })
	}
}

// waits returns the open request that a response of somebody's would answer, nil if there
// is none.
func (a *agent) waits(c *command, by *agent) *request {
	r := a.asked[c.RequestID]
	if r == nil || r.asked != by || r.to != c.From || r.from != c.To {
		return nil
	}
	return r
}

// open is how many of its requests wait for an answer.
func (a *agent) open() int { return len(a.asked) + int(a.pending.Load()) }

func (r *request) close() {
	r.closed = true
	if r.asker.asked[r.id] == r {
		delete(r.asker.asked, r.id)
	}
	delete(r.asked.owes, r)
}

// giveUp answers in the stead of who was asked.
func (r *request) giveUp(why string) {
	r.close()
	r.asked.late.use(lateKey(r.asker, r.id), lateAnswers)
	i := netcode.Interaction{From: r.from, RequestID: r.id}
	_ = r.asker.place.answer(r.asker.session, &i, r.verb, "error", why)
}

// answerInstead ends the request that an agent's response would have answered, which
// cannot be passed on.
func (p *Place) answerInstead(a *agent, response *command, why string) {
	p.giveUpAsking(why, func(q *Asking) bool {
		return q.id == response.RequestID && q.agent == a && q.to == response.From && q.from == response.To
	})
	if to := p.owner(response.To); to != nil {
		if r := to.waits(response, a); r != nil {
			r.giveUp(why)
		}
	}
}

// lateAnswers is how many requests are remembered that an agent, or the place in its stead,
// has answered: another answer is no violation.
const lateAnswers = 1024

func lateKey(asker *agent, id string) string { return asker.id + " " + id }

// giveUpOldest gives up the oldest open request, if it has waited long enough, and
// reports whether it did. Many apps answer nothing that they do not expect an answer to.
func (a *agent) giveUpOldest(patience time.Duration) bool {
	for len(a.queue) > 0 && a.queue[0].closed {
		a.queue = a.queue[1:]
	}
	if len(a.queue) == 0 || a.place.now().Sub(a.queue[0].since) < patience {
		return false
	}
	a.queue[0].giveUp("the recipient has not answered")
	return true
}

// abandon settles the requests of an agent whose connection is gone: those it was asked
// are answered in its stead.
func (p *Place) abandon(a *agent, why string) {
	for _, r := range unsettled(func(*request) bool { return true }, a) {
		if r.asker != a {
			r.giveUp(why)
			continue
		}
		r.close()
		r.asked.late.use(lateKey(a, r.id), lateAnswers)
	}
	p.giveUpAsking(why, func(q *Asking) bool { return q.agent == a })
}

// orphan settles agents' requests of entities that are gone while they stay.
func orphan(gone map[string]bool, agents ...*agent) {
	for _, r := range unsettled(func(r *request) bool { return gone[r.to] || gone[r.from] }, agents...) {
		if gone[r.to] {
			r.giveUp("the recipient is gone")
		} else {
			r.giveUp("the sender is gone")
		}
	}
}

// unsettled gives some of the open requests that agents have made or were asked, in the
// order they were made: in that order they are answered for.
func unsettled(which func(r *request) bool, agents ...*agent) []*request {
	open := map[int]*request{} // one may be on two agents' lists
	note := func(r *request) {
		if which(r) {
			open[r.n] = r
		}
	}
	for _, a := range agents {
		for r := range a.owes {
			note(r)
		}
		for _, r := range a.asked {
			note(r)
		}
	}
	return slices.SortedFunc(maps.Values(open), func(a, b *request) int { return cmp.Compare(a.n, b.n) })
}
