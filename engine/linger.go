package engine

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/loci-place/loci/netcode"
)

// lostWhy is what who asks an agent is told that is waited for.
const lostWhy = "the recipient has lost its connection; it may come back"

// away reports whether the agent has no connection, and is waited for.
func (a *agent) away() bool { return !a.until.IsZero() }

// comesBack reports whether an agent may come back after the place was killed.
func (p *Place) comesBack(agentID string) bool {
	a := p.agents[agentID]
	return a != nil && a.verified != "" && p.cfg.Linger > 0
}

// mayWait reports whether an agent that loses its connection now is waited for.
func (p *Place) mayWait(a *agent) bool {
	return a.verified != "" && p.cfg.Linger > 0 && !p.closed.Load() && p.makeRoom(a)
}

// makeRoom lets agents go that are waited for, where there are too many with one more, and
// reports whether that one may stay. Nobody's place is taken by strangers: those go that come
// from the address, or have the key, with most, and of them the one that was here for the
// shortest time.
func (p *Place) makeRoom(a *agent) bool {
	limits := &p.cfg.Limits
	a.stayed = p.now().Sub(a.since)
	for {
		all := []*agent{a}
		for _, o := range p.order {
			if o.away() && o != a {
				all = append(all, o)
			}
		}
		goes := graceRanks{all: all, addr: a.from(), weigh: one}.first(limits.LingeringPerAddress)
		if goes == nil {
			goes = graceRanks{all: all, weigh: one}.first(limits.Lingering)
		}
		if goes == nil {
			goes = graceRanks{all: all, weigh: func(a *agent) int { return p.world.CountOwned(a.id) }}.first(limits.LingeringEntities)
		}
		switch {
		case goes == nil:
			return true
		case goes == a:
			a.log.Info("lost its connection; it is not waited for, as too many are")
			return false
		}
		goes.log.Info("is not waited for any longer, as too many are")
		p.depart(goes, netcode.CodeConnectionLost)
	}
}

func (a *agent) from() netip.Addr { return a.session.from.Addr() }

// graceRanks ranks agents that are waited for.
type graceRanks struct {
	all   []*agent
	addr  netip.Addr         // only those from there; of all if it is not valid
	weigh func(a *agent) int // what each counts for
}

func one(*agent) int { return 1 }

// first returns the agent that is to go first, where they weigh more than so much; else nil.
func (r graceRanks) first(most int) (goes *agent) {
	total, byAddr, byKey := 0, map[netip.Addr]int{}, map[string]int{}
	among := func(a *agent) bool { return !r.addr.IsValid() || a.from() == r.addr }
	for _, a := range r.all {
		if !among(a) {
			continue
		}
		w := r.weigh(a)
		total += w
		byKey[a.verified] += w
		if a.from().IsValid() {
			byAddr[a.from()] += w
		}
	}
	if total <= most {
		return nil
	}
	weight := func(a *agent) int { return max(byAddr[a.from()], byKey[a.verified]) }
	for _, a := range r.all {
		if !among(a) {
			continue
		}
		if goes == nil || cmp.Or(-cmp.Compare(weight(a), weight(goes)), cmp.Compare(a.stayed, goes.stayed)) < 0 {
			goes = a
		}
	}
	return goes
}

// waiting is how many are waited for.
func (p *Place) waiting() (n int) {
	for _, a := range p.order {
		if a.away() {
			n++
		}
	}
	return n
}

// await keeps an agent whose connection is lost, as it stands, for a while. Nothing of
// its intent stays in force.
func (p *Place) await(a *agent) {
	p.lose(a)
	a.until = p.now().Add(p.cfg.Linger)
	a.log.Info("lost its connection; waiting for it", "for", p.cfg.Linger)
}

// lose takes an agent's connection from it. What it was asked is answered in its stead.
func (p *Place) lose(a *agent) {
	p.detach(a)
	p.media.Suspend(a.media)
	p.abandon(a, lostWhy)
}

// giveUpWaiting lets those go that have not come back in time.
func (p *Place) giveUpWaiting(now time.Time) {
	over := func(a *agent) bool { return a.away() && !now.Before(a.until) }
	for i := slices.IndexFunc(p.order, over); i >= 0; i = slices.IndexFunc(p.order, over) {
		p.depart(p.order[i], netcode.CodeConnectionLost)
	}
}

// dismiss sends an agent away, whether or not it is connected.
func (p *Place) dismiss(a *agent, code uint32) {
	if a.away() {
		p.depart(a, code)
		return
	}
	p.disconnect(a.session, code)
}

// resume gives who announces itself the agent back that it was, if it asks for that and
// has proven to be it. It is false where there is none to give back: then it joins as
// anybody does.
func (n *newcomer) resume(r *Request) (done bool) {
	p, auth := r.place, &n.command.auth
	a := p.owner(auth.Resume)
	if a == nil { // or what stands there is what it left behind
		return false
	}
	switch {
	case a.avatar != auth.Resume || a.verified != auth.KeyText():
		r.Answer("error", uint64(netcode.CodeUnproven), fmt.Sprintf("%.100q is not the avatar of an agent with the key that you have proven", auth.Resume))
		return true
	case a.bound && !n.command.bound:
		r.Answer("error", uint64(netcode.CodeUnproven), fmt.Sprintf("the proof of %.100q was bound to this place, and yours is not", auth.Resume))
		return true
	case a.dialect != n.dialect:
		r.Answer("error", uint64(netcode.CodeBadAnnounce), fmt.Sprintf("the agent that you were spoke version %d", a.version))
		return true
	case !a.away(): // the place has not noticed yet, or it was never lost
		old := a.session
		p.lose(a)
		p.backlogs.end(old.backlog)
		p.transport.Disconnect(old.conn, netcode.CodeResumed)
	}
	a.until, a.ids, a.bound = time.Time{}, ids{}, n.command.bound
	p.attach(a, n.session)
	p.media.Resume(a.media, n.session.conn, &n.session.voice)
	a.log.Info("came back", "from", n.session.from)
	r.Answer(a.avatar, p.cfg.Name)
	return true
}
