package engine

import (
	"fmt"

	"github.com/loci-place/loci/netcode"
)

// verb answers one kind of request to the place: what it returns is the body.
type verb func(p *Place, a *agent, i *netcode.Interaction) []any

// officialVerbs are what the place answers out of the box (protocol section 6).
func officialVerbs() map[string]verb {
	return map[string]verb{
		"announce": announceAgain,
	}
}

func (p *Place) askPlace(a *agent, i *netcode.Interaction) {
	name := netcode.BodyVerb(i.Body)
	v := p.verbs[name]
	if v == nil {
		p.reject(a, i, fmt.Sprintf("the place does not know %q", name))
		return
	}
	p.answer(a.session, i, v(p, a, i)...)
}

func announceAgain(*Place, *agent, *netcode.Interaction) []any {
	return []any{"announce", "error", uint64(netcode.CodeBadAnnounce), "announced already"}
}
