package engine

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/enet"
	"github.com/loci-place/loci/netcode/rawenet"
)

// attacks are what plain UDP sockets can do to a place. Start prepares one, and what
// it returns sends a burst; felt reports whether the place has noticed.
var attacks = map[string]struct {
	start func(t *testing.T, to netip.AddrPort) (burst func(i int))
	felt  func(d enet.DropCounts, logs *logBook) bool
}{
	"random datagrams": {
		randomDatagrams,
		func(d enet.DropCounts, _ *logBook) bool { return d.Malformed > 100 },
	},
	"datagrams over 4096 bytes": {
		hugeDatagrams,
		func(d enet.DropCounts, _ *logBook) bool { return d.Malformed > 100 },
	},
	"fragments of packets that never come": {
		fragmentBombs,
		func(d enet.DropCounts, _ *logBook) bool { return d.Fragment > 100 },
	},
	"empty packets, the newest first": {
		descendingPackets,
		func(d enet.DropCounts, _ *logBook) bool { return d.CommandRate > 100 },
	},
	"connects without acknowledgements": {
		connectFlood,
		func(d enet.DropCounts, _ *logBook) bool { return d.Pressure > 100 },
	},
	"noise from half-open connections": {
		halfOpenNoise,
		func(d enet.DropCounts, _ *logBook) bool { return d.Malformed > 100 },
	},
	"senseless messages on every channel": {
		senselessMessages,
		func(_ enet.DropCounts, logs *logBook) bool {
			return logs.find("unreadable packet") != "" && logs.find("too many violations") != ""
		},
	},
}

// sockets opens sockets that send to the place.
func sockets(t *testing.T, to netip.AddrPort, n int) []*net.UDPConn {
	t.Helper()
	all := make([]*net.UDPConn, n)
	for i := range all {
		socket, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(to))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = socket.Close() })
		all[i] = socket
	}
	return all
}

// rawPeer connects, and never acknowledges anything after.
func rawPeer(t *testing.T, to netip.AddrPort) *rawenet.Conn {
	t.Helper()
	peer, err := rawenet.Dial(to, 6)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = peer.Close() })
	return peer
}

// sendAll sends what may not arrive: the place may have had enough.
func sendAll(peer *rawenet.Conn, datagrams ...[]byte) {
	for _, d := range datagrams {
		_ = peer.Write(d)
	}
}

func noise(rng *rand.ChaCha8, size int) []byte {
	b := make([]byte, size)
	_, _ = rng.Read(b)
	return b
}

func randomDatagrams(t *testing.T, to netip.AddrPort) func(i int) {
	rng := rand.NewChaCha8([32]byte{1})
	stranger, peer := sockets(t, to, 1)[0], rawPeer(t, to)
	return func(i int) {
		_, _ = stranger.Write(noise(rng, i%1400))
		sendAll(peer, append(peer.Header(), noise(rng, i%300)...))
	}
}

// ENet reads datagrams into a buffer of 4096 bytes, and takes one that does not fit
// for an error of the socket.
func hugeDatagrams(t *testing.T, to netip.AddrPort) func(i int) {
	rng := rand.NewChaCha8([32]byte{2})
	peer := rawPeer(t, to)
	random := noise(rng, 60_000)
	return func(i int) {
		sendAll(peer, append(peer.Header(), random[:4093]...), random[:5000], random, []byte{0})
		time.Sleep(time.Millisecond) // faster, they would only show that a full line is full
	}
}

// Fragments that claim packets of a million pieces or of 8 MiB, and the beginnings of
// packets of 1 MiB.
func fragmentBombs(t *testing.T, to netip.AddrPort) func(i int) {
	peer := rawPeer(t, to)
	return func(i int) {
		switch i % 3 {
		case 0:
			sendAll(peer, peer.BitmapBomb(100)...)
		case 1:
			sendAll(peer, peer.LengthBomb(100, 8<<20)...)
		case 2:
			sendAll(peer, peer.HalfPackets(100, 1<<20)...)
		}
	}
}

// ENet searches a queue from its end for where a packet belongs.
func descendingPackets(t *testing.T, to netip.AddrPort) func(i int) {
	peer := rawPeer(t, to)
	datagrams := peer.Descending(1500)
	return func(i int) { sendAll(peer, datagrams[i%len(datagrams)]) }
}

func connectFlood(t *testing.T, to netip.AddrPort) func(i int) {
	all := sockets(t, to, 200)
	return func(i int) {
		for n := range 10 {
			_, _ = all[(10*i+n)%len(all)].Write(rawenet.ConnectDatagram(uint32(10*i+n), 6))
		}
		time.Sleep(2 * time.Millisecond) // the transport remembers 65536 who may come again
	}
}

// halfOpenNoise sends noise in the name of connections that it asked for and does
// not complete.
func halfOpenNoise(t *testing.T, to netip.AddrPort) func(i int) {
	rng := rand.NewChaCha8([32]byte{3})
	all := sockets(t, to, 100)
	return func(i int) {
		socket := all[i%len(all)]
		_, _ = socket.Write(rawenet.ConnectDatagram(uint32(i), 6))
		_ = socket.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		answer := make([]byte, 100)
		if n, _ := socket.Read(answer); n < 12 || answer[4]&0x0F != rawenet.VerifyConnect {
			return // the place has no more room for these
		}
		// The peer that the place made of us, and the session, as the answer says.
		header := binary.BigEndian.Uint16(answer[8:]) | uint16(answer[11])<<12 | 0x8000
		for size := range 100 {
			_, _ = socket.Write(append(binary.BigEndian.AppendUint16(nil, header), noise(rng, 2+size)...))
		}
	}
}

// senselessMessages announces itself, sends what no agent would on every channel,
// and comes again as another agent.
func senselessMessages(t *testing.T, to netip.AddrPort) func(i int) {
	messages := hostile(rand.New(rand.NewPCG(4, 4)), PlaceID)
	for i, m := range messages {
		const datagram = 1300 // what fits into one; the rest is a transport's to cut up
		messages[i] = m[:min(len(m), datagram)]
	}
	return func(i int) {
		peer, err := rawenet.Dial(to, 6)
		if err != nil {
			return // the place has no more room for these
		}
		defer func() { _ = peer.Close() }()
		var sequence [6]uint16
		send := func(channel byte, message string) {
			sequence[channel]++
			sendAll(peer, rawenet.AppendReliable(peer.Header(), channel, sequence[channel], []byte(message)))
		}
		send(netcode.CommandChannel, interaction("request", "", PlaceID, "hello", announce(1+i%4, `{"children":[{}]}`)))
		for answer := []byte{}; !bytes.Contains(answer, []byte(`"announce"`)); {
			if answer, err = peer.Read(time.Second); err != nil {
				return
			}
		}
		for _, channel := range []byte{0, 2, 3, 4, 5, netcode.CommandChannel} { // which ends it, and so comes last
			for _, message := range messages {
				send(channel, message)
			}
		}
		// The place goes on trying to reach each of these for 20 s, with an avatar for
		// all to see: so many that it shows, not so many that nothing else does.
		time.Sleep(50 * time.Millisecond)
	}
}
