package netcode

import (
	"testing"

	"github.com/loci-place/loci/internal/await"
)

func TestENetIsBusyWhileFragmentsAreOnTheirWay(t *testing.T) {
	place, client := startENetPlace(t, ENetLimits{}), startENetClient(t)
	_, there := joinENet(t, client, place)
	for name, c := range map[string]struct {
		packet Packet
		busy   bool
	}{
		"a datagram":           {Packet{Channel: 0, Data: make([]byte, enetDatagram)}, false},
		"one byte more":        {Packet{Channel: 0, Data: make([]byte, enetDatagram+1)}, true},
		"a live one":           {Packet{Channel: 0, Live: true, Data: make([]byte, 3*enetDatagram)}, false},
		"a fragile one":        {Packet{Channel: 0, Fragile: true, Data: make([]byte, 3*enetDatagram)}, false},
		"a large one reliably": {Packet{Channel: 1, Reliable: true, Data: make([]byte, 1<<16)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := place.Send(c.packet, there); err != nil {
				t.Fatal(err)
			}
			if s, _ := place.Stats(there); s.Busy != c.busy {
				t.Errorf("busy right after Send: %v", s.Busy)
			}
			await.Until(t, "the packet arrives", func() bool {
				s, _ := place.Stats(there)
				return !s.Busy
			})
		})
	}
}
