package client

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/pipe"
)

func TestPipeTellsWhenAPacketHasArrived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := pipe.New(pipe.Config{Delay: 10 * time.Millisecond})
		p, url := startPlace(t, n, func(p *fakePlace) { p.packet = func(*fakeAgent, netcode.Kind, []byte) {} })
		defer p.close()
		d := NewDialer(n.Host())
		defer d.Close()
		for range 2 {
			if _, err := d.Dial(t.Context(), url, Config{}); err != nil {
				t.Fatal(err)
			}
		}
		after(time.Second)
		start := time.Now()
		var took []time.Duration
		send := func(to ...netcode.Conn) {
			packet := netcode.Packet{Channel: 3, Reliable: true, Data: make([]byte, 5000), Delivered: func() {
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
		n.SetConfig(pipe.Config{Delay: 10 * time.Millisecond, Loss: 1})
		send(p.agent(0).conn)
		after(500 * time.Millisecond)
		n.SetConfig(pipe.Config{Delay: 10 * time.Millisecond})
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
		n.SetConfig(pipe.Config{Loss: 1})
		send(p.agent(0).conn)
		after(time.Minute)
		if len(took) != 1 {
			t.Errorf("to one that is lost: told after %v", took)
		}
	})
}
