package engine

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/engine/bucket"
)

// publications finds who is to hear of what. What it takes to try the subscriptions of an
// agent is that agent's to afford, not of the one who publishes, and is counted in steps of
// package acl: they are the same on every machine.
type publications struct {
	acl.Subscriptions
	given  int                    // of ids
	heard  map[string]Listen      // of the host's, by id
	owners map[string]*subscriber // the agents that have any
	took   time.Duration          // processor time of the turn that trying them has taken
}

// subscriber is an agent that has subscriptions.
type subscriber struct {
	subscriptions int
	used          bucket.Bucket // steps

	// Of the publication at hand.
	steps   int
	matched bool
	env     subscriberEnv
}

// stepsOfTry is what trying a subscription costs besides what it compares.
const stepsOfTry = 8

func (n *publications) subscribe(owner string, pattern *acl.Pattern) (id string) {
	n.given++
	id = fmt.Sprintf("sub%d", n.given)
	n.Add(acl.Subscription{ID: id, Owner: owner, Pattern: pattern})
	if owner != PlaceID {
		if n.owners == nil {
			n.owners = map[string]*subscriber{}
		}
		if n.owners[owner] == nil {
			n.owners[owner] = &subscriber{}
		}
		n.owners[owner].subscriptions++
	}
	return id
}

func (n *publications) unsubscribe(id string) {
	s, _ := n.Get(id)
	n.Remove(id)
	if o := n.owners[s.Owner]; o != nil {
		if o.subscriptions--; o.subscriptions == 0 {
			delete(n.owners, s.Owner)
		}
	}
}

// matching yields the subscriptions that a publication matches, of each agent one at most.
// Where that takes too many steps, those are not tried whose agents have had more than an
// even part.
func (p *Place) matching(body []any) iter.Seq[acl.Subscription] {
	return func(yield func(acl.Subscription) bool) {
		began := p.cpu()
		defer func() { p.news.took += p.cpu() - began }()
		now, left := p.now(), p.cfg.Limits.PublicationSteps
		even := left / max(1, len(p.news.owners))
		for _, o := range p.news.owners {
			o.steps, o.matched, o.env = 0, false, subscriberEnv{&placeEnv{place: p}}
		}
		ours := subscriberEnv{&placeEnv{place: p}}
		for s := range p.news.Candidates(body) {
			o := p.news.owners[s.Owner]
			if o == nil {
				if p.tried(s, s.Pattern.Match(body, ours)) && !yield(s) {
					return
				}
				continue
			}
			if o.matched {
				continue
			}
			may := max(left, even-o.steps)
			if rate := float64(p.cfg.Limits.SubscriptionSteps); o.used.Spent(rate, now) >= rate {
				may = 0
			}
			if may <= 0 {
				p.missed(s.Owner)
				continue
			}
			r := s.Pattern.MatchWithin(body, o.env, may)
			steps := stepsOfTry + r.Steps
			o.steps, left = o.steps+steps, left-steps
			o.used.Charge(float64(steps), float64(p.cfg.Limits.SubscriptionSteps), 0, now)
			if may < acl.MaxSteps && errors.Is(r.Failure, acl.ErrTooMuchWork) {
				p.missed(s.Owner)
				continue
			}
			if o.matched = p.tried(s, r); o.matched && !yield(s) {
				return
			}
		}
	}
}

// tried reports whether a subscription matches, and has the log say where it cannot be tried.
func (p *Place) tried(s acl.Subscription, r acl.Result) bool {
	if r.Failure != nil {
		p.complain("subscription could not be tried", "id", s.ID, "owner", s.Owner, "error", r.Failure)
	}
	return r.Matched
}

// missed hears that a subscription of an agent was not tried, as too many steps would be.
func (p *Place) missed(owner string) {
	if a := p.agents[owner]; a != nil {
		p.limited(a.session, a.log, limitSubscriptionSteps, fmt.Sprintf(
			"its subscriptions take more than %d steps a second, or its part of %d for one publication: it misses some",
			p.cfg.Limits.SubscriptionSteps, p.cfg.Limits.PublicationSteps))
	}
}
