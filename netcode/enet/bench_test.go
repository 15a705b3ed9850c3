package enet

import (
	"fmt"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
)

// enetCounter is a Handler that only counts, and tells when it has counted enough.
type enetCounter struct {
	received atomic.Int64
	want     atomic.Int64
	enough   chan struct{}
}

func (c *enetCounter) Connected(netcode.Conn, netip.AddrPort) { c.count() }
func (c *enetCounter) Received(netcode.Conn, uint8, []byte)   { c.count() }
func (c *enetCounter) Disconnected(netcode.Conn, uint32)      {}

func (c *enetCounter) count() {
	if c.received.Add(1) == c.want.Load() {
		c.enough <- struct{}{}
	}
}

// await runs do and waits until n more were counted.
func (c *enetCounter) await(n int, do func()) {
	c.want.Store(c.received.Load() + int64(n))
	do()
	<-c.enough
}

// dialMany connects a client to a place n times.
func dialMany(b *testing.B, place *enetEnd, n int) (client *Transport, heard *enetCounter, there []netcode.Conn) {
	b.Helper()
	client, err := New(Config{Peers: n, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	heard = &enetCounter{enough: make(chan struct{})}
	served := make(chan error)
	go func() { served <- client.Serve(heard) }()
	b.Cleanup(func() {
		_ = client.Close(netcode.CodeClientLeft)
		<-served
	})
	heard.await(n, func() {
		for range n {
			if _, err := client.Dial(place.Addr(), 6); err != nil {
				b.Fatal(err)
			}
		}
	})
	for range n {
		there = append(there, await.Next(b, place.connected, "connection"))
	}
	return client, heard, there
}

// One packet to a hundred peers, until the last of them has it. Both ends run on
// the same machine.
func BenchmarkENetBroadcast(b *testing.B) {
	for _, size := range []int{200, 1372, 16_000} {
		b.Run(fmt.Sprintf("%d bytes to 100", size), func(b *testing.B) {
			const peers = 100
			place := startENetPlace(b, Limits{})
			_, heard, there := dialMany(b, place, peers)
			p := netcode.Packet{Channel: 0, Data: make([]byte, size)}
			b.SetBytes(int64(size * peers))
			b.ReportAllocs()
			for b.Loop() {
				heard.await(peers, func() { mustSendENet(b, place, p, there...) })
			}
		})
	}
}

// There and back again, both ends waking up for it.
func BenchmarkENetEcho(b *testing.B) {
	for _, size := range []int{100, 1372} {
		b.Run(fmt.Sprintf("%d bytes", size), func(b *testing.B) {
			place := startENet(b, Config{Listen: "127.0.0.1:0"}, func(place *enetEnd) {
				place.onReceived = func(c netcode.Conn, channel uint8, data []byte) {
					_ = place.Send(netcode.Packet{Channel: channel, Data: data}, c)
					<-place.received // what the recorder kept before
				}
				place.received <- enetReceipt{}
			})
			client, heard, _ := dialMany(b, place, 1)
			p := netcode.Packet{Channel: 0, Data: make([]byte, size)}
			b.ReportAllocs()
			for b.Loop() {
				heard.await(1, func() { mustSendENet(b, client, p, enetDialed|1) })
			}
		})
	}
}

// What Send costs its caller.
func BenchmarkENetSend(b *testing.B) {
	for _, peers := range []int{1, 100} {
		b.Run(fmt.Sprintf("to %d", peers), func(b *testing.B) {
			place := startENetPlace(b, Limits{})
			_, _, there := dialMany(b, place, peers)
			p := netcode.Packet{Channel: 9, Data: make([]byte, 500)} // nobody has that channel
			b.ReportAllocs()
			for b.Loop() {
				mustSendENet(b, place, p, there...)
			}
		})
	}
}
