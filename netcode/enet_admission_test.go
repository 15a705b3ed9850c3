package netcode

import (
	"net"
	"testing"
	"time"

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
		limits  ENetLimits
		do      func(t *testing.T, place *enetEnd)
		dropped DropCounts
	}{
		"HalfOpenPerAddress": {
			limits: ENetLimits{HalfOpenPerAddress: 3},
			do: func(t *testing.T, place *enetEnd) {
				knock(t, rawSockets(t, place, 1)[0], 1, 2, 3, 4, 5)
			},
			dropped: DropCounts{AddressHalfOpen: 2},
		},
		"HalfOpenPerAddress counts sockets of loopback each for itself": {
			limits: ENetLimits{HalfOpenPerAddress: 1},
			do: func(t *testing.T, place *enetEnd) {
				for _, socket := range rawSockets(t, place, 3) {
					knock(t, socket, 1, 2)
				}
			},
			dropped: DropCounts{AddressHalfOpen: 3},
		},
		"OpenPerAddress": {
			limits: ENetLimits{OpenPerAddress: 2, loopbackIsAnAddress: true},
			do: func(t *testing.T, place *enetEnd) {
				rawDial(t, place)
				sockets := rawSockets(t, place, 2)
				knock(t, sockets[0], 1)
				knock(t, sockets[1], 1)
			},
			dropped: DropCounts{AddressOpen: 1},
		},
		"OpenPerAddress does not hold for loopback": {
			limits: ENetLimits{OpenPerAddress: 2},
			do: func(t *testing.T, place *enetEnd) {
				for range 4 {
					rawDial(t, place)
				}
			},
		},
		"ConnectBurst": {
			limits: ENetLimits{ConnectRate: 0.001, ConnectBurst: 2},
			do: func(t *testing.T, place *enetEnd) {
				knock(t, rawSockets(t, place, 1)[0], 1, 2, 3, 4)
			},
			dropped: DropCounts{ConnectRate: 2},
		},
		"HalfOpen": {
			limits: ENetLimits{HalfOpen: 4},
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
			limits: ENetLimits{HalfOpen: 8},
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
			limits: ENetLimits{HalfOpenTimeout: 100 * time.Millisecond},
			do: func(t *testing.T, place *enetEnd) {
				knock(t, rawSockets(t, place, 1)[0], 1)
				enetEventually(t, "it is forgotten", func() bool { return place.Dropped().HalfOpenExpired == 1 })
				rawDial(t, place)
			},
			dropped: DropCounts{HalfOpenExpired: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			place := startENet(t, ENetConfig{Listen: "127.0.0.1:0", Peers: c.peers, Limits: c.limits}, nil)
			c.do(t, place)
			var got DropCounts
			for wait := time.Now().Add(2 * time.Second); got != c.dropped && time.Now().Before(wait); {
				time.Sleep(5 * time.Millisecond)
				got = place.Dropped()
			}
			if got != c.dropped {
				t.Errorf("dropped %+v, want %+v", got, c.dropped)
			}
		})
	}
}

func TestENetLetsAClientInDuringAConnectFlood(t *testing.T) {
	for name, sockets := range map[string]int{"from one socket": 1, "from 300 sockets": 300} {
		t.Run(name, func(t *testing.T) {
			place, neighbour, client := startENetPlace(t, ENetLimits{}), startENetClient(t), startENetClient(t)
			_, there := joinENet(t, neighbour, place)
			flood := rawSockets(t, place, sockets)
			underAttack(t, place, neighbour, there, func(i int) {
				for id := range uint32(20) {
					_, _ = flood[i%len(flood)].Write(rawenet.ConnectDatagram(uint32(i)<<8|id, 6))
				}
				time.Sleep(2 * time.Millisecond)
			}, func() {
				start := time.Now()
				joinENet(t, client, place)
				t.Logf("got in after %v; %+v", time.Since(start).Round(time.Millisecond), place.Dropped())
				if d := place.Dropped(); d.Pressure+d.AddressHalfOpen == 0 {
					t.Error("nothing was dropped: the flood is none")
				}
			})
		})
	}
}
