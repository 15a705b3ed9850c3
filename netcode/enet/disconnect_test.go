package enet

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/rawenet"
)

func TestENetDisconnectTellsBothEndsTheCode(t *testing.T) {
	for name, end := range map[string]func(place, client *enetEnd, here, there netcode.Conn) (by *enetEnd, c netcode.Conn){
		"by the client": func(_, client *enetEnd, here, _ netcode.Conn) (*enetEnd, netcode.Conn) { return client, here },
		"by the place":  func(place, _ *enetEnd, _, there netcode.Conn) (*enetEnd, netcode.Conn) { return place, there },
	} {
		t.Run(name, func(t *testing.T) {
			place, client := startENetPlace(t, Limits{}), startENetClient(t)
			here, there := joinENet(t, client, place)
			by, c := end(place, client, here, there)
			by.Disconnect(c, netcode.CodeKicked)
			if got := await.Next(t, client.disconnected, "end"); got != (enetEnding{here, netcode.CodeKicked}) {
				t.Errorf("the client heard %v", got)
			}
			if got := await.Next(t, place.disconnected, "end"); got != (enetEnding{there, netcode.CodeKicked}) {
				t.Errorf("the place heard %v", got)
			}
		})
	}
}

func TestENetDisconnectDeliversFirstWhatWasSentBefore(t *testing.T) {
	place, client := startENetPlace(t, Limits{}), startENetClient(t)
	_, there := joinENet(t, client, place)
	const n = 2000
	for i := range uint32(n) {
		mustSendENet(t, place, netcode.Packet{Channel: 1, Reliable: true, Data: binary.BigEndian.AppendUint32(nil, i)}, there)
	}
	mustSendENet(t, place, netcode.Packet{Channel: 3, Reliable: true, Data: make([]byte, 1<<20)}, there)
	place.Disconnect(there, netcode.CodeOutdatedVersion)
	mustSendENet(t, place, netcode.Packet{Channel: 1, Reliable: true, Data: []byte("too late")}, there)
	if got := await.Next(t, client.disconnected, "end"); got.code != netcode.CodeOutdatedVersion {
		t.Errorf("code %d", got.code)
	}
	if got := len(client.received); got != n+1 {
		t.Errorf("%d packets came before the end, of %d", got, n+1)
	}
}

func TestENetDisconnectFromWithinTheHandler(t *testing.T) {
	place := startENet(t, Config{Listen: "127.0.0.1:0"}, func(place *enetEnd) {
		place.onReceived = func(c netcode.Conn, _ uint8, data []byte) {
			place.Disconnect(c, binary.BigEndian.Uint32(data))
		}
	})
	client := startENetClient(t)
	here, _ := joinENet(t, client, place)
	mustSendENet(t, client, netcode.Packet{Channel: 1, Reliable: true, Data: binary.BigEndian.AppendUint32(nil, netcode.CodeDenied)}, here)
	if got := await.Next(t, client.disconnected, "end"); got.code != netcode.CodeDenied {
		t.Errorf("code %d", got.code)
	}
}

func TestENetDisconnectEndsADialThatNobodyAnswers(t *testing.T) {
	deaf, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = deaf.Close() }()
	client := startENetClient(t)
	c, err := client.Dial(netip.MustParseAddrPort(deaf.LocalAddr().String()), 5)
	if err != nil {
		t.Fatal(err)
	}
	client.Disconnect(c, netcode.CodeClientLeft)
	if got := await.Next(t, client.disconnected, "end"); got != (enetEnding{c, netcode.CodeClientLeft}) {
		t.Errorf("heard %v", got)
	}
}

// shortTimeouts let a test see what takes twenty seconds otherwise.
var shortTimeouts = Limits{TimeoutMin: 200 * time.Millisecond, TimeoutMax: 400 * time.Millisecond}

func TestENetReportsASilentPeerAsLost(t *testing.T) {
	place := startENetPlace(t, shortTimeouts)
	rawDial(t, place) // never acknowledges anything
	there := await.Next(t, place.connected, "connection")
	if got := await.Next(t, place.disconnected, "end"); got != (enetEnding{there, netcode.CodeConnectionLost}) {
		t.Errorf("heard %v", got)
	}
}

func TestENetDialThatNobodyAnswersIsLost(t *testing.T) {
	client := startENet(t, Config{Peers: 1, Limits: shortTimeouts}, nil)
	c, err := client.Dial(netip.MustParseAddrPort("127.0.0.1:9"), 5)
	if err != nil {
		t.Fatal(err)
	}
	if got := await.Next(t, client.disconnected, "end"); got != (enetEnding{c, netcode.CodeConnectionLost}) {
		t.Errorf("heard %v", got)
	}
}

// A peer that goes on acknowledging, but never its disconnection, never times
// out for ENet.
func TestENetGivesUpAPeerThatWillNotLeave(t *testing.T) {
	place := startENetPlace(t, shortTimeouts)
	peer := rawDial(t, place)
	there := await.Next(t, place.connected, "connection")
	place.Disconnect(there, netcode.CodeKicked)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				now := uint16(time.Now().UnixMilli())
				_ = peer.Write(rawenet.AppendAcknowledgement(peer.Header(), 0, 999, now-1))
			}
		}
	}()
	if got := await.Next(t, place.disconnected, "end"); got != (enetEnding{there, netcode.CodeKicked}) {
		t.Errorf("heard %v", got)
	}
}

// Without a time in the datagram ENet cannot acknowledge, and would keep the
// slot of a peer that says goodbye in one for ever.
func TestENetIgnoresAGoodbyeThatCannotBeAcknowledged(t *testing.T) {
	place := startENetPlace(t, Limits{})
	peer := rawDial(t, place)
	there := await.Next(t, place.connected, "connection")
	rawWrite(t, peer, rawenet.AppendDisconnect(peer.UntimedHeader(), 2, netcode.CodeClientLeft))
	await.Until(t, "it counts as malformed", func() bool { return place.Dropped().Malformed == 1 })
	rawWrite(t, peer, rawenet.AppendDisconnect(peer.Header(), 2, netcode.CodeClientLeft))
	if got := await.Next(t, place.disconnected, "end"); got != (enetEnding{there, netcode.CodeClientLeft}) {
		t.Errorf("heard %v", got)
	}
}

func rawDial(t testing.TB, place *enetEnd) *rawenet.Conn {
	t.Helper()
	c, err := rawenet.Dial(place.Addr(), 6)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Write(c.Goodbye(netcode.CodeClientLeft)) // so that the place need not wait for it
		_ = c.Close()
	})
	return c
}

func rawWrite(t testing.TB, c *rawenet.Conn, datagrams ...[]byte) {
	t.Helper()
	for _, d := range datagrams {
		if err := c.Write(d); err != nil {
			t.Fatal(err)
		}
	}
}
