package assets_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/pipe"
)

// rig is an open place on a network in memory, in a bubble where waiting takes no
// time.
type rig struct {
	*testing.T
	place   *engine.Place
	network *pipe.Network
	addr    netip.AddrPort
	dialer  *client.Dialer
	url     string
	logs    *logBook
}

func inPlace(t *testing.T, cfg engine.Config, f func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := pipe.New(pipe.Config{Delay: time.Millisecond})
		end := n.Listen()
		r := &rig{
			T: t, network: n, addr: end.Addr(), dialer: client.NewDialer(n.Host()),
			url: "alloplace://" + end.Addr().String(), logs: &logBook{},
		}
		cfg.Transports = []netcode.Transport{end}
		cfg.Logger = slog.New(slog.NewTextHandler(r.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
		place, err := engine.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		r.place = place
		served := make(chan error, 1)
		go func() { served <- place.Serve(context.Background()) }()
		f(r)
		if err := r.dialer.Close(); err != nil {
			t.Error(err)
		}
		if err := place.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
		if r.logs.has("bug in the place") {
			t.Error(r.logs.text.String())
		}
	})
}

// logBook keeps what the place logs.
type logBook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logBook) has(part string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), part)
}

// agent is a client that keeps the asset frames that it handles itself, and counts the
// requests it is asked.
type agent struct {
	*client.Client
	*rig
	id string // agent id

	mu     sync.Mutex
	frames []netcode.AssetFrame
}

// join has an agent join. Handle gets the frames that are neither about what it has
// published nor about what it fetches; nil keeps them.
func (r *rig) join(handle func(a *agent, f netcode.AssetFrame)) *agent {
	r.Helper()
	return r.joinAs(netcode.MaxVersion, handle)
}

func (r *rig) joinAs(version int, handle func(a *agent, f netcode.AssetFrame)) *agent {
	r.Helper()
	a := &agent{rig: r}
	ready := make(chan struct{})
	client, err := r.dialer.Dial(r.within(time.Second), r.url, client.Config{
		Version: version,
		OnAsset: func(_ *client.Client, f netcode.AssetFrame) {
			<-ready
			a.mu.Lock()
			a.frames = append(a.frames, f)
			a.mu.Unlock()
			if handle != nil {
				handle(a, f)
			}
		},
	})
	if err != nil {
		r.Fatal(err)
	}
	a.Client = client
	close(ready)
	_ = r.place.Do(func(t *engine.Turn) error {
		for _, other := range t.Agents() {
			if other.Avatar == client.Avatar() {
				a.id = other.ID
			}
		}
		return nil
	})
	return a
}

// plain is an agent that answers for itself that it has nothing but what it publishes.
func (r *rig) plain() *agent {
	r.Helper()
	return r.join(func(a *agent, f netcode.AssetFrame) { a.refuse(f) })
}

func (a *agent) refuse(f netcode.AssetFrame) {
	if f.MID == netcode.AssetRequest {
		a.say(netcode.AssetFrame{MID: netcode.AssetFailure, Header: netcode.AssetHeader{ID: f.Header.ID, ErrorCode: 1}})
	}
}

// say sends a frame.
func (a *agent) say(f netcode.AssetFrame) {
	if err := a.SendAsset(f); err != nil {
		a.Error(err)
	}
}

// ask sends a request.
func (a *agent) ask(id string, offset, length uint64) {
	a.say(netcode.AssetFrame{MID: netcode.AssetRequest, Header: netcode.AssetHeader{ID: id, Offset: offset, Length: length}})
}

// give sends a range of some content, which is said to be so large.
func (a *agent) give(id string, content []byte, offset, length, total uint64) {
	a.say(netcode.AssetFrame{
		MID:    netcode.AssetData,
		Header: netcode.AssetHeader{ID: id, Offset: offset, Length: length, TotalLength: total},
		Data:   content[offset : offset+length],
	})
}

// take returns the frames that have come since the last take.
func (a *agent) take() []netcode.AssetFrame {
	a.mu.Lock()
	defer a.mu.Unlock()
	frames := a.frames
	a.frames = nil
	return frames
}

// shows says in short what frames came.
func shows(frames []netcode.AssetFrame) string {
	var all []string
	for _, f := range frames {
		h := f.Header
		switch f.MID {
		case netcode.AssetRequest:
			all = append(all, fmt.Sprintf("request %d+%d", h.Offset, h.Length))
		case netcode.AssetData:
			all = append(all, fmt.Sprintf("data %d+%d of %d", h.Offset, h.Length, h.TotalLength))
		default:
			all = append(all, fmt.Sprintf("failure %d %s", h.ErrorCode, h.ErrorReason))
		}
	}
	return strings.Join(all, ", ")
}

// fetches expects the agent to get an asset, and tells how long it took.
func (a *agent) fetches(id string, want []byte, publishedBy string) time.Duration {
	a.Helper()
	start := time.Now()
	got, err := a.FetchAsset(a.within(time.Hour), id, publishedBy)
	if err != nil || !bytes.Equal(got, want) {
		a.Errorf("got %d bytes, want %d: %v", len(got), len(want), err)
	}
	return time.Since(start)
}

func (r *rig) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(r.Context(), d)
	r.Cleanup(cancel)
	return ctx
}

// soon waits for what takes no time but a few packets' way.
func soon() { time.Sleep(100 * time.Millisecond) }

// noise is content that is the same for each seed.
func noise(seed, size int) []byte {
	b := make([]byte, size)
	_, _ = io.ReadFull(rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}), b)
	return b
}
