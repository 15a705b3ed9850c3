package assets_test

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
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/assets"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/enet"
	"github.com/loci-place/loci/netcode/floor"
	"go.uber.org/goleak"
)

// roleVariable has the test binary be a place, or a bare ENet server, in a process of
// its own; dirVariable says where the place keeps its assets, packetsVariable how many
// packets the other sends.
const (
	roleVariable    = "LOCI_ASSETS_ROLE"
	dirVariable     = "LOCI_ASSETS_DIR"
	packetsVariable = "LOCI_ASSETS_PACKETS"
)

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(roleVariable) {
	case "place":
		err = servePlace()
	case "bare":
		err = pourBare()
	default:
		goleak.VerifyTestMain(m)
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
		Transports: []netcode.Transport{transport}, Logger: slog.New(slog.DiscardHandler),
		Assets: assets.Options{Dir: os.Getenv(dirVariable)},
	})
	if err != nil {
		return err
	}
	tellAddr(transport.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // until the test has ended
		_ = place.Close()
	}()
	go stir(place)
	return place.Serve(context.Background())
}

// stir changes much of what stands in a place all the time, so that states take more
// than a datagram, and what is sent reliably is in their way.
func stir(place *engine.Place) {
	const things = 40
	var ids []string
	for n := 0; ; n++ {
		err := place.Do(func(t *engine.Turn) error {
			for i := range things {
				thing := map[string]any{"wheel": map[string]any{"turns": n, "of": strings.Repeat("x", 100)}}
				if n > 0 {
					_ = t.Change(ids[i], thing)
				} else if id, err := t.Spawn("", thing); err == nil {
					ids = append(ids, id)
				}
			}
			return nil
		})
		if err != nil {
			return // closed
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func pourBare() error {
	packets, err := strconv.Atoi(os.Getenv(packetsVariable))
	if err != nil {
		return err
	}
	return floor.Pour(floor.PourConfig{Listens: tellAddr, Peers: 1, Channel: 3, Packets: packets})
}

// startProcess starts a process in a role, with variables.
func startProcess(t testing.TB, role string, env ...string) (at netip.AddrPort, pid int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), roleVariable+"="+role), env...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(stdin.Close(), cmd.Wait()); err != nil {
			t.Error(err)
		}
	})
	if err := json.NewDecoder(stdout).Decode(&at); err != nil {
		t.Fatal(err)
	}
	return at, cmd.Process.Pid
}

// memory tells how much of a process is, or was at most, in memory, in bytes.
func memory(t testing.TB, pid int, field string) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip("no way to tell the memory of another process: ", err)
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatalf("no %s in %s", field, status)
	return 0
}

// dialPlace has a client join a place over ENet until the test ends.
func dialPlace(t testing.TB, at netip.AddrPort, cfg client.Config) *client.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, "alloplace://"+at.String(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}
