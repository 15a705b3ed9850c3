package enet

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/rawenet"
)

func TestENetBelievesOnlyTheNextGoodbye(t *testing.T) {
	const newest = 5 // the number of the last command before the goodbye
	for name, c := range map[string]struct {
		sequence uint16
		believed bool
	}{
		"the next":                           {newest + 1, true},
		"with a ping lost on the way":        {newest + 2, true},
		"as far ahead as any may get":        {newest + 4, true},
		"one further":                        {newest + 5, false},
		"the number of one that has come":    {newest, false},
		"an old one":                         {2, false},
		"none, as a forger has it":           {0, false},
		"half a round ahead":                 {newest + 1<<15, false},
		"a number before where they wrap":    {1<<16 - 1, false},
		"with the number of another that is": {999, false},
	} {
		t.Run(name, func(t *testing.T) {
			place := startENetPlace(t, Limits{})
			peer, err := rawenet.Dial(place.Addr(), 6)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = peer.Close() })
			there := await.Next(t, place.connected, "connection")
			for i := uint16(2); i <= newest; i++ {
				rawWrite(t, peer, rawenet.AppendPing(peer.Header(), i))
			}
			rawWrite(t, peer, rawenet.AppendDisconnect(peer.Header(), c.sequence, netcode.CodeKicked))
			if c.believed {
				if got := await.Next(t, place.disconnected, "end"); got != (enetEnding{there, netcode.CodeKicked}) {
					t.Errorf("heard %v", got)
				}
				return
			}
			await.Until(t, "it is dropped", func() bool { return place.Dropped().Control == 1 })
			rawWrite(t, peer, rawenet.AppendDisconnect(peer.Header(), newest+1, netcode.CodeClientLeft))
			if got := await.Next(t, place.disconnected, "end"); got != (enetEnding{there, netcode.CodeClientLeft}) {
				t.Errorf("after its own goodbye heard %v", got)
			}
		})
	}
}

// TestENetNumbersOfGoodbyesWrap is about a connection that lasts for hours.
func TestENetNumbersOfGoodbyesWrap(t *testing.T) {
	place := startENetPlace(t, Limits{CommandRate: 1 << 24})
	peer := rawDial(t, place)
	there := await.Next(t, place.connected, "connection")
	for n := 2; n < 1<<16+10; {
		b := peer.Header()
		for range 32 {
			b, n = rawenet.AppendPing(b, uint16(n)), n+1
		}
		rawWrite(t, peer, b)
		if n%1024 < 32 { // so that none is lost
			rawWrite(t, peer, rawenet.AppendUnreliable(peer.UntimedHeader(), 0, 0, uint16(n/32), []byte{1}))
			await.Next(t, place.received, "packet")
		}
		if n >= 1<<16+10 {
			rawWrite(t, peer, rawenet.AppendDisconnect(peer.Header(), uint16(n), netcode.CodeKicked))
		}
	}
	if got := await.Next(t, place.disconnected, "end"); got != (enetEnding{there, netcode.CodeKicked}) {
		t.Errorf("heard %v", got)
	}
}

func TestENetBelievesNoGoodbyeWhileNumbersAreTried(t *testing.T) {
	place := startENetPlace(t, shortTimeouts)
	peer := rawDial(t, place)
	there := await.Next(t, place.connected, "connection")
	const tries = 1000
	for i := range uint16(tries) {
		rawWrite(t, peer, rawenet.AppendDisconnect(peer.Header(), 100+i, netcode.CodeKicked))
	}
	rawWrite(t, peer, rawenet.AppendDisconnect(peer.Header(), 2, netcode.CodeKicked)) // the right one, too late
	if got := await.Next(t, place.disconnected, "end"); got != (enetEnding{there, netcode.CodeConnectionLost}) {
		t.Errorf("heard %v, want that it fell silent", got)
	}
	if d := place.Dropped(); d.Control != tries+1 {
		t.Errorf("dropped %+v", d)
	}
}

// TestENetIgnoresForgedGoodbyes has somebody else write the client's address on
// goodbyes for each slot and session, and on bandwidths of a byte a second.
func TestENetIgnoresForgedGoodbyes(t *testing.T) {
	raw, err := net.Dial("ip4:udp", "127.0.0.1")
	if err != nil {
		t.Skipf("only root may write another's address on a datagram: %v", err)
	}
	defer func() { _ = raw.Close() }()
	place, client := startENetPlace(t, Limits{}), startENetClient(t)
	here, there := joinENet(t, client, place)
	forge := func(from, to netip.AddrPort, payload []byte) {
		t.Helper()
		datagram := binary.BigEndian.AppendUint16(nil, from.Port())
		datagram = binary.BigEndian.AppendUint16(datagram, to.Port())
		datagram = binary.BigEndian.AppendUint16(datagram, uint16(8+len(payload)))
		if _, err := raw.Write(append(append(datagram, 0, 0), payload...)); err != nil {
			t.Fatal(err)
		}
	}
	at := netip.MustParseAddrPort("127.0.0.1:0")
	for _, way := range []struct{ from, to *enetEnd }{{client, place}, {place, client}} {
		before := way.to.Dropped().Control
		from := netip.AddrPortFrom(at.Addr(), way.from.Addr().Port())
		for peer := range uint16(16) {
			for session := range uint16(4) {
				head := binary.BigEndian.AppendUint16(nil, session<<12|peer)
				goodbye := append(append([]byte(nil), head...), rawenet.Disconnect, 0xFF, 0, 0)
				forge(from, way.to.Addr(), binary.BigEndian.AppendUint32(goodbye, netcode.CodeKicked))
				limit := append(append([]byte(nil), head...), 10, 0xFF, 0x40, 0)
				forge(from, way.to.Addr(), append(limit, 0, 0, 0, 1, 0, 0, 0, 1))
			}
		}
		await.Until(t, "both are dropped", func() bool { return way.to.Dropped().Control == before+2 })
	}
	mustSendENet(t, client, netcode.Packet{Channel: 1, Reliable: true, Data: []byte("still here")}, here)
	await.Next(t, place.received, "packet")
	if len(place.disconnected)+len(client.disconnected) > 0 {
		t.Fatal("the connection has ended")
	}
	client.Disconnect(here, netcode.CodeClientLeft)
	if got := await.Next(t, place.disconnected, "end"); got != (enetEnding{there, netcode.CodeClientLeft}) {
		t.Errorf("heard %v", got)
	}
}

