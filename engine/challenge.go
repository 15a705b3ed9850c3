package engine

import (
	"fmt"

	"github.com/loci-place/loci/netcode"
)

// challenge is what who announced a key has to answer before anything else is heard of
// it (netcode/README.md, "Verified agents").
type challenge struct {
	netcode.Challenge
	auth     netcode.Auth
	announce *command
	dialect  *netcode.Dialect
	held     []*command // what came behind the announce: it waits for the proof
}

// proven is what an agent has proven that is not in yet.
type proven struct {
	key   string // in base64, "" if none
	bound bool   // to this place
}

func (c *command) proven() proven { return proven{c.auth.KeyText(), c.bound} }

// challenge has an agent that announces a key prove it, and proves the place's own to one
// that asks.
func (p *Place) challenge(s *session, c *command, auth netcode.Auth, d *netcode.Dialect) {
	if !p.key.answersTo(auth) {
		p.refuse(s, &c.Interaction, netcode.CodeUnproven, fmt.Sprintf(
			"you have dialed %[1]s, which this place does not know as a name of its own; if it is one, its operator says so: "+
				"loci serve --known-as %[1]s", auth.Dialed))
		return
	}
	ch := p.key.challenge(p.cfg.Name, auth, c.Body)
	if auth.Key != nil {
		s.challenge = &challenge{Challenge: ch, auth: auth, announce: c, dialect: d}
		c.drop() // until it is proven
	}
	_ = p.send(s, &netcode.Interaction{Type: netcode.TypeOneway, From: PlaceID, Body: ch.Append(nil)})
	if auth.Key == nil {
		p.consider(s, c, d)
	}
}

// challenged takes what comes while a challenge is open: the proof, and what is to be
// heard after it. That is as much as may wait to be read otherwise.
func (p *Place) challenged(s *session, c *command) {
	ch := s.challenge
	if c.err == nil && c.IsOneway() && c.To == PlaceID && c.verb == "prove" {
		s.done(c.size)
		s.challenge = nil // whatever comes of it: each is good for one proof
		p.proven(s, ch, c)
		for _, held := range ch.held {
			held.decode(p.cfg.Limits.SpecDepth)
			p.received(s, held)
		}
		return
	}
	c.drop()
	ch.held = append(ch.held, c)
}

// proven goes on with the announce if the proof holds.
func (p *Place) proven(s *session, ch *challenge, c *command) {
	i := &ch.announce.Interaction
	proof, err := netcode.ParseProof(c.Body)
	switch {
	case err != nil:
		p.refuse(s, i, netcode.CodeUnproven, err.Error())
	case !ch.Proves(proof, ch.auth.Key, i.Body):
		p.refuse(s, i, netcode.CodeUnproven, "the signature is not one of this announce by the key "+ch.auth.KeyText())
	default:
		ch.announce.decode(p.cfg.Limits.SpecDepth)
		p.usage.prove(s.quota, ch.auth.KeyText(), p.now())
		ch.announce.auth, ch.announce.bound = ch.auth, p.key.binds(ch.auth)
		if !ch.announce.bound {
			p.log.Info("a proof is not bound to this place: it could have been relayed", "from", s.from, "key", ch.auth.KeyText(), "dialed", ch.auth.Dialed)
		}
		p.consider(s, ch.announce, ch.dialect)
	}
}
