package transports_test

import (
	"errors"
	"log/slog"
	"testing"

	"go.uber.org/goleak"

	"github.com/loci-place/loci/engine/internal/transports"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/direct"
	"github.com/loci-place/loci/netcode/pipe"
	"github.com/loci-place/loci/netcode/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

// TestSetKeepsToTheSeam has the agents of the test come over a pipe and a direct transport in
// turns.
func TestSetKeepsToTheSeam(t *testing.T) {
	transporttest.Run(t, func(testing.TB) transporttest.Rig {
		n := pipe.New(pipe.Config{})
		end, inside := n.Listen(), direct.New()
		connected := 0
		return transporttest.Rig{
			Transport: transports.Join([]netcode.Transport{inside, end}, quiet), Several: true,
			Connect: func(t testing.TB, a transporttest.Agent) transporttest.Peer {
				connected++
				if connected%2 == 0 {
					return inside.Connect(direct.Config{Received: a.Received, Disconnected: a.Disconnected})
				}
				return transporttest.Dial(t, n.Host(), end.Addr(), a)
			},
		}
	})
}

// stub is a transport that does nothing.
type stub struct {
	sent  int
	err   error
	ended chan struct{}
}

func (s *stub) Serve(netcode.Handler) error                     { <-s.ended; return nil }
func (s *stub) Send(_ netcode.Packet, to ...netcode.Conn) error { s.sent += len(to); return s.err }
func (s *stub) Flush() error                                    { return s.err }
func (s *stub) Disconnect(netcode.Conn, uint32)                 {}
func (s *stub) Stats(netcode.Conn) (netcode.Stats, bool)        { return netcode.Stats{}, true }
func (s *stub) Close(uint32) error                              { return s.err }

func TestOneTransportStandsForItself(t *testing.T) {
	one := direct.New()
	if got := transports.Join([]netcode.Transport{one}, quiet); got != netcode.Transport(one) {
		t.Errorf("got a %T", got)
	}
}

func TestSendJoinsErrors(t *testing.T) {
	a, b := &stub{err: netcode.ErrTooLarge}, &stub{}
	s := transports.Join([]netcode.Transport{a, b}, quiet)
	second := netcode.Conn(1)<<netcode.ConnBits | 5
	if err := s.Send(netcode.Packet{}, 5, second, second+1); !errors.Is(err, netcode.ErrTooLarge) || a.sent != 1 || b.sent != 2 {
		t.Errorf("%v, %d and %d sent", err, a.sent, b.sent)
	}
	a.err = netcode.ErrClosed // and Serve has not returned yet
	if err := s.Send(netcode.Packet{}, 5); err != nil {
		t.Errorf("to one on a closed transport: %v", err)
	}
	if err := s.Flush(); err != nil {
		t.Errorf("Flush with one that is closed: %v", err)
	}
	for _, nobody := range []netcode.Conn{2 << netcode.ConnBits, 1<<64 - 1} {
		if err := s.Send(netcode.Packet{}, nobody); err != nil {
			t.Errorf("to %#x: %v", nobody, err)
		}
		if _, ok := s.Stats(nobody); ok {
			t.Errorf("%#x has Stats", nobody)
		}
		s.Disconnect(nobody, 1)
	}
}

// BenchmarkSend sends to connections of one transport by itself, and of two together.
func BenchmarkSend(b *testing.B) {
	two := transports.Join([]netcode.Transport{&stub{}, &stub{}}, quiet)
	first, second := []netcode.Conn{1}, []netcode.Conn{1<<netcode.ConnBits | 1}
	var crowd []netcode.Conn
	for n := range 100 {
		crowd = append(crowd, netcode.Conn(n%2)<<netcode.ConnBits|netcode.Conn(n))
	}
	for _, c := range []struct {
		name string
		over netcode.Transport
		to   []netcode.Conn
	}{
		{"one", transports.Join([]netcode.Transport{&stub{}}, quiet), first},
		{"first of two", two, first},
		{"second of two", two, second},
		{"100 of two", two, crowd},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = c.over.Send(netcode.Packet{}, c.to...)
			}
		})
	}
}
