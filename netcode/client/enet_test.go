package client

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/enet"
)

// enetPlace is a fake place that is reached over UDP on loopback.
func enetPlace(t *testing.T, script func(p *fakePlace)) (*fakePlace, string) {
	t.Helper()
	host, err := enet.New(enet.Config{Listen: "127.0.0.1:0", Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	p := servePlace(t, host, script)
	t.Cleanup(p.close)
	return p, "alloplace://" + host.Addr().String()
}

func TestClientLivesInAPlaceOverENet(t *testing.T) {
	for version := netcode.MinVersion; version <= 4; version++ { // the place here says everything in JSON
		left := make(chan uint32, 1)
		p, url := enetPlace(t, func(p *fakePlace) {
			echo(p)
			p.left = func(_ *fakeAgent, code uint32) { left <- code }
		})
		ctx := await.Context(t)
		c, err := Dial(ctx, url, Config{Version: version})
		if err != nil {
			t.Fatal(err)
		}
		p.agent(0).set(5, `{"a":{"components":{}}}`)
		p.agent(0).merge(5, 6, `{"b":{"components":{}}}`)
		if err := c.WaitFor(ctx, func(d *netcode.Document) bool { return d.Revision == 6 && len(d.Entities) == 2 }); err != nil {
			t.Error(err)
		}
		if body, err := c.Request(ctx, "place", "poke", true); err != nil || len(body) != 2 {
			t.Errorf("got %v, %v", body, err)
		}
		await.Until(t, "the state is acknowledged", func() bool { return p.agent(0).ack() == 6 })
		if err := c.Close(); err != nil || !errors.Is(c.Err(), netcode.ErrClosed) {
			t.Errorf("closed: %v, %v", err, c.Err())
		}
		if code := await.Next(t, left, "the client to leave"); code != netcode.CodeClientLeft {
			t.Errorf("left with %d", code)
		}
	}
}

func TestRefusedDialOverENetLeavesNothingBehind(t *testing.T) {
	left := make(chan uint32, 1)
	_, url := enetPlace(t, func(p *fakePlace) {
		p.refuse = func(*fakeAgent) string { return `["announce","error",1003,"no"]` }
		p.left = func(_ *fakeAgent, code uint32) { left <- code }
	})
	_, err := Dial(t.Context(), url, Config{Version: 4})
	var refused *AnnounceError
	if !errors.As(err, &refused) || refused.Code != 1003 {
		t.Errorf("got %v", err)
	}
	if code := await.Next(t, left, "the client to leave"); code != netcode.CodeClientLeft {
		t.Errorf("left with %d", code)
	}
}

func TestDialOverENetHonoursItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	// ENet gives up after 20 s, with another error.
	if _, err := Dial(ctx, "alloplace://127.0.0.1:9", Config{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
