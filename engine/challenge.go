package engine

import (
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

// challenge asks who announced a key to prove that it has it.
func (p *Place) challenge(s *session, c *command, auth netcode.Auth, d *netcode.Dialect) {
	s.challenge = &challenge{
		Challenge: netcode.Challenge{Nonce: netcode.NewNonce(), Place: p.cfg.Name},
		auth:      auth, announce: c, dialect: d,
	}
	_ = p.send(s, &netcode.Interaction{Type: netcode.TypeOneway, From: PlaceID, Body: s.challenge.Append(nil)})
}

// challenged takes what comes while a challenge is open: the proof, and what is to be
// heard after it. That is as much as may wait to be read otherwise.
func (p *Place) challenged(s *session, c *command) {
	ch := s.challenge
	switch {
	case c.err == nil && c.IsOneway() && c.To == PlaceID && c.verb == "prove":
		s.waiting.Add(-int64(c.size))
		s.challenge = nil // whatever comes of it: each is good for one proof
		p.proven(s, ch, c)
		for _, held := range ch.held {
			p.received(s, held)
		}
	case len(ch.held) < p.cfg.Limits.CommandQueue:
		ch.held = append(ch.held, c)
	default:
		p.counts.hit(limitCommandQueue)
		p.log.Warn("disconnecting: too many commands wait for a proof", "from", s.from, "commands", len(ch.held))
		p.disconnect(s, netcode.CodeOverload)
	}
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
		ch.announce.auth = ch.auth
		p.usage.prove(s.quota, ch.auth.KeyText(), p.now())
		p.consider(s, ch.announce, ch.dialect)
	}
}
