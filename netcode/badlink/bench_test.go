package badlink

import (
	"net/netip"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
)

// One datagram each way for each of 300 clients, until all have arrived: with
// both ends, which read and send as often as the relay, in the same process.
func BenchmarkRelay(b *testing.B) {
	const clients = 300
	server := startPeer(b, 0)
	_ = server.SetReadBuffer(socketBuffer)
	r := startRelay(b, Config{To: server.addr(), Link: Link{Delay: 2 * time.Millisecond}})
	var all []*peer
	for i := range clients {
		c := startPeer(b, 0)
		all = append(all, c)
		c.send(b, r.Addr(), uint64(i), 200)
		server.want(b, i+1)
	}
	var known []netip.AddrPort
	for _, d := range server.received() {
		known = append(known, d.from)
	}
	start := r.Stats()
	b.ReportAllocs()
	for b.Loop() {
		before := r.Stats()
		for i, c := range all {
			c.send(b, r.Addr(), uint64(i), 200)
			server.send(b, known[i], uint64(i), 200)
		}
		await.Until(b, "all arrived", func() bool {
			s := r.Stats()
			return s.Up.Delivered-before.Up.Delivered == clients && s.Down.Delivered-before.Down.Delivered == clients
		})
	}
	end := r.Stats()
	passed := end.Up.Delivered + end.Down.Delivered - start.Up.Delivered - start.Down.Delivered
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(passed), "ns/datagram")
}
