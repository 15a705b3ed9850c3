package sched

import (
	"cmp"
	"maps"

	"github.com/loci-place/loci/engine"
)

// Quotas divide what scripts may run from one heartbeat to the next, in instructions.
// The place's own doings (ticks, timers, tasks and what follows from them) have one
// pool, and what agents cause has another, of which each agent may use as much as it
// leaves for the others. What does not fit waits for the next heartbeat, with the quota
// Of its cause: the agents that used least go first, so that one that has the
// scripts do much only delays itself.
type Quotas struct {
	limits *Limits
	Place  *Quota            // of the place's own doing
	agents int64             // left in the agents' pool
	by     map[string]*Quota // of agents by their ids, of addresses behind an "@"
	acting *Quota            // on whose account scripts run at the moment, nil between calls
	begun  *Quota            // whose work was found to fit, and is under way
}

// Quota is what one agent, one address of newcomers, or the place itself has scripts do.
type Quota struct {
	who   string // "" = the place itself
	left  int64  // of the place's own pool
	used  int64  // of the agents' pool, lately: halved with every heartbeat
	held  []Work // waits for the next heartbeat, the oldest first
	asked int    // of these, how many are requests
	Kept  kept
}

// kept is how many things a quota's owner has scripts keep.
type kept struct{ Timers, Tasks int }

// Work is something scripts have to do.
type Work struct {
	By      *Quota
	depth   int // how many events led to it
	request bool
	Must    bool // not be dropped, however much waits
	Run     func()
}

func newQuotas(limits *Limits) Quotas {
	return Quotas{limits: limits, Place: &Quota{}, by: map[string]*Quota{}}
}

// Of returns an agent's quota; "" and the place's id are the place itself.
func (q *Quotas) Of(agent string) *Quota {
	if agent == "" || agent == engine.PlaceID {
		return q.Place
	}
	return q.named(agent)
}

// cause is the quota of what makes something happen: the one on whose account a script
// runs, or whose command is carried out.
func (q *Quotas) cause(t *engine.Turn) *Quota {
	if q.acting != nil {
		return q.acting
	}
	c := t.Cause()
	if c.Agent == "" && c.Address.IsValid() {
		return q.named("@" + c.Address.String())
	}
	return q.Of(c.Agent)
}

func (q *Quotas) named(who string) *Quota {
	a := q.by[who]
	if a == nil {
		a = &Quota{who: who}
		q.by[who] = a
	}
	return a
}

// Act calls f on a quota's account.
func (q *Quotas) Act(by *Quota, f func()) {
	defer func(before *Quota) { q.acting = before }(q.acting)
	q.acting = by
	f()
}

// LeftToPlace reports whether more than a part of the place's own pool is left.
func (q *Quotas) LeftToPlace(part float64) bool {
	return float64(q.Place.left) > part*float64(q.limits.Heartbeat)
}

// IsPlace reports whether a quota is the place's own.
func (q *Quotas) IsPlace(by *Quota) bool { return by == q.Place }

// Open reports whether a call may start: the place's, while something is left in its
// pool; an agent's, while no less is left in the agents' than it has used itself. So the
// first takes half at most, and there always is something for one that comes late.
func (q *Quotas) Open(by *Quota) bool {
	switch {
	case by == q.begun:
		return true
	case by == q.Place:
		return by.left > 0
	}
	return q.agents > 0 && by.used <= q.agents
}

// fits reports whether work may begin at once: nothing of the same quota waits before it.
func (q *Quotas) fits(by *Quota) bool { return q.Open(by) && (len(by.held) == 0 || by == q.begun) }

// charge takes what a call used.
func (q *Quotas) charge(by *Quota, instructions int64) {
	if by == q.Place {
		by.left -= instructions
		return
	}
	q.agents -= instructions
	by.used += instructions
}

// RefillWith begins a heartbeat, with so much for the place and for agents.
func (q *Quotas) RefillWith(place, agents int64) {
	q.Place.left, q.agents = place, agents
	maps.DeleteFunc(q.by, func(_ string, a *Quota) bool {
		a.used /= 2
		return a.used == 0 && len(a.held) == 0 && a.Kept == kept{}
	})
}

// hold has work wait. More than a limit of an agent's requests, or of what else it
// causes, is not taken.
func (q *Quotas) hold(w Work) bool {
	a := w.By
	most := q.limits.Queue
	if a != q.Place {
		most /= heldPart
	}
	switch {
	case w.request && a.asked >= q.limits.Deferred:
		return false
	case w.request:
		a.asked++
	case !w.Must && len(a.held)-a.asked >= most:
		return false
	}
	a.held = append(a.held, w)
	return true
}

// heldPart is what part of [Limits].Queue may be one agent's.
const heldPart = 16

// next takes work that has waited: the place's own first, for half of what it may run,
// as timers and ticks come later; then of the agent that has used least.
func (q *Quotas) next() (Work, bool) {
	if q.Place.left > q.limits.Heartbeat/2 {
		if w, ok := q.Place.take(q); ok {
			return w, true
		}
	}
	var least *Quota
	for _, a := range q.by {
		if len(a.held) > 0 && q.Open(a) &&
			(least == nil || cmp.Or(cmp.Compare(a.used, least.used), cmp.Compare(a.who, least.who)) < 0) {
			least = a
		}
	}
	if least == nil {
		return Work{}, false
	}
	return least.take(q)
}

func (a *Quota) take(q *Quotas) (w Work, ok bool) {
	if len(a.held) == 0 || !q.Open(a) {
		return w, false
	}
	w, a.held[0] = a.held[0], Work{}
	a.held = a.held[1:]
	if w.request {
		a.asked--
	}
	return w, true
}

// ForgetKept is for a new generation, which has nothing of what the one before kept.
func (q *Quotas) ForgetKept() {
	for _, a := range q.by {
		a.Kept = kept{}
	}
}

// Known returns how many agents and addresses have a quota.
func (q *Quotas) Known() int { return len(q.by) }

// Waiting returns how much work waits.
func (q *Quotas) Waiting() int {
	n := len(q.Place.held)
	for _, a := range q.by {
		n += len(a.held)
	}
	return n
}

// Crowds reports whether one more of something would be too many: of all, there may be a
// limit, and of one agent's as many as it leaves room for.
func (q *Quotas) Crowds(by *Quota, mine, all, limit int) bool {
	return all >= limit || by != q.Place && mine >= limit-all
}
