package enet

import (
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/rawenet"
)

func TestENetCloseTellsEveryPeer(t *testing.T) {
	place := startENet(t, Config{Listen: "127.0.0.1:0"}, func(place *enetEnd) { place.farewell = time.Hour })
	var clients []*enetEnd
	for range 5 {
		client := startENetClient(t)
		_, there := joinENet(t, client, place)
		mustSendENet(t, place, netcode.Packet{Channel: 1, Reliable: true, Data: []byte("last words")}, there)
		clients = append(clients, client)
	}
	if err := place.Close(netcode.CodePlaceClosed); err != nil { // when all have answered
		t.Error(err)
	}
	for _, client := range clients {
		if got := await.Next(t, client.disconnected, "end"); got.code != netcode.CodePlaceClosed {
			t.Errorf("code %d", got.code)
		}
		if len(client.received) != 1 {
			t.Error("what was sent before did not come")
		}
	}
	if len(place.disconnected) > 0 {
		t.Error("the handler heard of the ends that Close made")
	}
	if err := place.Close(netcode.CodePlaceClosed); err != nil {
		t.Errorf("again: %v", err)
	}
	freed, err := net.ListenPacket("udp4", place.Addr().String())
	if err != nil {
		t.Fatalf("the port is not free: %v", err)
	}
	_ = freed.Close()
}

func TestENetCloseWaitsForADeafPeerNoLongerThanItsFarewell(t *testing.T) {
	const farewell = 200 * time.Millisecond
	cfg := Config{Listen: "127.0.0.1:0", Limits: Limits{TimeoutMin: time.Hour, TimeoutMax: time.Hour}}
	place := startENet(t, cfg, func(place *enetEnd) {
		if place.farewell != enetFarewell {
			t.Errorf("a place says farewell for %v", place.farewell)
		}
		place.farewell = farewell
	})
	peer := rawDial(t, place)
	await.Next(t, place.connected, "connection")
	start := time.Now()
	if err := place.Close(netcode.CodePlaceClosed); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took < farewell { // and not the hour after which it is lost
		t.Errorf("took %v", took)
	}
	if !heardGoodbye(peer, netcode.CodePlaceClosed) {
		t.Error("it was not told")
	}
}

// heardGoodbye reports whether something that has come to the peer ends its connection
// with that code.
func heardGoodbye(peer *rawenet.Conn, code uint32) bool {
	for {
		datagram, err := peer.Read(100 * time.Millisecond)
		if err != nil {
			return false
		}
		if got, ok := rawenet.Goodbye(datagram); ok && got == code {
			return true
		}
	}
}

func TestENetCloseFromWithinTheHandler(t *testing.T) {
	place := startENet(t, Config{Listen: "127.0.0.1:0"}, func(place *enetEnd) {
		place.onReceived = func(netcode.Conn, uint8, []byte) {
			if err := place.Close(netcode.CodePlaceClosed); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
	})
	client := startENetClient(t)
	here, _ := joinENet(t, client, place)
	for range 10 {
		mustSendENet(t, client, netcode.Packet{Channel: 1, Reliable: true, Data: []byte("close")}, here)
	}
	if got := await.Next(t, client.disconnected, "end"); got.code != netcode.CodePlaceClosed {
		t.Errorf("code %d", got.code)
	}
	await.Next(t, place.received, "packet")
	if len(place.received) > 0 {
		t.Error("the handler was called again after it had closed the transport")
	}
}

func TestENetCloseWithoutServe(t *testing.T) {
	e, err := New(Config{Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Dial(e.Addr(), 5); err != nil {
		t.Fatal(err)
	}
	if err := e.Send(netcode.Packet{Data: []byte("x")}, 1); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := e.Close(netcode.CodePlaceClosed); err != nil {
			t.Error(err)
		}
	}
	if err := e.Serve(newENetRecorder()); err != nil {
		t.Errorf("Serve after Close: %v", err)
	}
}

func TestENetIsServedOnce(t *testing.T) {
	place, client := startENetPlace(t, Limits{}), startENetClient(t)
	joinENet(t, client, place) // so it is being served
	if err := place.Serve(newENetRecorder()); err == nil {
		t.Error("served twice")
	}
	if err := place.Serve(nil); err == nil {
		t.Error("served nobody")
	}
}
