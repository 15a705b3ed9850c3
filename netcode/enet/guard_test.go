package enet

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"os"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/rawenet"
)

const (
	// heartbeat is how often the place sends to a bystander during an attack, and
	// mostBehind how many heartbeats the bystander may be behind one of a place that
	// is left alone: what else the machine does holds up both.
	heartbeat  = 50 * time.Millisecond
	mostBehind = 4
	// attackTime is how long an attack lasts at least.
	attackTime = 500 * time.Millisecond
)

// underAttack calls attack, which gets the number of the call, again and again
// from another goroutine until meanwhile is done. It fails if the bystander,
// which is the given connection of the place, misses a packet or gets it late.
func underAttack(t *testing.T, place, bystander *enetEnd, conn netcode.Conn, attack func(i int), meanwhile func()) {
	t.Helper()
	var over atomic.Bool
	attacked, sent := make(chan int, 1), make(chan int, 1)
	calm, other := startENetPlace(t, Limits{}), startENetClient(t)
	_, there := joinENet(t, other, calm)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer over.Store(true) // even when meanwhile fails
	wg.Go(func() {
		i := 0
		for ; !over.Load(); i++ {
			attack(i)
		}
		attacked <- i
	})
	wg.Go(func() {
		n := 0
		for ; !over.Load(); n++ {
			p := netcode.Packet{Channel: 0, Data: binary.BigEndian.AppendUint32(nil, uint32(n))}
			_, _ = place.Send(p, conn), calm.Send(p, there)
			time.Sleep(heartbeat)
		}
		sent <- n
	})
	time.Sleep(attackTime / 2)
	meanwhile()
	time.Sleep(attackTime / 2)
	over.Store(true)
	attacks := await.Next(t, attacked, "end of the attack")
	n := await.Next(t, sent, "end of the heartbeats")
	at, calmAt := heartbeats(t, bystander, n), heartbeats(t, other, n)
	behind := 0
	for i := range n {
		came := sort.Search(n, func(k int) bool { return calmAt[k].After(at[i]) })
		behind = max(behind, came-i-1)
	}
	t.Logf("%d attacks: at most %d of %d heartbeats behind", attacks, behind, n)
	if behind > mostBehind {
		t.Errorf("the bystander was %d heartbeats behind that of a place that is left alone", behind)
	}
}

// heartbeats returns when each of the n heartbeats has come.
func heartbeats(t *testing.T, bystander *enetEnd, n int) (at []time.Time) {
	t.Helper()
	for i := range n {
		got := await.Next(t, bystander.received, "heartbeat")
		if seq := int(binary.BigEndian.Uint32(got.data)); seq != i {
			t.Fatalf("heartbeat %d came in place of %d", seq, i)
		}
		at = append(at, got.at)
	}
	return at
}

