package badlink

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/enet"
)

// enetPeer is an ENet transport and what its handler hears.
type enetPeer struct {
	*enet.Transport
	connected chan netcode.Conn
	received  chan string
	lost      chan uint32
}

func startENet(t *testing.T, listen string) *enetPeer {
	t.Helper()
	e, err := enet.New(enet.Config{Listen: listen, Peers: 8, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	const plenty = 1 << 12
	p := &enetPeer{e, make(chan netcode.Conn, 8), make(chan string, plenty), make(chan uint32, 8)}
	served := make(chan error, 1)
	go func() { served <- e.Serve(p) }()
	t.Cleanup(func() {
		if err := e.Close(netcode.CodePlaceClosed); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return p
}

func (p *enetPeer) Connected(c netcode.Conn, _ netip.AddrPort)       { p.connected <- c }
func (p *enetPeer) Received(_ netcode.Conn, channel uint8, b []byte) { p.received <- string(b) }
func (p *enetPeer) Disconnected(_ netcode.Conn, code uint32)         { p.lost <- code }
func (p *enetPeer) say(t *testing.T, to netcode.Conn, message string) {
	t.Helper()
	if err := p.Send(netcode.Packet{Channel: 1, Reliable: true, Data: []byte(message)}, to); err != nil {
		t.Fatal(err)
	}
}

// hear returns the next n messages.
func (p *enetPeer) hear(t *testing.T, n int) (heard []string) {
	t.Helper()
	for range n {
		heard = append(heard, await.Next(t, p.received, "message"))
	}
	return heard
}

// joinENet connects a client to a place through a relay.
func joinENet(t *testing.T, client, place *enetPeer, r *Relay) (here, there netcode.Conn) {
	t.Helper()
	if _, err := client.Dial(r.Addr(), 2); err != nil {
		t.Fatal(err)
	}
	return await.Next(t, client.connected, "connection"), await.Next(t, place.connected, "connection")
}

func TestReliableENetIsInOrderOverALossyLink(t *testing.T) {
	t.Parallel() // it waits most of the time
	place := startENet(t, "127.0.0.1:0")
	r := startRelay(t, Config{To: place.Addr(), Seed: 4})
	client := startENet(t, "")
	here, there := joinENet(t, client, place, r)
	mustSetLink(t, r, Link{Delay: 5 * ms, Jitter: 5 * ms, Loss: 0.05, Duplicate: 0.02, Reorder: 0.02})
	const n = 200
	var want []string
	for i := range n {
		want = append(want, fmt.Sprintf("%d: %0700d", i, i)) // one or two in a datagram
		client.say(t, here, want[i])
		place.say(t, there, want[i])
	}
	if got := place.hear(t, n); !slices.Equal(got, want) {
		t.Errorf("the place heard %d of %d messages, or not in order", len(got), n)
	}
	if got := client.hear(t, n); !slices.Equal(got, want) {
		t.Errorf("the client heard %d of %d messages, or not in order", len(got), n)
	}
	s := r.Stats()
	if s.Up.Lost == 0 || s.Down.Lost == 0 || s.Up.Duplicated+s.Down.Duplicated == 0 || s.Up.Reordered+s.Down.Reordered == 0 {
		t.Errorf("the link was not that bad: %+v", s)
	}
	mustSetLink(t, r, Link{}) // so that the farewell is quick
}

func TestENetConnectionSurvivesAShortBlackout(t *testing.T) {
	t.Parallel() // it waits most of the time
	place := startENet(t, "127.0.0.1:0")
	r := startRelay(t, Config{To: place.Addr()})
	client := startENet(t, "")
	here, _ := joinENet(t, client, place, r)
	mustSetLink(t, r, Link{Loss: 1})
	client.say(t, here, "sent in the dark")
	await.Until(t, "it was lost", func() bool { return r.Stats().Up.Lost > 0 })
	mustSetLink(t, r, Link{})
	if got := place.hear(t, 1); !slices.Equal(got, []string{"sent in the dark"}) {
		t.Errorf("the place heard %q", got)
	}
	select {
	case code := <-client.lost:
		t.Errorf("the client was disconnected with %d", code)
	case code := <-place.lost:
		t.Errorf("the place lost the client with %d", code)
	default:
	}
}

// Goodbyes count only with the number that comes next, and some of the commands before
// them are lost or come late.
func TestENetGoodbyesAreBelievedOverALossyLink(t *testing.T) {
	for _, by := range []string{"client", "place"} {
		t.Run("by the "+by, func(t *testing.T) {
			t.Parallel() // it waits most of the time
			place := startENet(t, "127.0.0.1:0")
			r := startRelay(t, Config{To: place.Addr(), Seed: 5})
			mustSetLink(t, r, Link{Delay: 20 * ms, Jitter: 20 * ms, Loss: 0.2, Duplicate: 0.05, Reorder: 0.2})
			for i := range uint32(4) {
				client := startENet(t, "")
				here, there := joinENet(t, client, place, r)
				client.say(t, here, "hello")
				place.hear(t, 1)
				time.Sleep(time.Duration(i) * 150 * ms) // pings are under way, or about to be
				told := client.lost
				if by == "client" {
					told = place.lost
					client.Disconnect(here, 2000+i)
				} else {
					place.Disconnect(there, 2000+i)
				}
				if code := await.Next(t, told, "goodbye"); code != 2000+i {
					t.Errorf("goodbye %d: ended with %d", i, code)
				}
			}
			mustSetLink(t, r, Link{}) // so that the farewell is quick
		})
	}
}
