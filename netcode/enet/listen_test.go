package enet

import (
	"log/slog"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode/rawenet"
)

func TestENetRefusesBadConfigurations(t *testing.T) {
	busy, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	for name, c := range map[string]struct {
		cfg  Config
		says string
	}{
		"busy port":           {Config{Listen: busy.LocalAddr().String()}, "address already in use"},
		"no port":             {Config{Listen: "127.0.0.1"}, "missing port"},
		"port out of range":   {Config{Listen: "127.0.0.1:65536"}, `port "65536"`},
		"port by name":        {Config{Listen: "127.0.0.1:http"}, `port "http"`},
		"IPv6":                {Config{Listen: "[::1]:0"}, "not an IPv4 address"},
		"name that is none":   {Config{Listen: "no host:0"}, "no such host"},
		"address of others":   {Config{Listen: "192.0.2.1:0"}, "cannot assign"},
		"too many peers":      {Config{Peers: 4096}, "Peers: 4096"},
		"negative peers":      {Config{Peers: -1}, "Peers: -1"},
		"negative limit":      {Config{Limits: Limits{MaxPacket: -1}}, "Limits.MaxPacket: -1"},
		"negative rate":       {Config{Limits: Limits{ConnectRate: -1}}, "Limits.ConnectRate: -1"},
		"timeout of 1 ns":     {Config{Limits: Limits{HalfOpenTimeout: 1}}, "Limits.HalfOpenTimeout: 1ns"},
		"timeouts in reverse": {Config{Limits: Limits{TimeoutMin: time.Minute}}, "Limits.TimeoutMax: 20s"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := New(c.cfg)
			if err == nil {
				_ = e.Close(0)
				t.Fatalf("listens on %v", e.Addr())
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %q does not say %q", err, c.says)
			}
		})
	}
}

func TestENetListensWhereItIsTold(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:0": "127.0.0.1",
		"localhost:0": "127.0.0.1",
		"127.0.0.2:0": "127.0.0.2",
		":0":          "0.0.0.0",
		"0.0.0.0:0":   "0.0.0.0",
		"":            "0.0.0.0",
	} {
		t.Run(listen, func(t *testing.T) {
			e, err := New(Config{Listen: listen, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = e.Close(0) }()
			if got := e.Addr(); got.Addr().String() != want || got.Port() == 0 {
				t.Errorf("Addr() = %v", got)
			}
		})
	}
}

func TestENetClientTakesNoConnections(t *testing.T) {
	client := startENetClient(t)
	udp, err := net.Dial("udp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(client.Addr().Port()))))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = udp.Close() }()
	if _, err := udp.Write(rawenet.ConnectDatagram(1, 6)); err != nil {
		t.Fatal(err)
	}
	await.Until(t, "it counts as stray", func() bool { return client.Dropped().Stray == 1 })
}

func TestENetSaysWhenTheKernelGrantsASmallerBuffer(t *testing.T) {
	var log strings.Builder
	e, err := New(Config{
		Limits: Limits{SocketBuffer: enetMost}, // Linux grants at most half of it to anybody
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close(0) }()
	if got := socketBuffers(e.host.fd(), enetMost); got >= enetMost {
		t.Skipf("this kernel grants %d bytes", got)
	}
	if !strings.Contains(log.String(), "socket buffer") {
		t.Errorf("log: %q", log.String())
	}
}

func TestENetGetsTheBufferItAsksFor(t *testing.T) {
	e := startENetPlace(t, Limits{SocketBuffer: 100_000}) // less than any system's limit
	if got := socketBuffers(e.host.fd(), e.limits.SocketBuffer); got < 100_000 {
		t.Errorf("got %d bytes", got)
	}
}