// residentBytes is how much memory the process has, C's included, but not Go's garbage.
func residentBytes(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("this system does not tell how much memory a process has")
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

func TestENetWithstands(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	noise := func(size int) []byte {
		b := make([]byte, size)
		_, _ = random.Read(b)
		return b
	}
	for name, c := range map[string]struct {
		attack  func(peer *rawenet.Conn, i int) [][]byte
		dropped func(d DropCounts) uint64
	}{
		"noise": {
			func(_ *rawenet.Conn, i int) [][]byte { return [][]byte{noise(i % 1400)} },
			func(d DropCounts) uint64 { return d.Malformed + d.Stray },
		},
		"noise from a peer": {
			func(peer *rawenet.Conn, i int) [][]byte { return [][]byte{append(peer.Header(), noise(i%300)...)} },
			func(d DropCounts) uint64 { return d.Malformed },
		},
		"empty datagrams": {
			func(*rawenet.Conn, int) [][]byte { return [][]byte{{}, {}, {1}} },
			func(d DropCounts) uint64 { return d.Malformed },
		},
		"datagrams over 4096 bytes": {
			func(peer *rawenet.Conn, i int) [][]byte {
				return [][]byte{append(peer.Header(), noise(4093)...), noise(5000), noise(60_000), {0}}
			},
			func(d DropCounts) uint64 { return d.Malformed },
		},
		"fragments that claim a million others": {
			func(peer *rawenet.Conn, _ int) [][]byte { return peer.BitmapBomb(100) },
			func(d DropCounts) uint64 { return d.Fragment },
		},
		"fragments that claim 8 MiB": {
			func(peer *rawenet.Conn, _ int) [][]byte { return peer.LengthBomb(10, 8<<20) },
			func(d DropCounts) uint64 { return d.Fragment },
		},
		"fragments that claim 4 GiB": {
			func(peer *rawenet.Conn, _ int) [][]byte { return peer.LengthBomb(10, 1<<32-1) },
			func(d DropCounts) uint64 { return d.Fragment },
		},
		"halves of packets": {
			func(peer *rawenet.Conn, _ int) [][]byte { return peer.HalfPackets(100, 1<<20) },
			func(DropCounts) uint64 { return 1 }, // they are taken, up to a limit
		},
		"pings": {
			func(peer *rawenet.Conn, _ int) [][]byte { return peer.Pings(200) },
			func(d DropCounts) uint64 { return d.CommandRate },
		},
		"a thousand commands in a datagram": {
			func(peer *rawenet.Conn, _ int) [][]byte {
				return [][]byte{append(peer.Header(), bytes.Repeat(rawenet.AppendPing(nil, 2), 1000)...)}
			},
			func(d DropCounts) uint64 { return d.Malformed },
		},
	} {
		t.Run(name, func(t *testing.T) {
			place, bystander := startENetPlace(t, Limits{}), startENetClient(t)
			_, there := joinENet(t, bystander, place)
			peer := rawDial(t, place)
			before := residentBytes(t)
			underAttack(t, place, bystander, there, func(i int) {
				for _, datagram := range c.attack(peer, i) {
					_ = peer.Write(datagram) // the place may have ended the connection
				}
			}, func() {})
			if grown := (residentBytes(t) - before) >> 20; grown > 64 {
				t.Errorf("memory grew by %d MiB", grown)
			}
			if d := place.Dropped(); c.dropped(d) == 0 {
				t.Errorf("nothing was dropped: %+v", d)
			}
		})
	}
}

// An unguarded host takes longer for each of these the more have come: seconds
// for one datagram in the end.
func TestENetChargesForMakingItsQueuesLong(t *testing.T) {
	place, bystander := startENetPlace(t, Limits{}), startENetClient(t)
	_, there := joinENet(t, bystander, place)
	peer := rawDial(t, place)
	datagrams := peer.Descending(1500)
	underAttack(t, place, bystander, there, func(i int) {
		_ = peer.Write(datagrams[i%len(datagrams)])
	}, func() {})
	if d := place.Dropped(); d.CommandRate == 0 {
		t.Errorf("dropped %+v", d)
	}
}

func TestENetMaxQueuedCommandsEndsWhoGoesOver(t *testing.T) {
	place, bystander := startENetPlace(t, Limits{CommandRate: 1 << 24, MaxQueuedCommands: 4096}), startENetClient(t)
	_, there := joinENet(t, bystander, place)
	peer := rawDial(t, place)
	attacker := await.Next(t, place.connected, "connection")
	datagrams := peer.Descending(1500)
	underAttack(t, place, bystander, there, func(i int) {
		_ = peer.Write(datagrams[i%len(datagrams)])
	}, func() {
		if got := await.Next(t, place.disconnected, "end"); got != (enetEnding{attacker, netcode.CodeOverload}) {
			t.Errorf("heard %v, want %v, %d", got, attacker, netcode.CodeOverload)
		}
	})
	if d := place.Dropped(); d.Queued != 1 {
		t.Errorf("dropped %+v", d)
	}
}

// A peer that stays under the cap may still make the place search its queue for
// every command it sends.
func TestENetChargesForLongQueues(t *testing.T) {
	place, bystander := startENetPlace(t, Limits{}), startENetClient(t)
	_, there := joinENet(t, bystander, place)
	peer := rawDial(t, place)
	rawWrite(t, peer, peer.Descending(500)...) // of 32 commands: just under 16,384
	newest := rawenet.AppendUnreliable(nil, 0, 1, 0xFFFF-500*32+1, nil)
	again := append(peer.UntimedHeader(), bytes.Repeat(newest, 32)...)
	underAttack(t, place, bystander, there, func(int) {
		_ = peer.Write(again)
	}, func() {})
	if d := place.Dropped(); d.CommandRate == 0 {
		t.Errorf("dropped %+v", d)
	}
}

// ENet answers a connect, fails to send that to port 0, and then leaves out
// every peer in the slots behind.
func TestENetIgnoresSourcePortZero(t *testing.T) {
	raw, err := net.Dial("ip4:udp", "127.0.0.1")
	if err != nil {
		t.Skipf("only root may send from port 0: %v", err)
	}
	defer func() { _ = raw.Close() }()
	place := startENetPlace(t, Limits{})
	connect := rawenet.ConnectDatagram(1, 6)
	datagram := binary.BigEndian.AppendUint16([]byte{0, 0}, place.Addr().Port())
	datagram = binary.BigEndian.AppendUint16(datagram, uint16(8+len(connect)))
	datagram = append(append(datagram, 0, 0), connect...) // no checksum
	if _, err := raw.Write(datagram); err != nil {
		t.Fatal(err)
	}
	await.Until(t, "it is dropped", func() bool { return place.Dropped().Source == 1 })
	joinENet(t, startENetClient(t), place)
}

// The counter of ENet 1.3.17 for what waits grows with every unreliable fragment
// that is given up, until it takes nothing more.
func TestENetForgetsTheLossOfUnreliableFragments(t *testing.T) {
	const total = 1 << 20
	place := startENetPlace(t, Limits{MaxWaiting: 8 * total})
	peer := rawDial(t, place)
	await.Next(t, place.connected, "connection")
	for i := range uint16(40) {
		rawWrite(t, peer, rawenet.Fragment{
			Command: rawenet.UnreliableFragment, Start: 2*i + 1,
			Count: total / 1024, Total: total, Data: make([]byte, 1024),
		}.Append(peer.UntimedHeader()))
		// A newer packet makes the place give the fragment up.
		rawWrite(t, peer, rawenet.AppendUnreliable(peer.UntimedHeader(), 0, 0, 2*i+2, []byte{byte(i)}))
		if got := await.Next(t, place.received, "packet"); got.data[0] != byte(i) {
			t.Fatalf("packet %d came in place of %d", got.data[0], i)
		}
		time.Sleep(enetSweepEvery / 4)
	}
}
