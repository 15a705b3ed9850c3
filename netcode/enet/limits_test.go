package enet

import (
	"bytes"
	"errors"
	"testing"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/rawenet"
)

func TestENetMaxPacketBoundsSend(t *testing.T) {
	place := startENetPlace(t, Limits{MaxPacket: 1000})
	if err := place.Send(netcode.Packet{Data: make([]byte, 1001)}, 1); !errors.Is(err, netcode.ErrTooLarge) {
		t.Errorf("1001 bytes: %v", err)
	}
	if err := place.Send(netcode.Packet{Data: make([]byte, 1000)}, 1); err != nil {
		t.Errorf("1000 bytes: %v", err)
	}
}

func TestENetMaxPacketBoundsWhatComesIn(t *testing.T) {
	place, client := startENetPlace(t, Limits{MaxPacket: 10_000}), startENetClient(t)
	here, _ := joinENet(t, client, place)
	mustSendENet(t, client, netcode.Packet{Channel: 1, Reliable: true, Data: make([]byte, 10_001)}, here)
	await.Until(t, "its fragments are dropped", func() bool { return place.Dropped().Fragment > 0 })
	mustSendENet(t, client, netcode.Packet{Channel: 3, Reliable: true, Data: make([]byte, 10_000)}, here)
	if got := await.Next(t, place.received, "packet"); len(got.data) != 10_000 {
		t.Errorf("%d bytes came", len(got.data))
	}
}

func TestENetMaxWaitingLeavesTheRestUnacknowledged(t *testing.T) {
	const piece = 1 << 20
	place := startENetPlace(t, Limits{MaxWaiting: 4 * piece})
	peer := rawDial(t, place)
	rawWrite(t, peer, peer.HalfPackets(10, piece)...)
	if got := countAcknowledgements(t, peer); got != 4 {
		t.Errorf("%d packets of a quarter of the limit are being collected", got)
	}
}

