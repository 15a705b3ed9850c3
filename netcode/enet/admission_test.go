package enet

import (
	"bytes"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/rawenet"
)

// rawSockets opens sockets that can send to the place.
func rawSockets(t testing.TB, place *enetEnd, n int) []net.Conn {
	t.Helper()
	sockets := make([]net.Conn, n)
	for i := range sockets {
		socket, err := net.Dial("udp4", place.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = socket.Close() })
		sockets[i] = socket
	}
	return sockets
}

// knock asks for connections and never answers; ids make them different ones.
func knock(t testing.TB, socket net.Conn, ids ...uint32) {
	t.Helper()
	for _, id := range ids {
		if _, err := socket.Write(rawenet.ConnectDatagram(id, 6)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestENetLimitsConnects(t *testing.T) {
	for name, c := range map[string]struct {
		peers   int
		limits  Limits
		do      func(t *testing.T, place *enetEnd)
		dropped DropCounts
	}{
		"HalfOpenPerAddress": {
			limits: Limits{HalfOpenPerAddress: 3},
			do: func(t *testing.T, place *enetEnd) {
				knock(t, rawSockets(t, place, 1)[0], 1, 2, 3, 4, 5)
			},
			dropped: DropCounts{AddressHalfOpen: 2},
		},
		"HalfOpenPerAddress counts sockets of loopback each for itself": {
			limits: Limits{HalfOpenPerAddress: 1},
			do: func(t *testing.T, place *enetEnd) {
				for _, socket := range rawSockets(t, place, 3) {
					knock(t, socket, 1, 2)
				}
			},
			dropped: DropCounts{AddressHalfOpen: 3},
		},
		"HalfOpenPerAddress holds for shared addresses": {
			limits: Limits{HalfOpenPerAddress: 2, loopbackIsAnAddress: true},
			do: func(t *testing.T, place *enetEnd) {
				for _, socket := range rawSockets(t, place, 5) {
					knock(t, socket, 1)
				}
			},
			dropped: DropCounts{AddressHalfOpen: 3},
		},
		"OpenPerAddress": {
			limits: Limits{OpenPerAddress: 2, SharedAddresses: []netip.Prefix{}, loopbackIsAnAddress: true},
			do: func(t *testing.T, place *enetEnd) {
				rawDial(t, place)
				sockets := rawSockets(t, place, 2)
				knock(t, sockets[0], 1)
				knock(t, sockets[1], 1)
			},
			dropped: DropCounts{AddressOpen: 1},
		},
		"OpenPerAddress does not hold for shared addresses": {
			limits: Limits{OpenPerAddress: 2, loopbackIsAnAddress: true},
			do: func(t *testing.T, place *enetEnd) {
				for range 4 {
					rawDial(t, place)
				}
			},
		},
		"ConnectBurst": {
			limits: Limits{ConnectRate: 0.001, ConnectBurst: 2},
			do: func(t *testing.T, place *enetEnd) {
				knock(t, rawSockets(t, place, 1)[0], 1, 2, 3, 4)
			},
			dropped: DropCounts{ConnectRate: 2},
		},
		"HalfOpen": {
			limits: Limits{HalfOpen: 4},
			do: func(t *testing.T, place *enetEnd) {
				sockets := rawSockets(t, place, 8)
				for again := range 2 { // the first two at once, then two of the rest when they come again
					if again > 0 {
						time.Sleep(2 * 100 * time.Millisecond)
					}
					for _, socket := range sockets {
						knock(t, socket, 1)
					}
				}
			},
			// Of 8, 6 had to come again, and when they did 2 were taken; the two
			// that are known already had to come again as well.
			dropped: DropCounts{Pressure: 6 + 2 + 4},
		},
		"Peers": {
			peers:  2,
			limits: Limits{HalfOpen: 8},
			do: func(t *testing.T, place *enetEnd) {
				for range 2 {
					rawDial(t, place)
				}
				knock(t, rawSockets(t, place, 1)[0], 1)
			},
			dropped: DropCounts{Full: 1},
		},
		"HalfOpenTimeout": {
			peers:  1,
			limits: Limits{HalfOpenTimeout: 100 * time.Millisecond},
			do: func(t *testing.T, place *enetEnd) {
				for i, socket := range rawSockets(t, place, 2) {
					knock(t, socket, 1)
					await.Until(t, "it is forgotten", func() bool { return place.Dropped().HalfOpenExpired == uint64(i)+1 })
				}
			},
			dropped: DropCounts{HalfOpenExpired: 2}, // and not Full
		},
	} {
		t.Run(name, func(t *testing.T) {
			place := startENet(t, Config{Listen: "127.0.0.1:0", Peers: c.peers, Limits: c.limits}, nil)
			c.do(t, place)
			if _, err := rawSockets(t, place, 1)[0].Write([]byte{1}); err != nil {
				t.Fatal(err)
			}
			await.Until(t, "the last datagram is counted", func() bool { return place.Dropped().Malformed == 1 })
			c.dropped.Malformed = 1
			if got := place.Dropped(); got != c.dropped {
				t.Errorf("dropped %+v, want %+v", got, c.dropped)
			}
		})
	}
}

func TestENetLetsAClientInDuringAConnectFlood(t *testing.T) {
	for name, sockets := range map[string]int{"from one socket": 1, "from 300 sockets": 300} {
		t.Run(name, func(t *testing.T) {
			place, neighbour, client := startENetPlace(t, Limits{}), startENetClient(t), startENetClient(t)
			_, there := joinENet(t, neighbour, place)
			flood := rawSockets(t, place, sockets)
			underAttack(t, place, neighbour, there, func(i int) {
				for id := range uint32(20) {
					_, _ = flood[i%len(flood)].Write(rawenet.ConnectDatagram(uint32(i)<<8|id, 6))
				}
				time.Sleep(2 * time.Millisecond)
			}, func() {
				await.Until(t, "the flood is felt", func() bool {
					d := place.Dropped()
					return d.Pressure+d.AddressHalfOpen > 0
				})
				joinENet(t, client, place)
			})
		})
	}
}

func TestENetTellsThoseItHasNoRoomFor(t *testing.T) {
	strangers := Limits{OpenPerAddress: 1, SharedAddresses: []netip.Prefix{}, loopbackIsAnAddress: true}
	for name, c := range map[string]struct {
		cfg  Config
		code uint32
		log  string // what the operator reads
	}{
		"an address over OpenPerAddress": {Config{Limits: strangers}, netcode.CodeAddressFull, "--connections-per-address"},
		"all peers are taken":            {Config{Peers: 1}, netcode.CodeFull, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var log lockedBuffer
			c.cfg.Listen, c.cfg.Logger = "127.0.0.1:0", slog.New(slog.NewTextHandler(&log, nil))
			place, client := startENet(t, c.cfg, nil), startENetClient(t)
			_, there := joinENet(t, client, place)
			refused, err := client.Dial(place.Addr(), 6)
			if err != nil {
				t.Fatal(err)
			}
			if end := await.Next(t, client.disconnected, "refusal"); end != (enetEnding{refused, c.code}) {
				t.Errorf("Disconnected(%x, %d), want %d", end.conn, end.code, c.code)
			}
			await.Until(t, "the log says so", func() bool { return strings.Contains(log.String(), c.log) })
			if _, ok := place.Stats(there); !ok {
				t.Error("the one that was there is gone")
			}
		})
	}
}

// Sent in another's name, a connect must not have that one flooded.
func TestENetRefusalIsShorterThanTheConnect(t *testing.T) {
	place := startENet(t, Config{Listen: "127.0.0.1:0", Peers: 1}, nil)
	rawDial(t, place)
	socket, connect := rawSockets(t, place, 1)[0], rawenet.ConnectDatagram(1, 6)
	if _, err := socket.Write(connect); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4096)
	n, err := socket.Read(got)
	if err != nil {
		t.Fatal(err)
	}
	if got = got[:n]; n > len(connect)/4 || !bytes.Contains(got, []byte{rawenet.Disconnect | 0x40, rawenet.NoChannel}) {
		t.Errorf("%d bytes were answered with %x", len(connect), got)
	}
}
