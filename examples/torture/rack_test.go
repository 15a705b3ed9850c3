package torture

import (
	"context"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/apps"
	"github.com/loci-place/loci/engine/assets"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/enet"
	"github.com/loci-place/loci/scripts"
)

// rack is a scripted place over ENet on loopback.
type rack struct {
	testing.TB
	place  *engine.Place
	rt     *scripts.Runtime
	addr   netip.AddrPort
	dir    string // of its scripts
	log    *complaints
	closed sync.Once
	cancel context.CancelFunc
	served chan error
}

// complaints keeps what the place's log has at level error.
type complaints struct {
	mu    sync.Mutex
	lines []string
}

func (c *complaints) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = append(c.lines, strings.TrimSpace(string(b)))
	return len(b), nil
}

func (c *complaints) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := c.lines
	c.lines = nil
	return lines
}

// setup is in what a rack differs from others.
type setup struct {
	limits enet.Limits
	window time.Duration // engine.Limits.Window
}

func newRack(t testing.TB, s setup) *rack {
	t.Helper()
	r := &rack{TB: t, dir: t.TempDir(), log: &complaints{}, served: make(chan error, 1)}
	if err := os.CopyFS(r.dir, os.DirFS("place")); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Writer(r.log), &slog.HandlerOptions{Level: slog.LevelError}))
	var err error
	if r.rt, err = scripts.New(scripts.Config{Dir: r.dir, Logger: log}); err != nil {
		t.Fatal(err)
	}
	transport, err := enet.New(enet.Config{Listen: "127.0.0.1:0", Limits: s.limits, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	r.addr = transport.Addr()
	r.place, err = engine.New(engine.Config{
		Transports: []netcode.Transport{transport}, Behaviour: r.rt, Logger: log, Limits: engine.Limits{Window: s.window},
		Apps:    apps.Policy{Hosts: []string{"127.0.0.1"}}, // of the crowd's gateway
		KnownAs: []string{engine.AnyName},                  // agents dial bad links before it
		Assets:  assets.Options{CacheBytes: 1 << 20},       // soon full, so that it is not taken for a leak
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go func() { r.served <- r.place.Serve(ctx) }()
	t.Cleanup(r.close)
	return r
}

func (r *rack) close() {
	r.closed.Do(func() {
		r.cancel()
		if err := <-r.served; err != nil {
			r.Error(err)
		}
		r.rt.Wait()
	})
}

func (r *rack) url() string { return "alloplace://" + r.addr.String() }

// save saves one of the place's scripts, with something to tell it from the last.
func (r *rack) save(name, comment string) {
	source, err := os.ReadFile(filepath.Join("place", filepath.FromSlash(name)))
	if err == nil {
		err = os.WriteFile(filepath.Join(r.dir, filepath.FromSlash(name)), append(source, "\n-- "+comment+"\n"...), 0o666)
	}
	if err != nil {
		r.Error(err)
	}
}
