package assets

import "time"

// A piece starts small and grows while it is quick: a reliable state waits behind it
// (netcode/PROTOCOL.md, "Assets").
const (
	leastPiece = 32 << 10
	mostPiece  = 1 << 20
	quickPiece = 25 * time.Millisecond // twice as large, it still takes no longer than
	slowPiece  = 50 * time.Millisecond
)

// pace is how large pieces are on one direction of a link.
type pace struct {
	size int
	trip time.Duration // the shortest round trip seen, 0 if none was
}

func newPace() pace { return pace{size: leastPiece} }

// took learns from a piece of n bytes that was acknowledged after so long. The round
// trip does not count: nothing waits for that.
func (p *pace) took(n int, long, trip time.Duration) {
	if trip > 0 && (p.trip == 0 || trip < p.trip) {
		p.trip = trip
	}
	switch long -= min(p.trip, long); {
	case long > slowPiece:
		p.size = max(p.size/2, leastPiece)
	case long < quickPiece && n >= p.size:
		p.size = min(2*p.size, mostPiece)
	}
}
