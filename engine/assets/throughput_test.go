package assets_test

import (
	"fmt"
	"io"
	"net/netip"
	"testing"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/enet"
)

// BenchmarkThroughput compares what an agent gets of a cached asset, hashed on
// arrival, with what a bare ENet server in C moves over a reliable channel: both to
// one agent over loopback, from a process of their own.
func BenchmarkThroughput(b *testing.B) {
	const size = 100 << 20
	b.Run("bare", func(b *testing.B) {
		packets := (b.N + 4) * size >> 20
		at, _ := startProcess(b, "bare", fmt.Sprint(packetsVariable, "=", packets))
		enough := make(chan struct{})
		n := 0
		host, err := enet.New(enet.Config{Peers: 1, Limits: enet.Limits{CommandRate: 1 << 22}})
		if err != nil {
			b.Fatal(err)
		}
		sink := &sink{received: func() {
			n++
			if n == b.N*size>>20 {
				close(enough)
			}
		}}
		go func() { _ = host.Serve(sink) }()
		defer host.Close(0)
		b.SetBytes(size)
		b.ResetTimer()
		if _, err := host.Dial(at, 6); err != nil {
			b.Fatal(err)
		}
		<-enough
	})
	b.Run("place", func(b *testing.B) {
		at, _ := startProcess(b, "place", dirVariable+"="+b.TempDir())
		content := noise(1, size)
		publisher := dialPlace(b, at, client.Config{})
		id := publisher.PublishAsset(content)
		agent := dialPlace(b, at, client.Config{})
		fetch := func() {
			if err := agent.FetchAssetTo(b.Context(), io.Discard, id, ""); err != nil {
				b.Fatal(err)
			}
		}
		fetch()
		b.SetBytes(size)
		for b.Loop() {
			fetch()
		}
	})
}

// sink is a handler that counts what it receives.
type sink struct{ received func() }

func (s *sink) Connected(netcode.Conn, netip.AddrPort)     {}
func (s *sink) Received(_ netcode.Conn, _ uint8, _ []byte) { s.received() }
func (s *sink) Disconnected(netcode.Conn, uint32)          {}
