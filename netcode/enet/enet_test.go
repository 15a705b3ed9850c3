package enet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/codecat/go-enet"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/rawenet"
)

func TestENetEchoes(t *testing.T) {
	place := startENet(t, Config{Listen: "127.0.0.1:0"}, func(place *enetEnd) {
		place.onReceived = func(c netcode.Conn, channel uint8, data []byte) {
			if err := place.Send(netcode.Packet{Channel: channel, Reliable: channel%2 == 1, Data: data}, c); err != nil {
				t.Errorf("Send from Received: %v", err)
			}
		}
	})
	client := startENetClient(t)
	here, there := joinENet(t, client, place)
	for channel := range uint8(6) {
		for _, size := range []int{0, 1, 1372, 1373, 100_000} {
			t.Run(fmt.Sprintf("channel %d, %d bytes", channel, size), func(t *testing.T) {
				data := bytes.Repeat([]byte{channel + 1}, size)
				mustSendENet(t, client, netcode.Packet{Channel: channel, Reliable: channel%2 == 1, Data: data}, here)
				if got := await.Next(t, place.received, "packet"); got.conn != there {
					t.Errorf("came from %x, want %x", got.conn, there)
				}
				got := await.Next(t, client.received, "echo")
				if got.conn != here || got.channel != channel || !bytes.Equal(got.data, data) {
					t.Errorf("got %d bytes on channel %d of %x", len(got.data), got.channel, got.conn)
				}
			})
		}
	}
}

func TestENetKeepsTheOrderOfReliablePackets(t *testing.T) {
	place, client := startENetPlace(t, Limits{}), startENetClient(t)
	here, _ := joinENet(t, client, place)
	const n = 5000
	for i := range uint32(n) {
		mustSendENet(t, client, netcode.Packet{Channel: 1, Reliable: true, Data: binary.BigEndian.AppendUint32(nil, i)}, here)
	}
	for i := range uint32(n) {
		if got := binary.BigEndian.Uint32(await.Next(t, place.received, "packet").data); got != i {
			t.Fatalf("packet %d came in place of %d", got, i)
		}
	}
}

func TestENetDeliversALargePacketWhole(t *testing.T) {
	place, client := startENetPlace(t, Limits{}), startENetClient(t)
	_, there := joinENet(t, client, place)
	data := make([]byte, 4<<20)
	random := rand.NewChaCha8([32]byte{})
	_, _ = random.Read(data)
	mustSendENet(t, place, netcode.Packet{Channel: 3, Reliable: true, Data: data}, there)
	if got := await.Next(t, client.received, "packet"); !bytes.Equal(got.data, data) {
		t.Errorf("%d bytes came, not the %d that were sent", len(got.data), len(data))
	}
}

func TestENetSendsOnePacketToMany(t *testing.T) {
	place := startENetPlace(t, Limits{})
	var clients []*enetEnd
	var conns []netcode.Conn
	for range 5 {
		client := startENetClient(t)
		_, there := joinENet(t, client, place)
		clients, conns = append(clients, client), append(conns, there)
	}
	conns = append(conns, 0, conns[0]+1<<enetSlotBits, enetDialed|77) // nobody, all of them
	mustSendENet(t, place, netcode.Packet{Channel: 0, Data: []byte("all")}, conns...)
	for i, client := range clients {
		if got := await.Next(t, client.received, "packet"); string(got.data) != "all" {
			t.Errorf("client %d got %q", i, got.data)
		}
	}
}

func TestENetSkipsAChannelThatThePeerHasNot(t *testing.T) {
	place, client := startENetPlace(t, Limits{}), startENetClient(t)
	_, err := client.Dial(place.Addr(), 5) // as clients of versions 1 to 3 do
	if err != nil {
		t.Fatal(err)
	}
	there := await.Next(t, place.connected, "connection")
	mustSendENet(t, place, netcode.Packet{Channel: 5, Reliable: true, Data: []byte("not for it")}, there)
	mustSendENet(t, place, netcode.Packet{Channel: 4, Reliable: true, Data: []byte("for it")}, there)
	if got := await.Next(t, client.received, "packet"); string(got.data) != "for it" {
		t.Errorf("got %q on channel %d", got.data, got.channel)
	}
}

