package engine

import (
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/engine/internal/memory"
	"github.com/loci-place/loci/engine/media"
	"github.com/loci-place/loci/engine/view"
	"github.com/loci-place/loci/netcode"
)

// agent is who has announced itself over a session. It belongs to the place
// goroutine.
type agent struct {
	place    *Place
	id       string
	identity map[string]any
	avatar   string // entity id
	session  *session
	dialect  *netcode.Dialect
	view     *view.View
	media    *media.Agent
	intent   *netcode.IntentMessage // the latest
	version  int
	verified string // the key it has proven to have, see [Agent]
	bound    bool   // to this place, is that proof
	since    time.Time
	stayed   time.Duration // how long it had been here when its connection was lost
	until    time.Time     // its connection is lost, and it is waited for so long; zero if not
	log      *slog.Logger

	ids   ids                 // of its requests
	asked map[string]*request // its unanswered requests to other agents, by id
	queue []*request          // the same in order, with some that are closed
	owes  map[*request]bool   // those of others that it has not answered
	late  ids                 // of those that have been answered, by it or in its stead

	removed ids // entities of its own

	subscriptions map[string]int // the memory each takes, by id

	pending  atomic.Int64 // its unanswered requests to the place
	launches int          // of apps, under way
}

// join makes the session's agent, with its avatar.
func (p *Place) join(s *session, c *command, d *netcode.Dialect) (*agent, error) {
	a := &c.announce
	if max := p.cfg.Limits.IdentityBytes; len(netcode.AppendValue(nil, a.Identity)) > max {
		return nil, fmt.Errorf("the identity takes at most %d bytes", max)
	}
	id := p.newID(func(id string) bool { return p.agents[id] != nil })
	p.holdings.attach(id, s.held)
	avatar, err := p.spawn(id, "", a.Avatar, &asker{proven: c.proven(), known: c.encoded})
	if err != nil {
		return nil, err
	}
	ag := p.newAgent(Agent{
		ID: id, Identity: a.Identity, Avatar: avatar.ID(), Version: a.Version, Verified: c.auth.KeyText(), Bound: c.bound,
	}, d)
	ag.media = p.media.Join(id, s.conn, d, &s.voice)
	p.attach(ag, s)
	p.counts.joined++
	ag.log.Info("joined", "from", s.from, "version", a.Version, "avatar", ag.avatar, "agents", len(p.order))
	return ag, nil
}

// newAgent makes an agent without a connection, whose avatar stands there.
func (p *Place) newAgent(a Agent, d *netcode.Dialect) *agent {
	ag := &agent{
		id: a.ID, identity: a.Identity, avatar: a.Avatar, version: a.Version, verified: a.Verified, bound: a.Bound,
		dialect: d, place: p, since: p.now(),
		intent: &netcode.IntentMessage{},
		asked:  map[string]*request{},
		owes:   map[*request]bool{},
	}
	ag.log = p.log.With("agent", a.ID, "name", a.DisplayName())
	p.agents[a.ID] = ag
	p.order = append(p.order, ag)
	return ag
}

// attach gives an agent what it has of its connection.
func (p *Place) attach(a *agent, s *session) {
	a.session, s.agent = s, a
	p.holdings.attach(a.id, s.held)
	a.view = p.views.Add(a, view.FormOf(a.dialect))
	if a.identity[netcode.TakesFragments] != true {
		a.view.AlwaysResend()
	}
	s.assets = p.assets.Join(a.id, s.conn, a.dialect.Assets, func(n int64) { s.held.Add(memory.Assets, n) })
	s.dialect.Store(a.dialect)
}

// detach takes that away.
func (p *Place) detach(a *agent) {
	p.views.Drop(a.view)
	p.assets.Leave(a.session.assets)
	a.session.refused = true
	a.view, a.intent = nil, &netcode.IntentMessage{}
}

// left ends a session, and everything of its agent's unless that is waited for.
func (p *Place) left(s *session, code uint32) {
	a := s.agent
	if s.refused {
		return // has left already
	}
	s.refused = true
	p.backlogs.end(s.backlog)
	switch {
	case a == nil:
		p.log.Debug("left before it announced itself", "from", s.from, "code", code)
	case code == netcode.CodeConnectionLost && p.mayWait(a):
		p.await(a)
	default:
		p.detach(a)
		p.depart(a, code)
	}
}

// depart ends everything of an agent's that has no connection any more.
func (p *Place) depart(a *agent, code uint32) {
	delete(p.agents, a.id)
	p.order = slices.DeleteFunc(p.order, func(o *agent) bool { return o == a })
	p.leaveBehind(a)
	p.offers.left(a.id)
	p.kept.forgetAgent(a)
	p.launches.leave(a)
	p.media.Leave(a.media)
	p.abandon(a, "the recipient has left")
	for id, bytes := range a.subscriptions {
		p.holdings.subscribed(a.id, -bytes)
		p.news.unsubscribe(id)
	}
	if p.cfg.Left != nil {
		p.cfg.Left(&p.host, a.public(), code)
	}
	p.hooks.doorkeeper.Left(&p.host, a.public(), code)
	a.log.Info("left", "code", code, "agents", len(p.order))
}

// owner is the agent an entity belongs to; nil for the place's own and for those
// that are not there.
func (p *Place) owner(entity string) *agent {
	if e := p.world.Entity(entity); e != nil {
		return p.agents[e.Owner()]
	}
	return nil
}

// isOurs reports whether an entity is the place's own.
func (p *Place) isOurs(entity string) bool {
	e := p.world.Entity(entity)
	return e != nil && e.Owner() == PlaceID
}

func (p *Place) sessionLog(s *session) *slog.Logger {
	if s.agent != nil {
		return s.agent.log
	}
	return p.log.With("from", s.from)
}
