package engine

import (
	"github.com/loci-place/loci/netcode"
)

// official is a verb that the place answers out of the box.
type official struct {
	answer Verb
	oneway bool // may be one-way too, and then does nothing
}

// officialVerbs are those of protocol section 6. Each kind is in a
// file of its own.
var officialVerbs = map[string]*official{}

func init() {
	for name, v := range map[string]Verb{
		"announce":                  announceAgain,
		"spawn_entity":              spawnEntity,
		"remove_entity":             removeEntity,
		"change_components":         changeComponents,
		"add_property_animation":    addPropertyAnimation,
		"remove_property_animation": removePropertyAnimation,
		"list_agents":               listAgents,
		"kick_agent":                kickAgent,
		"subscribe":                 subscribeTo,
		"unsubscribe":               unsubscribe,
		"change_acl":                changeACL,
		"list_acl":                  listACL,
		"allocate_track":            allocateTrack,
		"media_track":               mediaTrack,
		"launch_app":                launchApp,
	} {
		officialVerbs[name] = &official{answer: v}
	}
	for _, name := range []string{"poke", "point", "point-exit", "grabbing"} {
		officialVerbs[name] = &official{answer: (*Request).noted, oneway: true}
	}
}

// noted is for what visors tell any entity they point at: the place does nothing.
func (r *Request) noted() { r.OK() }

// Handle gives a verb to the host, official ones too; nil gives it back to the
// place. A [Verb] may fall back on [Request.Default].
func (t *Turn) Handle(verb string, v Verb) { t.HandleAt(PlaceID, verb, v) }

// HandleAt is Handle for what is asked of another entity of the place's, as long as
// that stands there.
func (t *Turn) HandleAt(entity, verb string, v Verb) {
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
		Agent: a.public(), place: p, agent: a, session: a.session, turn: &p.host, encoded: c.encoded, wanted: c.wanted, rules: c.rules,
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

func announceAgain(r *Request) {
	r.Answer("error", uint64(netcode.CodeBadAnnounce), "announced already")
}
