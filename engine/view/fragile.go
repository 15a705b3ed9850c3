package view

import "github.com/loci-place/loci/engine/world"

const (
	// FragileBudget is what a packet may have that is lost as soon as one of its
	// three datagrams is, instead of stalling what comes behind it.
	FragileBudget = 3 * MinBudget
	// FarBudget is what a packet has on a long way. It has room for an agent and
	// some twenty that walk.
	FarBudget = 2 * MinBudget
)

// fragileLoss is how many bytes of such packets may get lost to one agent; those
// after that are not fragile. A C client never takes a packet of which it has a part
// off what waits, and takes nothing more when that is 32 MiB.
const fragileLoss = 16 << 20

// AvoidFragile makes no packet to the agent fragile. ENet before 1.3.16, which all deployed C
// clients have, writes into memory that it has freed when parts of several such packets get
// lost. What is larger than a datagram then travels as reliable fragments, and on a long way
// nothing is, once the agent has a state.
func (v *View) AvoidFragile() { v.avoids = true }

// fragiles counts what got lost of the fragile packets to one agent: all that were
// not acknowledged themselves, so rather too many.
type fragiles struct {
	flying []fragile // oldest first
	lost   int       // bytes
}

type fragile struct {
	state world.Stamp
	size  int
}

// sent notes a packet.
func (f *fragiles) sent(state world.Stamp, size int) {
	const most = 64
	if len(f.flying) == most {
		f.lost += f.flying[0].size
		f.flying = append(f.flying[:0], f.flying[1:]...)
	}
	f.flying = append(f.flying, fragile{state, size})
}

// acknowledged notes that the agent holds a state.
func (f *fragiles) acknowledged(state world.Stamp) {
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
func (f *fragiles) spent() bool { return f.lost >= fragileLoss }