// answers reads all that comes within a time.
func answers(t *testing.T, socket net.Conn, within time.Duration) (all [][]byte, bytes int) {
	t.Helper()
	if err := socket.SetReadDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	for {
		b := make([]byte, 4096)
		n, err := socket.Read(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return all, bytes
		}
		if err != nil {
			t.Fatal(err)
		}
		all, bytes = append(all, b[:n]), bytes+n
	}
}

func TestENetSendsNoMoreThanAStrangerBrought(t *testing.T) {
	place := startENetPlace(t, Limits{})
	socket := rawSockets(t, place, 1)[0]
	connect := rawenet.ConnectDatagram(1, 6)
	for again := range 3 {
		knock(t, socket, 1)
		// ENet alone sends its answer again after half a second, and then after one.
		if got, n := answers(t, socket, 800*time.Millisecond); len(got) != 1 || n > len(connect) {
			t.Errorf("time %d: for %d bytes got %d datagrams of %d bytes", again+1, len(connect), len(got), n)
		}
	}
	// From the peer, but without a proof that it is: small ones that are worth no answer.
	verify := func(b []byte) (peer, sequence uint16, session byte) {
		return binary.BigEndian.Uint16(b[8:]), binary.BigEndian.Uint16(b[6:]), b[11]
	}
	knock(t, socket, 1)
	got, _ := answers(t, socket, 100*time.Millisecond)
	peer, sequence, session := verify(got[0])
	header := binary.BigEndian.AppendUint16(nil, 1<<15|uint16(session)<<12|peer)
	header = append(header, 0, 0)
	for i := range uint16(6) {
		forged := rawenet.AppendAcknowledgement(append([]byte(nil), header...), rawenet.NoChannel, sequence+1+i, 0)
		if _, err := socket.Write(forged); err != nil {
			t.Fatal(err)
		}
	}
	if got, n := answers(t, socket, 200*time.Millisecond); n > 6*12 || len(place.connected) > 0 {
		t.Errorf("guesses are answered %d times, and %d connected", len(got), len(place.connected))
	}
	ack := rawenet.AppendAcknowledgement(append([]byte(nil), header...), rawenet.NoChannel, sequence, 0)
	if _, err := socket.Write(ack); err != nil {
		t.Fatal(err)
	}
	await.Next(t, place.connected, "connection")
}

// TestENetAnswersAgainWhoBringsMore is about a client whose acknowledgement was lost: it
// believes to be in, and sends its announce.
func TestENetAnswersAgainWhoBringsMore(t *testing.T) {
	place := startENetPlace(t, Limits{})
	socket := rawSockets(t, place, 1)[0]
	knock(t, socket, 1)
	first, _ := answers(t, socket, 100*time.Millisecond)
	header := binary.BigEndian.AppendUint16(nil, 1<<15|uint16(first[0][11])<<12|binary.BigEndian.Uint16(first[0][8:]))
	if _, err := socket.Write(rawenet.AppendReliable(append(header, 0, 0), 1, 1, make([]byte, 100))); err != nil {
		t.Fatal(err)
	}
	again, n := answers(t, socket, 200*time.Millisecond)
	if len(again) != 1 || n > 112 || string(again[0][4:]) != string(first[0][4:]) {
		t.Fatalf("answered %x, then %x", first, again)
	}
	if len(place.connected)+len(place.received) > 0 {
		t.Error("in without a proof")
	}
}

func TestENetNumbersItsAnswersAtRandom(t *testing.T) {
	place := startENetPlace(t, Limits{})
	seen := map[uint16]bool{}
	const tries = 16
	for _, socket := range rawSockets(t, place, tries) {
		knock(t, socket, 1)
		b := make([]byte, 4096)
		if _, err := socket.Read(b); err != nil {
			t.Fatal(err)
		}
		seen[binary.BigEndian.Uint16(b[6:])] = true
	}
	if len(seen) < tries/2 {
		t.Errorf("%d different numbers in %d answers", len(seen), tries)
	}
}