func TestENetConnNeverNamesTheNextPeerInItsSlot(t *testing.T) {
	place := startENet(t, Config{Listen: "127.0.0.1:0", Peers: 1}, nil)
	client := startENetClient(t)
	var all []netcode.Conn
	for range 3 {
		here, there := joinENet(t, client, place)
		if slices.Contains(all, there) {
			t.Fatalf("%x was used again", there)
		}
		all = append(all, there)
		for _, old := range all[:len(all)-1] {
			place.Disconnect(old, 1)
			mustSendENet(t, place, netcode.Packet{Channel: 1, Reliable: true, Data: []byte("to the dead")}, old)
			if s, ok := place.Stats(old); ok {
				t.Errorf("Stats of a closed connection: %+v", s)
			}
		}
		mustSendENet(t, place, netcode.Packet{Channel: 1, Reliable: true, Data: []byte("to the living")}, there)
		if got := await.Next(t, client.received, "packet"); string(got.data) != "to the living" {
			t.Errorf("got %q", got.data)
		}
		client.Disconnect(here, netcode.CodeClientLeft)
		await.Next(t, client.disconnected, "own end")
		if end := await.Next(t, place.disconnected, "end"); end != (enetEnding{there, netcode.CodeClientLeft}) {
			t.Errorf("Disconnected(%x, %d)", end.conn, end.code)
		}
	}
}

func TestENetRefusesBadDials(t *testing.T) {
	client := startENetClient(t)
	good := startENetPlace(t, Limits{}).Addr()
	for name, dial := range map[string]func() (netcode.Conn, error){
		"IPv6":         func() (netcode.Conn, error) { return client.Dial(netip.MustParseAddrPort("[::1]:21337"), 5) },
		"port 0":       func() (netcode.Conn, error) { return client.Dial(netip.MustParseAddrPort("127.0.0.1:0"), 5) },
		"unspecified":  func() (netcode.Conn, error) { return client.Dial(netip.MustParseAddrPort("0.0.0.0:21337"), 5) },
		"no channels":  func() (netcode.Conn, error) { return client.Dial(good, 0) },
		"256 channels": func() (netcode.Conn, error) { return client.Dial(good, 256) },
	} {
		t.Run(name, func(t *testing.T) {
			if c, err := dial(); err == nil || c != 0 {
				t.Errorf("Dial = %x, %v", c, err)
			}
		})
	}
}

func TestENetDialFailsWhenAllSlotsAreTaken(t *testing.T) {
	place := startENetPlace(t, Limits{})
	client := startENet(t, Config{Peers: 1}, nil)
	joinENet(t, client, place)
	c, err := client.Dial(place.Addr(), 5)
	if err != nil {
		t.Fatal(err)
	}
	if end := await.Next(t, client.disconnected, "end"); end != (enetEnding{c, netcode.CodeConnectionLost}) {
		t.Errorf("Disconnected(%x, %d)", end.conn, end.code)
	}
}

// The host looks at no more slots than are in use, so it must see those that come
// into use and must not lose those that stay.
func TestENetServesEverySlot(t *testing.T) {
	const n, leave = 50, 40
	place, client := startENetPlace(t, Limits{}), startENet(t, Config{Peers: n}, nil)
	var here, there []netcode.Conn
	for range n {
		h, p := joinENet(t, client, place)
		here, there = append(here, h), append(there, p)
	}
	everybodyHears := func() {
		t.Helper()
		mustSendENet(t, place, netcode.Packet{Channel: 1, Reliable: true, Data: []byte("x")}, there...)
		for range there {
			await.Next(t, client.received, "packet")
		}
	}
	everybodyHears()
	for _, c := range here[:leave] {
		client.Disconnect(c, netcode.CodeClientLeft)
		await.Next(t, place.disconnected, "end")
		await.Next(t, client.disconnected, "own end")
	}
	there = there[leave:]
	time.Sleep(3 * enetSweepEvery)
	everybodyHears()
	for range leave {
		_, p := joinENet(t, client, place)
		there = append(there, p)
	}
	everybodyHears()
}

func TestENetStatsTellOfLoss(t *testing.T) {
	place := startENetPlace(t, Limits{})
	rawDial(t, place) // acknowledges nothing
	there := await.Next(t, place.connected, "connection")
	mustSendENet(t, place, netcode.Packet{Channel: 1, Reliable: true, Data: []byte("into the void")}, there)
	await.Until(t, "what is sent again counts as lost", func() bool {
		s, _ := place.Stats(there)
		return s.Loss > 0 && s.Loss <= 1
	})
}

