package badlink

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
)

// receipt is a datagram that has arrived. The test's datagrams carry a number
// and when they were sent.
type receipt struct {
	number uint64
	from   netip.AddrPort
	sent   time.Time
	took   time.Duration
}

// peer is a socket that keeps what it receives.
type peer struct {
	*net.UDPConn
	mu  sync.Mutex
	got []receipt
}

// startPeer opens a socket at 127.0.0.1, with any port if 0.
func startPeer(t testing.TB, port int) *peer {
	t.Helper()
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{UDPConn: socket}
	var reading sync.WaitGroup
	reading.Go(p.read)
	t.Cleanup(func() {
		_ = p.Close()
		reading.Wait()
	})
	return p
}

func (p *peer) addr() netip.AddrPort { return p.LocalAddr().(*net.UDPAddr).AddrPort() }

func (p *peer) read() {
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := p.ReadFromUDPAddrPort(buf)
		now := time.Now()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || n < 16 {
			continue
		}
		sent := time.Unix(0, int64(binary.BigEndian.Uint64(buf[8:])))
		p.mu.Lock()
		p.got = append(p.got, receipt{binary.BigEndian.Uint64(buf), from, sent, now.Sub(sent)})
		p.mu.Unlock()
	}
}

// send sends a datagram of so many bytes, at least 16.
func (p *peer) send(t testing.TB, to netip.AddrPort, number uint64, size int) {
	t.Helper()
	data := make([]byte, size)
	binary.BigEndian.PutUint64(data, number)
	binary.BigEndian.PutUint64(data[8:], uint64(time.Now().UnixNano()))
	if _, err := p.WriteToUDPAddrPort(data, to); err != nil {
		t.Fatal(err)
	}
}

func (p *peer) received() []receipt {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.got)
}

func (p *peer) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.got)
}

// want waits until so many datagrams have arrived.
func (p *peer) want(t testing.TB, n int) []receipt {
	t.Helper()
	await.Until(t, "all datagrams arrived", func() bool { return p.count() >= n })
	return p.received()
}

func numbers(all []receipt) (numbers []uint64) {
	for _, r := range all {
		numbers = append(numbers, r.number)
	}
	return numbers
}

// upTo is 0, 1, … n-1.
func upTo(n int) (numbers []uint64) {
	for i := range n {
		numbers = append(numbers, uint64(i))
	}
	return numbers
}

// stream sends n datagrams through the relay to a server, and returns what has
// arrived when nothing is under way. No socket ever has to hold more than any
// system lets it, however late its reader is.
func stream(t testing.TB, r *Relay, server *peer, n int) ([]receipt, Stats) {
	t.Helper()
	const atOnce, underWay = 32, 160
	client := startPeer(t, 0)
	for i := range n {
		client.send(t, r.Addr(), uint64(i), 100)
		if i%atOnce == atOnce-1 || i == n-1 {
			await.Until(t, "the relay has all, and the server most", func() bool {
				s := r.Stats()
				return s.Up.Received == uint64(i)+1 && s.Waiting+int(s.Up.Delivered)-server.count() <= underWay-atOnce
			})
		}
	}
	s := atRest(t, r)
	return server.want(t, int(s.Up.Delivered)), s
}
