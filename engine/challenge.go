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
	proven   bool       // what is held is being heard
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
	if ch.proven || c.err != nil || !c.IsOneway() || c.To != PlaceID || c.verb != "prove" {
		c.drop()
		ch.held = append(ch.held, c)
		return
	}
	s.done(c.size)
	if ch.proven = p.proves(s, ch, c); ch.proven {
		p.hearHeld(s, ch)
		return
	}
	s.challenge = nil // each is good for one proof
}

// proves refuses an announce where the proof of its key does not hold.
func (p *Place) proves(s *session, ch *challenge, c *command) bool {
	i := &ch.announce.Interaction
	proof, err := netcode.ParseProof(c.Body)
	if err != nil {
		p.refuse(s, i, netcode.CodeUnproven, err.Error())
		return false
	}
	if !ch.Proves(proof, ch.auth.Key, i.Body) {
		p.refuse(s, i, netcode.CodeUnproven, "the signature is not one of this announce by the key "+ch.auth.KeyText())
		return false
	}
	p.intake.usage.prove(s.quota, ch.auth.KeyText(), p.now())
	ch.announce.auth, ch.announce.bound = ch.auth, p.key.binds(ch.auth)
	if !ch.announce.bound {
		p.log.Info("a proof is not bound to this place: it could have been relayed", "from", s.from, "key", ch.auth.KeyText(), "dialed", ch.auth.Dialed)
	}
	return true
}

// hearHeld goes on with the announce, and then with what came behind it. What of that is large is
// decoded on a goroutine of its own, as it is when it comes without a challenge: the turn is not
// for that.
func (p *Place) hearHeld(s *session, ch *challenge) {
	p.intake.unread.Add(1)
	p.intake.readers.Go(func() {
		decoding, next := p.intake.decoding, make(chan *command, 1)
		do := func(*command) { p.consider(s, ch.announce, ch.dialect) }
		for c := ch.announce; c != nil; {
			weight := decoding.weight(c.Body)
			if !decoding.begin(p.life, weight, func() { p.intake.prepare(c) }) {
				return
			}
			if !p.intake.postOf(s, 0, func() {
				defer decoding.end(weight)
				if !s.refused {
					p.because(s, func() { do(c) })
				}
			}, func() {
				after := s.next()
				if after == nil {
					p.intake.unread.Add(-1)
				}
				next <- after
			}) {
				return
			}
			select {
			case c = <-next:
			case <-p.closing:
				return
			}
			do = func(c *command) { p.heard(s, c) }
		}
	})
}

// next takes the first of what a session's challenge holds up. If there is nothing, the challenge
// is over.
func (s *session) next() *command {
	held := s.challenge.held
	if s.refused || len(held) == 0 {
		s.challenge = nil
		return nil
	}
	s.challenge.held = held[1:]
	return held[0]
}
