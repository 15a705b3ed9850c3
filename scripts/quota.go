package scripts

import (
	"cmp"
	"maps"

	"github.com/loci-place/loci/engine"
)

// quotas divide what scripts may run from one heartbeat to the next, in instructions.
// The place's own doings (ticks, timers, tasks and what follows from them) have one
// pool, and what agents cause has another, of which each agent may use as much as it
// leaves for the others. What does not fit waits for the next heartbeat, with the quota
// of whoever caused it: the agents that used least go first, so that one that has the
// scripts do much only delays itself.
type quotas struct {
	limits *Limits
	place  *quota            // of the place's own doing
	agents int64             // left in the agents' pool
	by     map[string]*quota // of agents by their ids, of addresses behind an "@"
	acting *quota            // on whose account scripts run at the moment, nil between calls
	begun  *quota            // whose work was found to fit, and is under way
}

// quota is what one agent, one address of newcomers, or the place itself has scripts do.
type quota struct {
	who   string // "" = the place itself
	left  int64  // of the place's own pool
	used  int64  // of the agents' pool, lately: halved with every heartbeat
	held  []work // waits for the next heartbeat, the oldest first
	asked int    // of these, how many are requests
	kept  kept
}

// kept is how many things a quota's owner has scripts keep.
type kept struct{ timers, tasks int }

// work is something scripts have to do.
type work struct {
	by      *quota
	depth   int // how many events led to it
	request bool
	must    bool // not be dropped, however much waits
	run     func(g *generation)
}

func newQuotas(limits *Limits) quotas {
	return quotas{limits: limits, place: &quota{}, by: map[string]*quota{}}
}

// of is an agent's quota; "" and the place's id are the place itself.
func (q *quotas) of(agent string) *quota {
	if agent == "" || agent == engine.PlaceID {
		return q.place
	}
	return q.named(agent)
}

// cause is the quota of whoever makes something happen: the one on whose account a script
// runs, or whose command is carried out.
func (q *quotas) cause(t *engine.Turn) *quota {
	if q.acting != nil {
		return q.acting
	}
	c := t.Cause()
	if c.Agent == "" && c.Address.IsValid() {
		return q.named("@" + c.Address.String())
	}
	return q.of(c.Agent)
}

func (q *quotas) named(who string) *quota {
	a := q.by[who]
	if a == nil {
		a = &quota{who: who}
		q.by[who] = a
	}
	return a
}

// act does something on a quota's account.
func (q *quotas) act(by *quota, f func()) {
	defer func(before *quota) { q.acting = before }(q.acting)
	q.acting = by
	f()
}

// open reports whether a call may start: the place's, while something is left in its
// pool; an agent's, while no less is left in the agents' than it has used itself. So the
// first takes half at most, and there always is something for one that comes late.
func (q *quotas) open(by *quota) bool {
	switch {
	case by == q.begun:
		return true
	case by == q.place:
		return by.left > 0
	}
	return q.agents > 0 && by.used <= q.agents
}

// fits reports whether work may begin at once: nothing of the same quota waits before it.
func (q *quotas) fits(by *quota) bool { return q.open(by) && (len(by.held) == 0 || by == q.begun) }

// charge takes what a call used.
func (q *quotas) charge(by *quota, instructions int64) {
	if by == q.place {
		by.left -= instructions
		return
	}
	q.agents -= instructions
	by.used += instructions
}

// refill begins a heartbeat, with so much for the place and for agents.
func (q *quotas) refill(place, agents int64) {
	q.place.left, q.agents = place, agents
	maps.DeleteFunc(q.by, func(_ string, a *quota) bool {
		a.used /= 2
		return a.used == 0 && len(a.held) == 0 && a.kept == kept{}
	})
}

// hold has work wait. More than a limit of an agent's requests, or of what else it
// causes, is not taken.
func (q *quotas) hold(w work) bool {
	a := w.by
	most := q.limits.Queue
	if a != q.place {
		most /= heldPart
	}
	switch {
	case w.request && a.asked >= q.limits.Deferred:
		return false
	case w.request:
		a.asked++
	case !w.must && len(a.held)-a.asked >= most:
		return false
	}
	a.held = append(a.held, w)
	return true
}

// heldPart is what part of [Limits].Queue may be one agent's.
const heldPart = 16

// next takes work that has waited: the place's own first, for half of what it may run,
// as timers and ticks come later; then of the agent that has used least.
func (q *quotas) next() (work, bool) {
	if q.place.left > q.limits.Heartbeat/2 {
		if w, ok := q.place.take(q); ok {
			return w, true
		}
	}
	var least *quota
	for _, a := range q.by {
		if len(a.held) > 0 && q.open(a) &&
			(least == nil || cmp.Or(cmp.Compare(a.used, least.used), cmp.Compare(a.who, least.who)) < 0) {
			least = a
		}
	}
	if least == nil {
		return work{}, false
	}
	return least.take(q)
}

func (a *quota) take(q *quotas) (w work, ok bool) {
	if len(a.held) == 0 || !q.open(a) {
		return w, false
	}
	w, a.held[0] = a.held[0], work{}
	a.held = a.held[1:]
	if w.request {
		a.asked--
	}
	return w, true
}

// forgetKept is for a new generation, which has nothing of what the one before kept.
func (q *quotas) forgetKept() {
	for _, a := range q.by {
		a.kept = kept{}
	}
}

// waiting is how much work waits.
func (q *quotas) waiting() int {
	n := len(q.place.held)
	for _, a := range q.by {
		n += len(a.held)
	}
	return n
}

// crowds reports whether one more of something would be too many: of all, there may be a
// limit, and of one agent's as many as it leaves room for.
func (q *quotas) crowds(by *quota, mine, all, limit int) bool {
	return all >= limit || by != q.place && mine >= limit-all
}
