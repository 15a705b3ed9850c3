package assets_test

import (
	"bytes"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/pipe"
)

// TestSlowLinkHasRoomBetweenPieces has an agent fetch an asset over links of which that
// takes all, and looks how long states are on their way meanwhile.
func TestSlowLinkHasRoomBetweenPieces(t *testing.T) {
	for name, link := range map[string]pipe.Config{
		"1 MB/s":          {Rate: 1 << 20, Delay: 10 * time.Millisecond},
		"4 MB/s and far":  {Rate: 4 << 20, Delay: 100 * time.Millisecond},
		"10 MB/s, losing": {Rate: 10 << 20, Delay: 10 * time.Millisecond, Loss: 0.01},
	} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, engine.Config{}, func(r *rig) {
				id, err := r.place.AddAsset(bytes.NewReader(noise(1, 4<<20)))
				if err != nil {
					t.Fatal(err)
				}
				r.network.SetConfig(link)
				var mu sync.Mutex
				var states []time.Time
				bob, err := r.dialer.Dial(r.within(time.Minute), r.url, client.Config{
					Mode: client.AcknowledgeOnly,
					Observe: func(client.StateHeader) {
						mu.Lock()
						defer mu.Unlock()
						states = append(states, time.Now())
					},
				})
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				mu.Lock()
				states = nil
				mu.Unlock()
				start := time.Now()
				if err := bob.FetchAssetTo(r.within(time.Hour), io.Discard, id, ""); err != nil {
					t.Fatal(err)
				}
				took := time.Since(start)
				mu.Lock()
				defer mu.Unlock()
				var gaps []time.Duration
				for i := range states[1:] {
					gaps = append(gaps, states[i+1].Sub(states[i]))
				}
				t.Logf("%.1f MB/s, gaps %v at p50, %v at p99, %v at most",
					4/took.Seconds(), at50(gaps), at99(gaps), slices.Max(gaps))
				if p99 := at99(gaps); p99 >= 150*time.Millisecond {
					t.Errorf("p99 of the gaps between states is %v", p99)
				}
			})
		})
	}
}
