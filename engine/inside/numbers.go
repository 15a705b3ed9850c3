package inside

import (
	"slices"
	"time"

	"github.com/loci-place/loci/engine"
)

// numbers is what the metrics are made of.
type numbers struct {
	engine.Stats
	scripts Scripts
}

func askNumbers(place *engine.Place, scripts func(*engine.Turn) Scripts) numbers {
	n := numbers{Stats: place.Stats()}
	_ = place.Do(func(t *engine.Turn) error { // a closed place has no scripts any more
		n.scripts = scripts(t)
		return nil
	})
	return n
}

// shares are the parts of agents that the metrics tell of.
var shares = []float64{0.5, 0.9, 0.99, 1}

// links gives round trips, in seconds, and losses at the shares: how large they are at
// most for that part of the agents. Both are empty where there are none.
func (n *numbers) links() (trips, losses map[float64]float64) {
	var t, l []float64
	for i := range n.Agents {
		t = append(t, n.Agents[i].Link.RTT.Seconds())
		l = append(l, n.Agents[i].Link.Loss)
	}
	return at(shares, t), at(shares, l)
}

// at returns the smallest value that is not exceeded by a share of the values.
func at(shares, values []float64) map[float64]float64 {
	out := map[float64]float64{}
	slices.Sort(values)
	for _, share := range shares {
		if n := len(values); n > 0 {
			out[share] = values[min(int(share*float64(n)), n-1)]
		}
	}
	return out
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
