package media_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/enet"
	"github.com/loci-place/loci/netcode/floor"
)

// What is relayed: as a meeting has it where a third of those present speak.
const (
	benchAgents   = 60
	benchSpeakers = 20
	benchPayload  = 120 // bytes
	benchTick     = time.Millisecond
	benchBatch    = 3 * time.Millisecond // between two flushes, as a place has it
)

// roleVariable has the test binary relay in a process of its own, whose CPU time can
// be told from the agents'.
const roleVariable = "LOCI_RELAY_ROLE"

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(roleVariable) {
	case "place":
		err = servePlace()
	case "bare":
		err = relayBare()
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func tellAddr(at netip.AddrPort) { _ = json.NewEncoder(os.Stdout).Encode(at) }

func servePlace() error {
	transport, err := enet.New(enet.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		return err
	}
	place, err := engine.New(engine.Config{
		Transports: []netcode.Transport{transport}, Rate: 1, Logger: slog.New(slog.DiscardHandler),
		Limits: engine.Limits{MediaRate: 1 << 20, MediaByteRate: 1 << 30},
	})
	if err != nil {
		return err
	}
	tellAddr(transport.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // until the benchmark has ended
		_ = place.Close()
	}()
	return place.Serve(context.Background())
}

func relayBare() error {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	_, err := floor.Relay(floor.RelayConfig{
		Listens: tellAddr, Peers: benchAgents, Batch: benchBatch, Duration: time.Hour,
	})
	return err
}

// startRelay starts a process that relays.
func startRelay(b *testing.B, role string) (at netip.AddrPort, pid int) {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(stdin.Close(), cmd.Wait()); err != nil {
			b.Error(err)
		}
	})
	if err := json.NewDecoder(stdout).Decode(&at); err != nil {
		b.Fatal(err)
	}
	return at, cmd.Process.Pid
}

// cpuTime is what a process has used, to 10 ms.
func cpuTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Skip("no way to tell the CPU time of another process: ", err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	var ticks int
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100
}

// counted is a transport that counts the media that comes, in place of who uses it.
type counted struct {
	netcode.Dialer
	channels map[uint8]bool
	heard    atomic.Int64
	conns    chan netcode.Conn // as they are made, if anybody wants to know
}

