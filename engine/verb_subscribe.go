package engine

import (
	"errors"
	"fmt"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/netcode"
)

// Listen hears a publication on the place's turn. Body is as [netcode.ParseValue] has
// it, from the entity that published it. What it publishes itself is heard at once, so
// it must not publish what it hears.
type Listen func(t *Turn, from string, body []any)

// wanted is the pattern of a subscription.
type wanted struct {
	source  string
	pattern *acl.Pattern
	err     error
}

var (
	subscribeVerb = official{
		name: "subscribe", answer: subscribeTo,
		parse:   func(args []any) any { return wantedPattern(args) },
		compile: func(parsed any, _ *Limits) { parsed.(*wanted).compile() },
		uses:    func(_ *command, cost *usedUp) { cost[patterns] = 1 },
	}
	unsubscribeVerb = official{name: "unsubscribe", answer: unsubscribe}
)

// wantedPattern returns what is to be subscribed to.
func wantedPattern(args []any) *wanted {
	source, ok := text(args, 0)
	if !ok || len(args) != 1 {
		return &wanted{err: errNoPattern}
	}
	return &wanted{source: source}
}

var errNoPattern = errors.New("want a pattern")

func (w *wanted) compile() {
	if w.err == nil {
		w.pattern, w.err = acl.Compile(w.source)
	}
}

// subscribeTo lets an agent hear the publications whose body matches a pattern:
// ["subscribe", pattern].
func subscribeTo(r *Request) {
	a, limit, want := r.agent, r.agent.place.cfg.Limits.Subscriptions, r.parsed.(*wanted)
	switch {
	case want.err == errNoPattern:
		r.Refuse(want.err.Error())
		return
	case len(a.subscriptions) >= limit:
		r.Fail(fmt.Sprintf("you have %d subscriptions already", limit))
		return
	}
	if want.err != nil {
		r.Fail(want.err.Error())
		return
	}
	bytes := patternRoom(want.source)
	if err := a.place.mayHold(a.id, bytes); err != nil {
		r.Fail(err.Error())
		return
	}
	id := a.place.news.subscribe(a.id, want.pattern)
	if a.subscriptions == nil {
		a.subscriptions = map[string]int{}
	}
	a.subscriptions[id] = bytes
	a.place.holdings.subscribed(a.id, bytes)
	r.Answer(id)
}

// unsubscribe ends one: ["unsubscribe", subscription id].
func unsubscribe(r *Request) {
	id, ok := text(r.Args, 0)
	switch {
	case !ok || len(r.Args) != 1:
		r.Refuse("want a subscription id")
	case r.agent.subscriptions[id] == 0:
		r.Answer("not_subscribed")
	default:
		r.agent.place.holdings.subscribed(r.agent.id, -r.agent.subscriptions[id])
		delete(r.agent.subscriptions, id)
		r.agent.place.news.unsubscribe(id)
		r.OK()
	}
}

// publish takes a publication to all who subscribed to such, once to each. An agent misses it
// that does not take what it is sent. From is the agent that publishes it, nil for the place. It
// returns an error where nobody can be sent it.
func (p *Place) publish(from *agent, i *netcode.Interaction, body []any) error {
	data := i.Append(nil)
	var to []*agent
	var listen []string
	var missed error
	for s := range p.matching(body) {
		if p.news.heard[s.ID] != nil {
			listen = append(listen, s.ID)
		}
		if a := p.agents[s.Owner]; a != nil && !a.away() && !a.session.envelope {
			if err := p.canPublish(from, a, len(data)); err != nil {
				missed = err
				continue
			}
			to = append(to, a)
		}
	}
	if from != nil && len(to) > 0 && p.overRelayRate(from, len(data)*len(to)) != "" {
		return nil
	}
	p.sendPublication(from, data, to)
	if len(to) > 0 {
		missed = nil
	}
	p.hooks.listener.Published(&p.host, i.From, body)
	for _, id := range listen {
		if f := p.news.heard[id]; f != nil { // an earlier one may have ended it
			f(&p.host, i.From, body)
		}
	}
	return missed
}

// canPublish reports why an agent cannot be sent a publication.
func (p *Place) canPublish(from, to *agent, bytes int) error {
	if from == nil {
		return p.ofPlace(to, bytes)
	}
	if hit, ok := p.backlogs.room(to.session.backlog, from.id, bytes); !ok {
		p.limited(from.session, from.log, hit, "too much waits to be sent to an agent that hears its publications: it misses some")
		return ErrQueueFull
	}
	return nil
}

func (p *Place) sendPublication(from *agent, data []byte, to []*agent) {
	sender := PlaceID
	if from != nil {
		sender = from.id
	}
	conns := make([]netcode.Conn, len(to))
	for n, a := range to {
		conns[n] = a.session.conn
		p.counts.sent(netcode.KindCommand, a.session.version(), len(data), 1)
	}
	if len(to) == 0 {
		return
	}
	packet := netcode.Packet{Channel: netcode.CommandChannel, Reliable: true, Data: data}
	if err := p.transport.Send(packet, conns...); err != nil {
		p.log.Warn("publication not sent", "error", err)
	}
	for _, a := range to {
		p.backlogs.add(a.session.backlog, sender, len(data))
	}
}

// Publish tells all who have subscribed to such a body, on behalf of one of the
// place's own entities. The error is [ErrQueueFull] where there are some, and none of them
// takes what it is sent.
func (t *Turn) Publish(from, verb string, args ...any) error {
	if !t.on().isOurs(from) {
		return fmt.Errorf("%w of the place's: %.100q", ErrNoEntity, from)
	}
	body, err := netcode.EncodeBody(append([]any{verb}, args...))
	if err != nil {
		return fmt.Errorf("engine: Turn.Publish: %w", err)
	}
	v, err := netcode.ParseValue(body)
	if err != nil {
		return err
	}
	return t.on().publish(nil, &netcode.Interaction{Type: netcode.TypePublication, From: from, Body: body}, v.([]any))
}

// Subscribe lets the host hear the publications whose body matches a pattern, until
// [Turn.Unsubscribe]. The error is an [*acl.Error].
func (t *Turn) Subscribe(pattern string, f Listen) (id string, err error) {
	news := &t.on().news
	compiled, err := acl.Compile(pattern)
	if err != nil {
		return "", err
	}
	id = t.on().news.subscribe(PlaceID, compiled)
	if news.heard == nil {
		news.heard = map[string]Listen{}
	}
	news.heard[id] = f
	return id, nil
}

// Unsubscribe ends a subscription of the host's, and reports whether there was one.
func (t *Turn) Unsubscribe(id string) bool {
	_, was := t.on().news.heard[id]
	if was {
		delete(t.on().news.heard, id)
		t.on().news.unsubscribe(id)
	}
	return was
}
