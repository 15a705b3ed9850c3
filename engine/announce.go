package engine

import (
	"fmt"

	"github.com/loci-place/loci/netcode"
)

// beforeAnnounce handles what a session asks that has no agent yet: it may
// announce itself, and nothing else.
func (p *Place) beforeAnnounce(s *session, i *netcode.Interaction) {
	s.envelope = i.Envelope
	if i.To == PlaceID && i.Type == netcode.TypeRequest && netcode.BodyVerb(i.Body) == "announce" {
		p.announce(s, i)
		return
	}
	p.violation(s, "interaction before the announce", "verb", netcode.BodyVerb(i.Body))
	if i.Type == netcode.TypeRequest && !s.refused {
		p.answer(s, i, netcode.BodyVerb(i.Body), "error", "announce yourself first")
	}
}

// announce lets an agent in (protocol sections 1 and 6).
func (p *Place) announce(s *session, i *netcode.Interaction) {
	a, err := netcode.ParseAnnounce(i.Body)
	if err != nil {
		p.refuse(s, i, netcode.CodeBadAnnounce, err.Error())
		return
	}
	d, ok := dialect(a.Version, i.Envelope)
	if !ok {
		p.refuse(s, i, netcode.CodeOutdatedVersion, fmt.Sprintf(
			"this place speaks protocol versions %d to %d, not %d; please update your app",
			netcode.MinVersion, netcode.MaxVersion, a.Version))
		return
	}
	ag, err := p.join(s, a, d)
	if err != nil {
		p.refuse(s, i, netcode.CodeBadAnnounce, err.Error())
		return
	}
	p.answer(s, i, "announce", ag.avatar, p.cfg.Name)
}

// dialect finds what a version speaks. Version 0 is known by its envelope, and
// otherwise speaks like version 1.
func dialect(version int, envelope bool) (*netcode.Dialect, bool) {
	if envelope && version == 0 {
		version = 1
	}
	return netcode.DialectOf(version)
}

// refuse answers an announce with an error and disconnects once that has arrived.
// C clients take anything but "error" there for an avatar id.
func (p *Place) refuse(s *session, i *netcode.Interaction, code uint32, why string) {
	p.log.Info("refused an announce", "from", s.from, "code", code, "reason", why)
	p.answer(s, i, "announce", "error", uint64(code), why)
	p.disconnect(s, code)
}
