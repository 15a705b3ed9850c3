package floor

import (
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/enet"
)

// listener counts what is broadcast to it.
type listener struct{ packets, bytes atomic.Int64 }

func (*listener) Connected(netcode.Conn, netip.AddrPort) {}
func (*listener) Disconnected(netcode.Conn, uint32)      {}
func (l *listener) Received(_ netcode.Conn, channel uint8, data []byte) {
	if channel == 2 {
		l.packets.Add(1)
		l.bytes.Add(int64(len(data)))
	}
}

func TestRunBroadcastsToEveryPeer(t *testing.T) {
	const peers = 3
	client, err := enet.New(enet.Config{Peers: peers})
	if err != nil {
		t.Fatal(err)
	}
	var heard listener
	served := make(chan error)
	go func() { served <- client.Serve(&heard) }()

	result, err := Run(Config{
		Listens: func(at netip.AddrPort) {
			for range peers {
				if _, err := client.Dial(at, 6); err != nil {
					t.Error(err)
				}
			}
		},
		Peers: peers, Channel: 2, Flags: 1, Sizes: []int{100, 5000}, Hz: 50, Duration: 400 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Close(0); err != nil {
		t.Error(err)
	}
	<-served

	if result.Beats < 15 || result.Beats > 25 || result.PeersLeft != peers {
		t.Errorf("%+v", result)
	}
	// The last beat may still be on its way when the connections end.
	beats := int64(result.Beats)
	if got := heard.packets.Load(); got > peers*beats || got < peers*(beats-1) {
		t.Errorf("%d packets came of %d", got, peers*beats)
	}
	if got := heard.bytes.Load(); got < peers*(beats-1)/2*5100 || int64(result.SentBytes) < got {
		t.Errorf("%d bytes came of %d sent", got, result.SentBytes)
	}
	if result.CPU <= 0 || result.CPU > result.Wall || result.ReceivedDatagrams == 0 || result.SentDatagrams == 0 {
		t.Errorf("%+v", result)
	}
}

func TestRunSaysWhatIsWrong(t *testing.T) {
	good := Config{Peers: 1, Sizes: []int{1}, Duration: time.Second, Patience: 20 * time.Millisecond}
	for name, c := range map[string]struct {
		change func(*Config)
		says   string
	}{
		"nobody comes": {func(*Config) {}, "0 of 1 peers"},
		"no peers":     {func(c *Config) { c.Peers = 0 }, "needed"},
		"no sizes":     {func(c *Config) { c.Sizes = nil }, "needed"},
		"empty packet": {func(c *Config) { c.Sizes = []int{5, 0} }, "0 bytes"},
		"too many":     {func(c *Config) { c.Peers = 5000 }, "cannot listen"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good
			c.change(&cfg)
			if _, err := Run(cfg); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v does not say %q", err, c.says)
			}
		})
	}
}
