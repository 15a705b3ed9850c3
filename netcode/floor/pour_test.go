package floor

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode/enet"
)

func TestPourSendsEveryPeerAllPackets(t *testing.T) {
	const peers = 3
	client, err := enet.New(enet.Config{Peers: peers})
	if err != nil {
		t.Fatal(err)
	}
	var heard listener
	served := make(chan error)
	go func() { served <- client.Serve(&heard) }()
	err = Pour(PourConfig{
		Listens: func(at netip.AddrPort) {
			for range peers {
				if _, err := client.Dial(at, 6); err != nil {
					t.Error(err)
				}
			}
		},
		Peers: peers, Channel: 2, Size: 5000, Packets: 10,
	})
	if err != nil {
		t.Error(err)
	}
	if err := client.Close(0); err != nil {
		t.Error(err)
	}
	<-served
	if n, bytes := heard.packets.Load(), heard.bytes.Load(); n != 10*peers || bytes != 50_000*peers {
		t.Errorf("%d packets came, %d bytes", n, bytes)
	}
}

func TestPourSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  PourConfig
		says string
	}{
		"nobody comes": {PourConfig{Peers: 1, Packets: 1, Patience: 20 * time.Millisecond}, "not all 1 peers"},
		"no peers":     {PourConfig{Packets: 1}, "needed"},
		"no packets":   {PourConfig{Peers: 1}, "needed"},
		"too many":     {PourConfig{Peers: 5000, Packets: 1}, "cannot listen"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Pour(c.cfg); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v does not say %q", err, c.says)
			}
		})
	}
}
