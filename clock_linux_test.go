package main

import (
	"context"
	"encoding/binary"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode/badlink"
	"github.com/loci-place/loci/netcode/client"
)

// steppable makes the clock that a command's C code is told one that can be stepped, and
// gives the environment for that. Go's own clock does not go through it.
func steppable(t *testing.T) (env []string, step func(seconds int32)) {
	t.Helper()
	dir := t.TempDir()
	library, clock := filepath.Join(dir, "step.so"), filepath.Join(dir, "clock")
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	if out, err := exec.Command(cc, "-shared", "-fPIC", "-o", library, "testdata/step.c", "-ldl").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	f, err := os.Create(clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	step = func(seconds int32) {
		t.Helper()
		if _, err := f.WriteAt(binary.NativeEndian.AppendUint32(nil, uint32(seconds)), 0); err != nil {
			t.Fatal(err)
		}
	}
	step(0)
	return []string{"LD_PRELOAD=" + library, "STEP=" + clock}, step
}

// TestNobodyIsLostWhenTheMachinesClockIsStepped: by a minute, forth and back, while
// requests and their answers are on their way.
func TestNobodyIsLostWhenTheMachinesClockIsStepped(t *testing.T) {
	env, step := steppable(t)
	s := start(t, env, "serve", "--listen", "127.0.0.1:0")
	relay, err := badlink.Listen(badlink.Config{
		To:   netip.MustParseAddrPort(strings.TrimPrefix(s.url, "alloplace://")),
		Link: badlink.Link{Delay: 20 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	ctx := await.Context(t)
	asking, stop := context.WithCancel(ctx)
	var agents sync.WaitGroup
	answers := make(chan time.Duration)
	for i := range 10 {
		agent := join(t, "alloplace://"+relay.Addr().String(), client.Config{})
		agents.Go(func() {
			for asking.Err() == nil {
				began := time.Now()
				if _, err := agent.Request(ctx, "place", "list_agents"); err != nil {
					t.Errorf("agent %d: %v", i, err)
					return
				}
				select {
				case answers <- time.Since(began):
				case <-asking.Done():
				}
			}
		})
	}
	var slowest time.Duration
	for _, seconds := range []int32{0, 60, 0, -60, 0} {
		step(seconds)
		for range 100 {
			select {
			case took := <-answers:
				slowest = max(slowest, took)
			case <-ctx.Done():
				t.Fatalf("no answers any more after a step to %d s", seconds)
			}
		}
	}
	stop()
	agents.Wait()
	t.Logf("the slowest answer took %v", slowest)
	if slowest > 30*time.Second {
		t.Error("a step of a minute holds answers up until it is over")
	}
	s.stop(t, syscall.SIGTERM)
}