func newCounted(b *testing.B, channels ...uint8) *counted {
	enet, err := enet.New(enet.Config{Peers: benchAgents, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	c := &counted{Dialer: enet, channels: map[uint8]bool{}, conns: make(chan netcode.Conn, benchAgents)}
	for _, channel := range channels {
		c.channels[channel] = true
	}
	return c
}

func (c *counted) Serve(h netcode.Handler) error { return c.Dialer.Serve(&counter{h, c}) }

type counter struct {
	netcode.Handler
	c *counted
}

func (k *counter) Connected(c netcode.Conn, from netip.AddrPort) {
	k.c.conns <- c
	k.Handler.Connected(c, from)
}

func (k *counter) Received(c netcode.Conn, channel uint8, data []byte) {
	if k.c.channels[channel] {
		k.c.heard.Add(1)
		return
	}
	k.Handler.Received(c, channel, data)
}

// joinPlace has agents of one version join a place and hear all speakers, who are the
// first. What it returns has the nth of them send a packet.
func joinPlace(b *testing.B, at netip.AddrPort, version int) (speak func(n int), all *counted) {
	d, _ := netcode.DialectOf(version)
	all = newCounted(b, d.Audio)
	dialer := client.NewDialer(all)
	b.Cleanup(func() { _ = dialer.Close() })
	ctx, cancel := context.WithTimeout(b.Context(), 30*time.Second)
	defer cancel()
	var agents []*client.Client
	for range benchAgents {
		a, err := dialer.Dial(ctx, "alloplace://"+at.String(), client.Config{
			Version: version, Mode: client.AcknowledgeOnly, IntentRate: 1,
		})
		if err != nil {
			b.Fatal(err)
		}
		agents = append(agents, a)
	}
	var tracks []uint32
	for n := range benchSpeakers {
		answer, err := agents[n].Request(ctx, "place", "allocate_track", "audio", "opus", map[string]any{})
		if err != nil {
			b.Fatal(err)
		}
		tracks = append(tracks, uint32(answer[2].(float64)))
	}
	for n, a := range agents {
		for m, track := range tracks {
			if n == m || d.HearsEveryone {
				continue
			}
			if _, err := a.Request(ctx, "place", "media_track", int(track), "subscribe"); err != nil {
				b.Fatal(err)
			}
		}
	}
	payload := make([]byte, benchPayload)
	return func(n int) {
		if err := agents[n].SendMedia(tracks[n], payload); err != nil {
			b.Fatal(err)
		}
	}, all
}

type silent struct{}

func (silent) Connected(netcode.Conn, netip.AddrPort) {}
func (silent) Received(netcode.Conn, uint8, []byte)   {}
func (silent) Disconnected(_ netcode.Conn, _ uint32)  {}

// joinBare connects as many to a bare loop.
func joinBare(b *testing.B, at netip.AddrPort) (speak func(n int), all *counted) {
	all = newCounted(b, 0)
	served := make(chan error, 1)
	go func() { served <- all.Serve(silent{}) }()
	b.Cleanup(func() {
		_ = all.Close(0)
		<-served
	})
	for range benchAgents {
		if _, err := all.Dial(at, 6); err != nil {
			b.Fatal(err)
		}
	}
	var conns []netcode.Conn
	for range benchAgents {
		conns = append(conns, <-all.conns)
	}
	data := netcode.MediaFrame{Track: 1, Payload: make([]byte, benchPayload)}.Append(nil, false)
	return func(n int) {
		if err := all.Send(netcode.Packet{Channel: 0, Data: data}, conns[n]); err != nil {
			b.Fatal(err)
		}
	}, all
}

// BenchmarkRelay has 20 of 60 agents speak, to the 59 others each, at several rates:
// 50 packets a second are what a voice takes. It tells how many packets a core relays
// in a second of its time, and how many of them arrive: beside a place, a bare loop
// around ENet's own calls that sends the same packets. The speakers take turns, a
// millisecond apart: that is hard on both, as packets that come at once share datagrams.
func BenchmarkRelay(b *testing.B) {
	for _, rate := range []int{50, 200, 400} {
		for _, c := range []struct {
			name string
			role string
			join func(b *testing.B, at netip.AddrPort) (func(n int), *counted)
		}{
			{"bare", "bare", joinBare},
			{"place of version 3", "place", func(b *testing.B, at netip.AddrPort) (func(n int), *counted) { return joinPlace(b, at, 3) }},
			{"place of version 4", "place", func(b *testing.B, at netip.AddrPort) (func(n int), *counted) { return joinPlace(b, at, 4) }},
		} {
			b.Run(fmt.Sprintf("%d a second/%s", rate, c.name), func(b *testing.B) {
				at, pid := startRelay(b, c.role)
				speak, all := c.join(b, at)
				measureRelay(b, rate, pid, speak, all)
			})
		}
	}
}

func measureRelay(b *testing.B, rate, pid int, speak func(n int), all *counted) {
	heard, cpu := all.heard.Load(), cpuTime(b, pid)
	ticker := time.NewTicker(benchTick)
	defer ticker.Stop()
	sent, start := 0, time.Now()
	for b.Loop() {
		<-ticker.C
		for ; sent < int(time.Since(start).Seconds()*float64(rate*benchSpeakers)); sent++ {
			speak(sent % benchSpeakers)
		}
	}
	time.Sleep(200 * time.Millisecond) // what is on its way
	used := (cpuTime(b, pid) - cpu).Seconds()
	relayed := float64(all.heard.Load() - heard)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(relayed/used, "packets/core-s")
	b.ReportMetric(used/time.Since(start).Seconds(), "cores")
	b.ReportMetric(100*relayed/float64(sent*(benchAgents-1)), "%arrived")
}
