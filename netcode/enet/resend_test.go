package enet

import (
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
)

// ENet alone waits some 50 ms, then twice as long each time: three quarters of an hour
// for as many.
func TestENetKeepsResendingAtAnEvenPace(t *testing.T) {
	place := startENetPlace(t, Limits{TimeoutMin: time.Hour, TimeoutMax: time.Hour})
	peer := rawDial(t, place) // acknowledges nothing
	there := await.Next(t, place.connected, "connection")
	mustSendENet(t, place, netcode.Packet{Channel: 1, Reliable: true, Data: []byte("hear me")}, there)
	for range 16 {
		if _, err := peer.Read(await.Rest(t)); err != nil {
			t.Fatal(err)
		}
	}
}
