package enet

import (
	"testing"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
)

// TestENetTellsWhenAPacketHasArrived sends packets that take one datagram and many, to
// one connection, to two, and to nobody.
func TestENetTellsWhenAPacketHasArrived(t *testing.T) {
	place, client := startENetPlace(t, Limits{}), startENetClient(t)
	_, a := joinENet(t, client, place)
	_, b := joinENet(t, client, place)
	for name, to := range map[string][]netcode.Conn{"one": {a}, "two": {a, b}, "nobody": {12345}} {
		for _, size := range []int{1, 1 << 20} {
			delivered := make(chan struct{}, 2)
			packet := netcode.Packet{Channel: 3, Reliable: true, Data: make([]byte, size), Delivered: func() { delivered <- struct{}{} }}
			mustSendENet(t, place, packet, to...)
			await.Next(t, delivered, "word that "+name+" got it")
			if name == "nobody" {
				continue
			}
			for range to { // acknowledged, so it has come or is being told
				if got := await.Next(t, client.received, "packet"); len(got.data) != size {
					t.Errorf("got %d bytes, want %d", len(got.data), size)
				}
			}
			if len(delivered) > 0 {
				t.Errorf("%s: told twice", name)
			}
		}
	}
}

func TestENetTellsOfAPacketWhoseReceiverHasGone(t *testing.T) {
	place, client := startENetPlace(t, Limits{}), startENetClient(t)
	here, there := joinENet(t, client, place)
	delivered := make(chan struct{}, 1)
	mustSendENet(t, place, netcode.Packet{
		Channel: 3, Reliable: true, Data: make([]byte, 4<<20), Delivered: func() { delivered <- struct{}{} },
	}, there)
	client.Disconnect(here, netcode.CodeClientLeft)
	await.Next(t, delivered, "word that it never will arrive")
}

func TestENetClosesWithPacketsUnderWay(t *testing.T) {
	place, client := startENetPlace(t, Limits{}), startENetClient(t)
	_, there := joinENet(t, client, place)
	client.Close(netcode.CodeClientLeft)
	for range 3 {
		mustSendENet(t, place, netcode.Packet{
			Channel: 3, Reliable: true, Data: make([]byte, 1<<20), Delivered: func() {},
		}, there)
	}
	if err := place.Close(netcode.CodePlaceClosed); err != nil {
		t.Error(err)
	}
}

// TestPipeTellsWhenAPacketHasArrived loses the first half second of packets on the way.
