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

// talker sends a packet from each connection as soon as it is made, and counts what
// comes of that.
type talker struct {
	end   netcode.Transport
	heard atomic.Int64
}

func (k *talker) Connected(c netcode.Conn, _ netip.AddrPort) {
	_ = k.end.Send(netcode.Packet{Channel: 3, Reliable: true, Data: []byte("hello")}, c)
}
func (*talker) Disconnected(netcode.Conn, uint32) {}
func (k *talker) Received(_ netcode.Conn, channel uint8, data []byte) {
	if channel == 3 && string(data) == "hello" {
		k.heard.Add(1)
	}
}

func TestRelaySendsToAllButTheSender(t *testing.T) {
	const peers = 4
	client, err := enet.New(enet.Config{Peers: peers})
	if err != nil {
		t.Fatal(err)
	}
	k := &talker{end: client}
	served := make(chan error)
	go func() { served <- client.Serve(k) }()
	result, err := Relay(RelayConfig{
		Listens: func(at netip.AddrPort) {
			for range peers {
				if _, err := client.Dial(at, 6); err != nil {
					t.Error(err)
				}
			}
		},
		Peers: peers, Batch: time.Millisecond, Duration: 300 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Close(0); err != nil {
		t.Error(err)
	}
	<-served
	// What was said before all had come went to nobody.
	if result.Relayed != (peers-1)*result.Received || result.Received == 0 || result.PeersLeft != peers || result.CPU <= 0 || result.CPU > result.Wall {
		t.Errorf("%+v", result)
	}
	if got := k.heard.Load(); got != int64(result.Relayed) {
		t.Errorf("%d packets came of %d", got, result.Relayed)
	}
}

func TestRelaySaysWhatIsWrong(t *testing.T) {
	good := RelayConfig{Peers: 1, Duration: time.Second, Patience: 20 * time.Millisecond}
	for name, c := range map[string]struct {
		change func(*RelayConfig)
		says   string
	}{
		"nobody comes": {func(*RelayConfig) {}, "0 of 1 peers"},
		"no peers":     {func(c *RelayConfig) { c.Peers = 0 }, "needed"},
		"no time":      {func(c *RelayConfig) { c.Duration = 0 }, "needed"},
		"a long batch": {func(c *RelayConfig) { c.Batch = time.Second }, "less than 1 s"},
		"too many":     {func(c *RelayConfig) { c.Peers = 5000 }, "cannot listen"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good
			c.change(&cfg)
			if _, err := Relay(cfg); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v does not say %q", err, c.says)
			}
		})
	}
}
