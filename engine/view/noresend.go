package view

import "github.com/loci-place/loci/engine/world"

const (
	// NoResendBudget is the size of a packet that may go without resending: lost as soon as one
	// of its three datagrams is, instead of stalling what comes behind it.
	NoResendBudget = 3 * MinBudget
	// FarBudget is what a packet has on a long way. It has room for an agent and
	// some twenty that walk.
	FarBudget = 2 * MinBudget
)

// noResendLoss is how many bytes of such packets may get lost to one agent; later ones are
// resent. Old peers take nothing more when 32 MiB got lost (netcode/enet).
const noResendLoss = 16 << 20

// AlwaysResend is for an agent that does not bear packets which are lost in part
// (netcode.TakesFragments). What is larger than a datagram is then resent until it has arrived;
// on a long way nothing is that large, once the agent has a state.
func (v *View) AlwaysResend() { v.avoids = true }

// noResends counts what got lost of the packets to one agent that are not resent: all that were
// not acknowledged themselves, so rather too many.
type noResends struct {
	flying []noResend // oldest first
	lost   int        // bytes
}

type noResend struct {
	state world.Stamp
	size  int
}

// sent notes a packet.
func (f *noResends) sent(state world.Stamp, size int) {
	const most = 64
	if len(f.flying) == most {
		f.lost += f.flying[0].size
		f.flying = append(f.flying[:0], f.flying[1:]...)
	}
	f.flying = append(f.flying, noResend{state, size})
}

// acknowledged notes that the agent holds a state.
func (f *noResends) acknowledged(state world.Stamp) {
	later := f.flying[:0]
	for _, p := range f.flying {
		switch {
		case p.state > state:
			later = append(later, p)
		case p.state < state:
			f.lost += p.size
		}
	}
	f.flying = later
}

// spent reports whether there must be no more of them.
func (f *noResends) spent() bool { return f.lost >= noResendLoss }
