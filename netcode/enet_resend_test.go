package netcode

import (
	"testing"
	"time"
)

func TestENetKeepsResendingAtAnEvenPace(t *testing.T) {
	place := startENetPlace(t, ENetLimits{})
	peer := rawDial(t, place) // acknowledges nothing
	there := nextENet(t, place.connected, "connection")
	mustSendENet(t, place, Packet{Channel: 1, Reliable: true, Data: []byte("hear me")}, there)
	resends := 0
	start := time.Now()
	for time.Since(start) < 3500*time.Millisecond {
		if _, err := peer.Read(100 * time.Millisecond); err == nil && time.Since(start) > 2*time.Second {
			resends++
		}
	}
	// ENet alone, doubling its wait each time, gets one or two in.
	if resends < 5 {
		t.Errorf("sent again %d times between the second and fourth second", resends)
	}
}
