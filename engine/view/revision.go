package view

import "github.com/loci-place/loci/engine/world"

// MaxRevision is the largest revision sent; after it comes 1 again. The protocol
// allows more (2^53), but deployed C clients acknowledge with what they keep in a
// C int: past 2^31-1 they would name the same revision for ever.
const MaxRevision = 1<<31 - 1

// Revision is a state's number on the wire. Zero is left out: an acknowledgement
// of 0 asks for everything.
func Revision(s world.Stamp) uint64 {
	return uint64(s-1)%MaxRevision + 1
}
