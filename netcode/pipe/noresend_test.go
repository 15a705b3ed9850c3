package pipe

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/netcode"
)

// TestPipeLosesPacketsWithAFragment sends two fragments at a time at 20 Hz: of the packets with
// NoResend all are lost of which one fragment is, and no others; the rest come late instead.
func TestPipeLosesPacketsWithAFragment(t *testing.T) {
	for name, c := range map[string]struct {
		noResend bool
		want     float64
	}{
		"with NoResend": {true, 0.64},
		"without":       {false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := connectPair(t, Config{Seed: 3})
				defer p.close()
				p.net.SetConfig(Config{Delay: time.Millisecond, Loss: 0.2, Timeout: time.Hour})
				const sent = 2000
				for range sent {
					if err := p.a.Send(netcode.Packet{NoResend: c.noResend, Data: make([]byte, 2*pipeFragment)}, p.ca); err != nil {
						t.Fatal(err)
					}
					if s, _ := p.a.Stats(p.ca); s.Busy == c.noResend {
						t.Fatalf("busy right after Send: %v", s.Busy)
					}
					after(50 * time.Millisecond)
				}
				after(5 * time.Second)
				share := float64(len(p.rb.take())) / sent
				if share < c.want-0.03 || share > c.want+0.03 {
					t.Errorf("heard %.3f of the packets, want %.3f", share, c.want)
				}
			})
		})
	}
}
