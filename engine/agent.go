package engine

import (
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/engine/media"
	"github.com/loci-place/loci/engine/view"
	"github.com/loci-place/loci/engine/world"
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
	since    time.Time
	log      *slog.Logger

	ids   ids                 // of its requests
	asked map[string]*request // its unanswered requests to other agents, by id
	queue []*request          // the same in order, with some that are closed
	owes  map[*request]bool   // those of others that it has not answered
	late  ids                 // of those that the place has answered in its stead

	offered       map[string]bool // entities that others named to it
	subscriptions map[string]bool // by id

	pending  atomic.Int64 // its unanswered requests to the place
	launches int          // of apps, under way
}

// join makes the session's agent, with its avatar.
func (p *Place) join(s *session, a netcode.Announce, d *netcode.Dialect) (*agent, error) {
	if max := p.cfg.Limits.IdentityBytes; len(netcode.AppendValue(nil, a.Identity)) > max {
		return nil, fmt.Errorf("the identity takes at most %d bytes", max)
	}
	id := p.newID(func(id string) bool { return p.agents[id] != nil })
	avatar, err := p.spawn(id, "", a.Avatar)
	if err != nil {
		return nil, err
	}
	ag := &agent{
		id: id, identity: a.Identity, avatar: avatar.ID(), session: s, dialect: d,
		place: p, version: a.Version, since: p.now(),
		intent: &netcode.IntentMessage{},
		asked:  map[string]*request{},
		owes:   map[*request]bool{},
	}
	ag.log = p.log.With("agent", id, "name", ag.public().DisplayName())
	ag.view = p.views.Add(ag, d.JSONPatch)
	ag.media = p.media.Join(id, s.conn, d, &s.voice)
	p.agents[id] = ag
	p.order = append(p.order, ag)
	p.counts.joined++
	s.agent = ag
	s.assets = p.assets.Join(id, s.conn, d.Assets)
	s.dialect.Store(d)
	ag.log.Info("joined", "from", s.from, "version", a.Version, "avatar", ag.avatar, "agents", len(p.order))
	return ag, nil
}

// left ends a session, and everything of its agent's.
func (p *Place) left(s *session, code uint32) {
	a := s.agent
	if s.refused {
		return // has left already
	}
	s.refused = true
	if a == nil {
		p.log.Debug("left before it announced itself", "from", s.from, "code", code)
		return
	}
	delete(p.agents, a.id)
	p.views.Drop(a.view)
	p.order = slices.DeleteFunc(p.order, func(o *agent) bool { return o == a })
	for _, e := range p.world.OwnedBy(a.id) {
		p.remove(e.ID(), world.Cascade)
	}
	p.media.Leave(a.media)
	p.assets.Leave(s.assets)
	p.abandon(a)
	for id := range a.subscriptions {
		p.news.Remove(id)
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

// isOurs tells whether an entity is the place's own.
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