// countAcknowledgements counts what the place acknowledges to the peer of all that it
// has sent.
func countAcknowledgements(t *testing.T, peer *rawenet.Conn) (n int) {
	t.Helper()
	rawWrite(t, peer, peer.Pings(1)...)
	for {
		datagram, err := peer.Read(await.Rest(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, channel := range rawenet.Acknowledged(datagram) {
			if channel == rawenet.NoChannel { // the ping
				return n
			}
			n++
		}
	}
}

func TestENetMaxWaitingTotalEndsWhoHoldsMost(t *testing.T) {
	const piece = 1 << 20
	place := startENetPlace(t, Limits{MaxWaitingTotal: 6 * piece})
	for _, pieces := range []int{2, 3, 2} {
		peer := rawDial(t, place)
		there := await.Next(t, place.connected, "connection")
		rawWrite(t, peer, peer.HalfPackets(pieces, piece)...)
		if pieces == 3 {
			defer func() {
				if got := await.Next(t, place.disconnected, "end"); got != (enetEnding{there, netcode.CodeOverload}) {
					t.Errorf("heard %v, want %v, %d", got, there, netcode.CodeOverload)
				}
				if got := place.Dropped(); got.Waiting != 1 {
					t.Errorf("dropped %+v", got)
				}
			}()
		}
	}
}

func TestENetMaxOutgoingEndsWhoDoesNotAcknowledge(t *testing.T) {
	place, client := startENetPlace(t, Limits{MaxOutgoing: 1 << 20}), startENetClient(t)
	rawDial(t, place)
	deaf := await.Next(t, place.connected, "connection")
	_, there := joinENet(t, client, place)
	const n, size = 30, 100_000
	for range n {
		mustSendENet(t, place, netcode.Packet{Channel: 1, Reliable: true, Data: make([]byte, size)}, there, deaf)
		await.Next(t, client.received, "packet") // it keeps up
	}
	if got := await.Next(t, place.disconnected, "end"); got != (enetEnding{deaf, netcode.CodeOverload}) {
		t.Errorf("heard %v, want %v, %d", got, deaf, netcode.CodeOverload)
	}
	if got := place.Dropped(); got.Outgoing != 1 {
		t.Errorf("dropped %+v", got)
	}
}

// blockedPlace is a place whose handler stands still while do runs.
func blockedPlace(t *testing.T, limits Limits, do func(place *enetEnd, there netcode.Conn)) (place, client *enetEnd, there netcode.Conn) {
	t.Helper()
	entered, leave := make(chan struct{}), make(chan struct{})
	place = startENet(t, Config{Listen: "127.0.0.1:0", Limits: limits}, func(place *enetEnd) {
		place.onReceived = func(netcode.Conn, uint8, []byte) { close(entered); <-leave }
	})
	client = startENetClient(t)
	here, there := joinENet(t, client, place)
	mustSendENet(t, client, netcode.Packet{Channel: 1, Reliable: true, Data: []byte("stand still")}, here)
	await.Next(t, entered, "packet")
	do(place, there)
	close(leave)
	return place, client, there
}

func TestENetMaxOutboxDropsTheOldestUnreliable(t *testing.T) {
	const size = 1000
	place, client, _ := blockedPlace(t, Limits{MaxOutbox: 10 * (size + enetPacketCost + 8)}, func(place *enetEnd, there netcode.Conn) {
		for i := range byte(15) {
			mustSendENet(t, place, netcode.Packet{Channel: 0, Data: bytes.Repeat([]byte{i}, size)}, there)
		}
		mustSendENet(t, place, netcode.Packet{Channel: 1, Reliable: true, Data: make([]byte, size)}, there)
	})
	for i := byte(6); i < 15; i++ {
		if got := await.Next(t, client.received, "packet"); got.data[0] != i {
			t.Errorf("packet %d came in place of %d", got.data[0], i)
		}
	}
	if got := await.Next(t, client.received, "packet"); got.channel != 1 {
		t.Errorf("%+v came in place of the reliable packet", got)
	}
	if got := place.Dropped(); got.Outbox != 6 {
		t.Errorf("dropped %+v", got)
	}
}

func TestENetMaxOutboxEndsWhoMissesAReliablePacket(t *testing.T) {
	const size = 1000
	place, client, there := blockedPlace(t, Limits{MaxOutbox: 10 * (size + enetPacketCost + 8)}, func(place *enetEnd, there netcode.Conn) {
		for range 15 {
			mustSendENet(t, place, netcode.Packet{Channel: 1, Reliable: true, Data: make([]byte, size)}, there)
		}
		mustSendENet(t, place, netcode.Packet{Channel: 0, Data: make([]byte, size)}, there) // finds nothing to take the place of
	})
	if got := await.Next(t, place.disconnected, "end"); got != (enetEnding{there, netcode.CodeOverload}) {
		t.Errorf("heard %v", got)
	}
	if got := await.Next(t, client.disconnected, "end"); got.code != netcode.CodeOverload {
		t.Errorf("the client heard %v", got)
	}
	if got := place.Dropped(); got.Outbox != 6 {
		t.Errorf("dropped %+v", got)
	}
}

func TestENetCommandRateHoldsBackAFlood(t *testing.T) {
	place := startENetPlace(t, Limits{CommandRate: 1000})
	peer := rawDial(t, place)
	await.Next(t, place.connected, "connection")
	rawWrite(t, peer, peer.Pings(50)...) // 1600 at once
	await.Until(t, "some are dropped", func() bool { return place.Dropped().CommandRate > 20 })
	for answered := 0; answered == 0; {
		datagram, err := peer.Read(await.Rest(t))
		if err != nil {
			t.Fatal(err)
		}
		answered = len(rawenet.Acknowledged(datagram))
	}
	if len(place.disconnected) > 0 {
		t.Error("the connection was ended")
	}
}

func TestENetMaxOutgoingTotalEndsWhoHasMost(t *testing.T) {
	place := startENetPlace(t, Limits{MaxOutgoingTotal: 1 << 20})
	var deaf [2]netcode.Conn
	for i := range deaf {
		rawDial(t, place)
		deaf[i] = await.Next(t, place.connected, "connection")
	}
	mustSendENet(t, place, netcode.Packet{Channel: 1, Reliable: true, Data: make([]byte, 400_000)}, deaf[0])
	mustSendENet(t, place, netcode.Packet{Channel: 1, Reliable: true, Data: make([]byte, 700_000)}, deaf[1])
	if end := await.Next(t, place.disconnected, "end"); end != (enetEnding{deaf[1], netcode.CodeOverload}) {
		t.Errorf("Disconnected(%x, %d)", end.conn, end.code)
	}
	if s, ok := place.Stats(deaf[0]); !ok || s.Queued < 400_000 || s.Queued > 500_000 {
		t.Errorf("the other: %+v, %v", s, ok)
	}
}
