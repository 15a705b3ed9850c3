package enet

import (
	"testing"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
)

// TestQueueCostIsWhatENetTakes: package netcode, which has no C, has the number as a constant.
func TestQueueCostIsWhatENetTakes(t *testing.T) {
	if got := netcode.QueueCost(0); got != enetCommandMemory {
		t.Errorf("%d, want %d", got, enetCommandMemory)
	}
}

func TestENetQueuedCountsAtOnceUntilAcknowledged(t *testing.T) {
	place, client := startENetPlace(t, Limits{}), startENetClient(t)
	rawDial(t, place) // acknowledges nothing
	deaf := await.Next(t, place.connected, "connection")
	_, there := joinENet(t, client, place)
	const size, times = 100_000, 10
	for n := range times {
		mustSendENet(t, place, netcode.Packet{Channel: 1, Reliable: true, Data: make([]byte, size)}, deaf, there)
		if s, ok := place.Stats(deaf); !ok || s.Queued < (n+1)*size {
			t.Fatalf("%d bytes are queued after %d packets", s.Queued, n+1)
		}
	}
	for range times {
		await.Next(t, client.received, "packet")
	}
	await.Until(t, "one that acknowledges has nothing queued", func() bool {
		s, _ := place.Stats(there)
		return s.Queued < 1000
	})
	await.Until(t, "nothing is counted twice", func() bool {
		s, _ := place.Stats(deaf)
		return s.Queued >= times*size && s.Queued <= times*netcode.QueueCost(size)+10_000
	})
}
