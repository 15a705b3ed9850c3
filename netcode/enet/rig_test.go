package enet

import (
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
)

type enetReceipt struct {
	conn    netcode.Conn
	channel uint8
	data    []byte
	at      time.Time
}

type enetEnding struct {
	conn netcode.Conn
	code uint32
}

// enetRecorder is a Handler that keeps what it hears. It may also act on it.
type enetRecorder struct {
	connected    chan netcode.Conn
	received     chan enetReceipt
	disconnected chan enetEnding
	onReceived   func(c netcode.Conn, channel uint8, data []byte)
}

func newENetRecorder() *enetRecorder {
	const plenty = 1 << 14
	return &enetRecorder{make(chan netcode.Conn, plenty), make(chan enetReceipt, plenty), make(chan enetEnding, plenty), nil}
}

func (r *enetRecorder) Connected(c netcode.Conn, from netip.AddrPort) { r.connected <- c }

func (r *enetRecorder) Received(c netcode.Conn, channel uint8, data []byte) {
	if r.onReceived != nil {
		r.onReceived(c, channel, data)
	}
	select {
	case r.received <- enetReceipt{c, channel, slices.Clone(data), time.Now()}:
	default: // what attackers send, nobody takes
	}
}

func (r *enetRecorder) Disconnected(c netcode.Conn, code uint32) {
	r.disconnected <- enetEnding{c, code}
}

// enetEnd is an ENet transport that is being served.
type enetEnd struct {
	*Transport
	*enetRecorder
	served chan error
}

// startENet serves a transport until the test ends.
func startENet(t testing.TB, cfg Config, on func(*enetEnd)) *enetEnd {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	end := &enetEnd{e, newENetRecorder(), make(chan error, 1)}
	if on != nil {
		on(end)
	}
	go func() { end.served <- e.Serve(end.enetRecorder) }()
	t.Cleanup(func() {
		if err := e.Close(netcode.CodePlaceClosed); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := await.Next(t, end.served, "return of Serve"); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return end
}

// startENetPlace serves a transport that others can dial.
func startENetPlace(t testing.TB, limits Limits) *enetEnd {
	t.Helper()
	return startENet(t, Config{Listen: "127.0.0.1:0", Limits: limits}, nil)
}

// startENetClient serves a transport that can dial.
func startENetClient(t testing.TB) *enetEnd {
	t.Helper()
	return startENet(t, Config{Peers: 4}, nil)
}

// joinENet connects from one transport to another, and names the connection on both.
func joinENet(t testing.TB, from, to *enetEnd) (here, there netcode.Conn) {
	t.Helper()
	here, err := from.Dial(to.Addr(), 6)
	if err != nil {
		t.Fatal(err)
	}
	there = await.Next(t, to.connected, "connection")
	if c := await.Next(t, from.connected, "answer to a connection"); c != here {
		t.Fatalf("Connected(%x), but Dial named it %x", c, here)
	}
	return here, there
}

func mustSendENet(t testing.TB, e netcode.Transport, p netcode.Packet, to ...netcode.Conn) {
	t.Helper()
	if err := e.Send(p, to...); err != nil {
		t.Fatal(err)
	}
}

// lockedBuffer is what a log is written to while it is read.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
