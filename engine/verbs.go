package engine

import (
	"github.com/loci-place/loci/netcode"
)

// official is a verb that the place answers out of the box.
type official struct {
	answer Verb
	oneway bool // may be one-way too, and then does nothing
}

// officialVerbs are those of protocol section 6. Each is in a file named after it.
var officialVerbs = map[string]*official{}

func init() {
	for name, v := range map[string]Verb{
		"announce":          announceAgain,
		"spawn_entity":      spawnEntity,
		"remove_entity":     removeEntity,
		"change_components": changeComponents,
		"list_agents":       listAgents,
		"kick_agent":        kickAgent,
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
// place. A [Verb] may fall back on [Request.Default]. Safe from any goroutine, but
// not on the place's turn: see [Turn.Handle].
func (p *Place) Handle(verb string, v Verb) error {
	return p.Do(func(t *Turn) { t.Handle(verb, v) })
}

// Handle is [Place.Handle] on the place's turn.
func (t *Turn) Handle(verb string, v Verb) {
	if v == nil {
		delete(t.place.verbs, verb)
		return
	}
	t.place.verbs[verb] = v
}

// askPlace has the place answer.
func (p *Place) askPlace(a *agent, c *command) {
	r := &Request{
		Type: c.Type, From: c.From, ID: c.RequestID, Verb: c.verb, Args: c.args,
		Agent: a.public(), agent: a, turn: &p.host,
	}
	if err := p.cfg.Rules(r); err != nil {
		r.Refuse(err.Error())
		return
	}
	if v := p.verbs[r.Verb]; v != nil {
		v(r)
	} else {
		r.Default()
	}
}

func announceAgain(r *Request) {
	r.Answer("error", uint64(netcode.CodeBadAnnounce), "announced already")
}
