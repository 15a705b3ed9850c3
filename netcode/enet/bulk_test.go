package enet

import (
	"testing"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
)

func TestENetIsBusyWhileFragmentsAreOnTheirWay(t *testing.T) {
	place, client := startENetPlace(t, Limits{}), startENetClient(t)
	_, there := joinENet(t, client, place)
	for name, c := range map[string]struct {
		packet netcode.Packet
		busy   bool
	}{
		"a datagram":           {netcode.Packet{Channel: 0, Data: make([]byte, enetDatagram)}, false},
		"one byte more":        {netcode.Packet{Channel: 0, Data: make([]byte, enetDatagram+1)}, true},
		"a live one":           {netcode.Packet{Channel: 0, Live: true, Data: make([]byte, 3*enetDatagram)}, false},
		"one with NoResend":    {netcode.Packet{Channel: 0, NoResend: true, Data: make([]byte, 3*enetDatagram)}, false},
		"a large one reliably": {netcode.Packet{Channel: 1, Reliable: true, Data: make([]byte, 1<<16)}, false},
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