func TestENetStatsCountTraffic(t *testing.T) {
	place, client := startENetPlace(t, Limits{}), startENetClient(t)
	here, there := joinENet(t, client, place)
	if s, ok := client.Stats(here); !ok || s.SentPackets != 0 {
		t.Errorf("Stats at first: %+v, %v", s, ok)
	}
	const n, size = 20, 3000
	for range n {
		mustSendENet(t, client, netcode.Packet{Channel: 1, Reliable: true, Data: make([]byte, size)}, here)
	}
	await.Until(t, "both ends count", func() bool {
		sent, _ := client.Stats(here)
		got, _ := place.Stats(there)
		// On a busy machine some of it is sent twice: that counts as bytes and as loss.
		return sent.SentPackets == n && got.RecvPackets == n && sent.SentBytes > n*size && got.RecvBytes > n*size && sent.RTT > 0
	})
}

// ENet drops unreliable packets when round trips vary, unless it is told not to.
func TestENetTellsItsPeersNotToThrottle(t *testing.T) {
	place := startENetPlace(t, Limits{})
	peer := rawDial(t, place)
	for {
		datagram, err := peer.Read(await.Rest(t))
		if err != nil {
			t.Fatalf("the place said nothing of it: %v", err)
		}
		if got, ok := rawenet.ThrottleDeceleration(datagram); ok {
			if got != 0 {
				t.Errorf("deceleration %d", got)
			}
			return
		}
	}
}

// TestGoENetTypesAreAsReached: cHost and cPeer take the first field of go-enet's
// hidden types for the C pointer.
func TestGoENetTypesAreAsReached(t *testing.T) {
	host, err := enet.NewHost(nil, 1, 1, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer host.Destroy()
	peer, err := host.Connect(enet.NewAddress("127.0.0.1", 9), 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		typ  reflect.Type
		want string
	}{
		{"host", reflect.TypeOf(host).Elem(), "*enet._Ctype_struct__ENetHost"},
		{"peer", reflect.TypeOf(peer), "*enet._Ctype_struct__ENetPeer"},
	} {
		if c.typ.Kind() != reflect.Struct || c.typ.NumField() != 1 || c.typ.Field(0).Type.String() != c.want {
			t.Errorf("the %s is %v, want a struct with just a %s", c.name, c.typ, c.want)
		}
	}
	if got := cPeer(peer).host; got != cHost(host) {
		t.Errorf("the peer's host is %p, not %p", got, cHost(host))
	}
}

func TestENetWakesUpForASend(t *testing.T) {
	place, client := startENetPlace(t, Limits{}), startENetClient(t)
	_, there := joinENet(t, client, place)
	var took []time.Duration
	for range 50 {
		time.Sleep(3 * time.Millisecond) // both ends are asleep again
		start := time.Now()
		mustSendENet(t, place, netcode.Packet{Channel: 0, Data: []byte("wake")}, there)
		took = append(took, await.Next(t, client.received, "packet").at.Sub(start))
	}
	slices.Sort(took)
	quarter := took[len(took)/4]
	t.Logf("send to receipt: a quarter within %v, worst %v", quarter, took[len(took)-1])
	if quarter > 3*time.Millisecond { // a busy machine makes some later, but not all; sleepers all
		t.Errorf("only a quarter came within %v: nobody was woken", quarter)
	}
}

func TestENetSendDoesNotAllocate(t *testing.T) {
	place, client := startENetPlace(t, Limits{}), startENetClient(t)
	_, there := joinENet(t, client, place)
	// The client's side allocates too, so it must not get anything: it has no
	// such channel.
	packet, conns := netcode.Packet{Channel: 6, Data: make([]byte, 500)}, []netcode.Conn{there}
	if allocs := testing.AllocsPerRun(1000, func() { mustSendENet(t, place, packet, conns...) }); allocs > 0 {
		t.Errorf("%v allocations for a packet", allocs)
	}
}

func TestENetClosedTakesNothing(t *testing.T) {
	e := startENetPlace(t, Limits{})
	if err := e.Close(netcode.CodePlaceClosed); err != nil {
		t.Fatal(err)
	}
	if err := e.Send(netcode.Packet{}, 1); !errors.Is(err, netcode.ErrClosed) {
		t.Errorf("Send: %v", err)
	}
	if _, err := e.Dial(netip.MustParseAddrPort("127.0.0.1:9"), 5); !errors.Is(err, netcode.ErrClosed) {
		t.Errorf("Dial: %v", err)
	}
	e.Disconnect(1, 1)
	if _, ok := e.Stats(1); ok {
		t.Error("Stats of a closed transport")
	}
}
