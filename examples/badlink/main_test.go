package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode/badlink"
)

func TestFlagsSayWhatTheLinkIsLike(t *testing.T) {
	const ms = time.Millisecond
	got, err := parseFlags(strings.Fields("--listen 127.0.0.1:1 --to 127.0.0.1:2 --delay 100ms --jitter 20ms --loss 0.05 "+
		"--reorder 0.1 --duplicate 0.2 --rate 30000 --rate-queue 500ms --blackout 30s/2s --seed 9 --every 1s"), io.Discard)
	want := config{
		relay: badlink.Config{
			Listen: netip.MustParseAddrPort("127.0.0.1:1"),
			To:     netip.MustParseAddrPort("127.0.0.1:2"),
			Link: badlink.Link{
				Delay: 100 * ms, Jitter: 20 * ms, Loss: 0.05, Reorder: 0.1, Duplicate: 0.2,
				Rate: 30000, RateQueue: 500 * ms,
			},
			Seed: 9,
		},
		blackout: blackout{30 * time.Second, 2 * time.Second},
		every:    time.Second,
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestWithoutFlagsTheLinkIsGoodAndLocal(t *testing.T) {
	got, err := parseFlags(nil, io.Discard)
	if err != nil || got.relay.Link != (badlink.Link{}) || !got.relay.Listen.Addr().IsLoopback() || !got.relay.To.Addr().IsLoopback() {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestBadFlagsAreExplained(t *testing.T) {
	cases := map[string]struct{ flags, want string }{
		"argument":             {"more", `unexpected argument "more"`},
		"no address":           {"--to nowhere", "--to: address nowhere: missing port"},
		"no host":              {"--to :21337", `--to: ":21337" names no host`},
		"no port":              {"--listen 127.0.0.1", "--listen: address 127.0.0.1: missing port"},
		"never a line":         {"--every 0s", "--every is 0s"},
		"blackout of one":      {"--blackout 2s", "want PERIOD/LENGTH"},
		"blackout all along":   {"--blackout 2s/2s", "2s is not a part of 2s"},
		"blackout no time":     {"--blackout 2s/0s", "0s is not a part of 2s"},
		"blackout not a time":  {"--blackout 2/1", "missing unit"},
		"blackout half a time": {"--blackout 2s/1", "missing unit"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var said strings.Builder
			if _, err := parseFlags(strings.Fields(c.flags), &said); err == nil || !strings.Contains(said.String(), c.want) {
				t.Errorf("got %v, and it said %q, want %q", err, said.String(), c.want)
			}
		})
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	var said strings.Builder
	if _, err := parseFlags([]string{"--help"}, &said); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("got %v", err)
	}
	for _, name := range strings.Fields("listen to delay jitter loss reorder duplicate rate rate-queue blackout seed every") {
		if !strings.Contains(said.String(), "  -"+name+" ") {
			t.Errorf("help does not name --%s", name)
		}
	}
}

// startEcho opens a server that sends everything back.
func startEcho(t *testing.T) string {
	t.Helper()
	socket, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 100)
		for {
			n, from, err := socket.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = socket.WriteTo(buf[:n], from)
		}
	}()
	t.Cleanup(func() {
		_ = socket.Close()
		<-done
	})
	return socket.LocalAddr().String()
}

// startRun runs the command until stop, and reads what it prints.
func startRun(t *testing.T, args ...string) (lines *bufio.Scanner, stop func() error) {
	t.Helper()
	cfg, err := parseFlags(args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, cfg, in)
		_ = in.Close()
	}()
	return bufio.NewScanner(out), func() error {
		cancel()
		_, _ = io.Copy(io.Discard, out)
		return <-ended
	}
}

func TestCommandRelaysReportsAndStops(t *testing.T) {
	lines, stop := startRun(t, "--listen", "127.0.0.1:0", "--to", startEcho(t), "--every", "3ms", "--blackout", "60ms/30ms")
	var from, to string
	if !lines.Scan() {
		t.Fatal("it printed nothing")
	}
	if _, err := fmt.Sscanf(lines.Text(), "relaying %s to %s", &from, &to); err != nil {
		t.Fatalf("it printed %q", lines.Text())
	}
	client, err := net.Dial("udp4", from)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	lost, came := false, false
	for lines.Scan() && !(lost && came) {
		if _, err := client.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		up, down, _ := strings.Cut(lines.Text(), "; down: ")
		lost = lost || strings.Contains(up, " lost") // in the dark half of the time
		came = came || down != "" && !strings.HasPrefix(down, "0 in")
	}
	if !lost || !came {
		t.Errorf("lost something: %v, got something back: %v", lost, came)
	}
	if err := stop(); err != nil {
		t.Errorf("stopped with %v", err)
	}
}

func TestCommandSaysWhyItCannotListen(t *testing.T) {
	taken := startEcho(t)
	_, stop := startRun(t, "--listen", taken, "--to", "127.0.0.1:9")
	if err := stop(); err == nil || !strings.HasPrefix(err.Error(), "badlink: Listen: ") {
		t.Errorf("got %v", err)
	}
}
