package engine

import (
	"context"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/badlink"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/enet"
)

// hastyENet loses a connection after half a second to one of silence, so that the test
// need not wait for long.
func hastyENet(t *testing.T, cfg enet.Config) *enet.Transport {
	t.Helper()
	cfg.Logger = slog.New(slog.DiscardHandler)
	cfg.Limits.TimeoutMin, cfg.Limits.TimeoutMax = 500*time.Millisecond, time.Second
	e, err := enet.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func relay(t *testing.T, listen, to netip.AddrPort) *badlink.Relay {
	t.Helper()
	r, err := badlink.Listen(badlink.Config{Listen: listen, To: to})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// TestAVerifiedAgentKeepsItsEntitiesOverENet has an agent whose network is gone for
// longer than its connection lasts, and then one whose address changes under it.
func TestAVerifiedAgentKeepsItsEntitiesOverENet(t *testing.T) {
	transport := hastyENet(t, enet.Config{Listen: "127.0.0.1:0"})
	var news comings
	cfg := news.config()
	cfg.Transports, cfg.Logger = []netcode.Transport{transport}, slog.New(slog.DiscardHandler)
	cfg.KnownAs = []string{AnyName} // agents dial the bad link before it
	place, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer place.Close()
	go func() { _ = place.Serve(context.Background()) }()

	link := relay(t, netip.AddrPort{}, transport.Addr())
	d := client.NewDialer(hastyENet(t, enet.Config{Peers: 8}))
	defer d.Close()
	ctx := await.Context(t)
	back := make(chan bool, 8)
	ann, err := d.Dial(ctx, "alloplace://"+link.Addr().String(), client.Config{
		Identity: map[string]any{"display_name": "ann"}, Key: keyOf("ann"), Reconnect: true,
		OnReconnect: func(_ *client.Client, resumed bool) { back <- resumed },
	})
	if err != nil {
		t.Fatal(err)
	}
	avatar := ann.Avatar()
	answer, err := ann.Request(ctx, PlaceID, "spawn_entity", map[string]any{"box": map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	box := answer[1].(string)

	stillThere := func(what string) {
		t.Helper()
		if !await.Next(t, back, "it to come back after "+what) {
			t.Fatalf("%s: it came back as somebody else", what)
		}
		if _, err := ann.Request(ctx, PlaceID, "change_components", box, "add_or_change", map[string]any{"box": map[string]any{"after": what}}); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		err := ann.WaitFor(ctx, func(d *netcode.Document) bool {
			c, _ := d.Component(box, "box")
			return c["after"] == what
		})
		if err != nil || ann.Avatar() != avatar || news.take() != "" {
			t.Fatalf("%s: %v, avatar %q was %q", what, err, ann.Avatar(), avatar)
		}
	}
	news.take()

	if err := link.SetLink(badlink.Link{Loss: 1}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * time.Second) // of real silence
	if err := link.SetLink(badlink.Link{}); err != nil {
		t.Fatal(err)
	}
	stillThere("a blackout")

	at := link.Addr()
	if err := link.Close(); err != nil {
		t.Fatal(err)
	}
	relay(t, at, transport.Addr()) // from other ports than before
	stillThere("a changed address")
}
