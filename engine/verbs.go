package engine

import (
	"errors"
	"fmt"

	"github.com/loci-place/loci/netcode"
)

// official is a verb that the place answers out of the box: all there is of it, from how its body
// is read to what it does. Only name and answer must be there. What agents ask with it is read and
// compiled by the reader of their connection, and answered on the place's turn.
type official struct {
	name   string
	answer Verb
	// oneway is whether it may be one-way too, and then does nothing.
	oneway bool
	// own is whether it changes entities of the agent's own only. How many there are of those is
	// not limited: the bytes, entities and the time that they take are.
	own bool
	// parse makes of the arguments what the answer needs ([Request.parsed]).
	parse func(args []any) any
	// compile does what of that takes long, for agents that have a share left for it.
	compile func(parsed any, l *Limits)
	// describes returns the entity that it describes with its children, nil if none.
	describes func(c *command) any
	// components are those that it brings, which are encoded.
	components func(c *command) []map[string]any
	// uses adds what it costs beside an interaction.
	uses func(c *command, cost *usedUp)
	// counted is whether the cost is not known before it is parsed, however large it is.
	counted bool
}

// officialVerbs are those of netcode/PROTOCOL.md, "Verbs of the place". Each is in a file
// of its kind, verb_*.go.
var officialVerbs = map[string]*official{}

func init() {
	for _, v := range []*official{
		&announceVerb,
		&spawnEntityVerb, &removeEntityVerb, &changeComponentsVerb,
		&addPropertyAnimationVerb, &removePropertyAnimationVerb,
		&listAgentsVerb, &kickAgentVerb,
		&subscribeVerb, &unsubscribeVerb,
		&changeACLVerb, &listACLVerb,
		&allocateTrackVerb, &mediaTrackVerb,
		&launchAppVerb,
	} {
		officialVerbs[v.name] = v
	}
	for _, name := range []string{"poke", "point", "point-exit", "grabbing"} {
		officialVerbs[name] = &official{name: name, answer: (*Request).noted, oneway: true}
	}
}

// noted is for what visors tell any entity they point at: the place does nothing.
func (r *Request) noted() { r.OK() }

// Handle gives a verb to the host, official ones too; nil gives it back to the
// place. A [Verb] may fall back on [Request.Default].
//
// It panics where the verb is longer than [Limits.NameBytes], which nobody may send.
func (t *Turn) Handle(verb string, v Verb) { t.HandleAt(PlaceID, verb, v) }

// HandleAt is Handle for what is asked of another entity of the place's, as long as
// that stands there.
func (t *Turn) HandleAt(entity, verb string, v Verb) {
	limits := &t.on().cfg.Limits
	if err := errors.Join(limits.checkName("the entity's id", entity), limits.checkName("the verb", verb)); err != nil {
		panic(fmt.Sprintf("engine: Turn.Handle: %v", err))
	}
	verbs := t.on().verbs
	if v == nil {
		delete(verbs[entity], verb)
		return
	}
	if verbs[entity] == nil {
		verbs[entity] = map[string]Verb{}
	}
	verbs[entity][verb] = v
}

// Handle is [Turn.Handle] from any goroutine, but not on the place's turn.
func (p *Place) Handle(verb string, v Verb) error {
	p.turn.leave("Place.Handle")
	if err := p.cfg.Limits.checkName("the verb", verb); err != nil {
		return fmt.Errorf("engine: Place.Handle: %w", err)
	}
	return p.Do(func(t *Turn) error {
		t.Handle(verb, v)
		return nil
	})
}

// askPlace has the place answer, be it for itself or for an entity of its own. Of what
// is official, one-way goes no further unless it may be: rules are about requests.
func (p *Place) askPlace(a *agent, c *command) {
	if v := officialVerbs[c.verb]; v != nil && !v.oneway && c.Type != netcode.TypeRequest {
		return
	}
	r := &Request{
		Type: c.Type, From: c.From, To: c.To, ID: c.RequestID, Verb: c.verb, Args: c.args,
		Agent: a.public(), place: p, agent: a, session: a.session, turn: &p.host, encoded: c.encoded, parsed: c.parsed,
		detaches: c.detaches,
	}
	if r.Type == netcode.TypeRequest {
		a.pending.Add(1)
	} else {
		p.counts.interaction(c.verb, outcomeCarried)
	}
	p.dispatch(r)
}

// dispatch has a request answered by the place's behaviour, its host or itself.
func (p *Place) dispatch(r *Request) {
	defer func() {
		if bug := recover(); bug != nil {
			r.catch = nil
			r.Refuse("the place made a mistake")
			panic(bug)
		}
	}()
	if p.hooks.answerer.Answer(r) {
		return
	}
	if v := p.verbs[r.To][r.Verb]; v != nil {
		v(r)
	} else {
		r.Default()
	}
}
