package netcode

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/internal/await"
)

// TestENetTellsWhenAPacketHasArrived sends packets that take one datagram and many, to
// one connection, to two, and to nobody.
func TestENetTellsWhenAPacketHasArrived(t *testing.T) {
	place, client := startENetPlace(t, ENetLimits{}), startENetClient(t)
	_, a := joinENet(t, client, place)
	_, b := joinENet(t, client, place)
	for name, to := range map[string][]Conn{"one": {a}, "two": {a, b}, "nobody": {12345}} {
		for _, size := range []int{1, 1 << 20} {
			delivered := make(chan struct{}, 2)
			packet := Packet{Channel: 3, Reliable: true, Data: make([]byte, size), Delivered: func() { delivered <- struct{}{} }}
			mustSendENet(t, place, packet, to...)
			await.Next(t, delivered, "word that "+name+" got it")
			if name == "nobody" {
				continue
			}
			for range to { // acknowledged, so it has come or is being told
				if got := await.Next(t, client.received, "packet"); len(got.data) != size {
					t.Errorf("got %d bytes, want %d", len(got.data), size)
				}
			}
			if len(delivered) > 0 {
				t.Errorf("%s: told twice", name)
			}
		}
	}
}

func TestENetTellsOfAPacketWhoseReceiverHasGone(t *testing.T) {
	place, client := startENetPlace(t, ENetLimits{}), startENetClient(t)
	here, there := joinENet(t, client, place)
	delivered := make(chan struct{}, 1)
	mustSendENet(t, place, Packet{
		Channel: 3, Reliable: true, Data: make([]byte, 4<<20), Delivered: func() { delivered <- struct{}{} },
	}, there)
	client.Disconnect(here, CodeClientLeft)
	await.Next(t, delivered, "word that it never will arrive")
}

func TestENetClosesWithPacketsUnderWay(t *testing.T) {
	place, client := startENetPlace(t, ENetLimits{}), startENetClient(t)
	_, there := joinENet(t, client, place)
	client.Close(CodeClientLeft)
	for range 3 {
		mustSendENet(t, place, Packet{
			Channel: 3, Reliable: true, Data: make([]byte, 1<<20), Delivered: func() {},
		}, there)
	}
	if err := place.Close(CodePlaceClosed); err != nil {
		t.Error(err)
	}
}

// TestPipeTellsWhenAPacketHasArrived loses the first half second of packets on the way.
func TestPipeTellsWhenAPacketHasArrived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewPipe(PipeConfig{Delay: 10 * time.Millisecond})
		p, url := startPlace(t, n, func(p *fakePlace) { p.packet = func(*fakeAgent, Kind, []byte) {} })
		defer p.close()
		d := NewDialer(n.Host())
		defer d.Close()
		for range 2 {
			if _, err := d.Dial(t.Context(), url, ClientConfig{}); err != nil {
				t.Fatal(err)
			}
		}
		after(time.Second)
		start := time.Now()
		var took []time.Duration
		send := func(to ...Conn) {
			packet := Packet{Channel: 3, Reliable: true, Data: make([]byte, 5000), Delivered: func() {
				took = append(took, time.Since(start))
			}}
			if err := p.transport.Send(packet, to...); err != nil {
				t.Error(err)
			}
		}
		send(p.agent(0).conn, p.agent(1).conn)
		after(time.Second)
		if len(took) != 1 || took[0] != 20*time.Millisecond {
			t.Errorf("to both: told after %v", took)
		}
		start, took = time.Now(), nil
		n.SetConfig(PipeConfig{Delay: 10 * time.Millisecond, Loss: 1})
		send(p.agent(0).conn)
		after(500 * time.Millisecond)
		n.SetConfig(PipeConfig{Delay: 10 * time.Millisecond})
		after(5 * time.Second)
		if len(took) != 1 || took[0] < 500*time.Millisecond {
			t.Errorf("lost at first: told after %v", took)
		}
		start, took = time.Now(), nil
		send()
		send(12345)
		after(time.Second)
		if len(took) != 2 || took[0] != 0 || took[1] != 0 {
			t.Errorf("to nobody: told after %v", took)
		}
		took = nil
		n.SetConfig(PipeConfig{Loss: 1})
		send(p.agent(0).conn)
		after(time.Minute)
		if len(took) != 1 {
			t.Errorf("to one that is lost: told after %v", took)
		}
	})
}
