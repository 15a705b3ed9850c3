package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/direct"
	"github.com/loci-place/loci/netcode/enet"
	"github.com/loci-place/loci/netcode/pipe"
)

// failing is a transport that fails when it is told to.
type failing struct {
	netcode.Transport
	fail chan error
}

func (f failing) Serve(h netcode.Handler) error {
	served := make(chan error, 1)
	go func() { served <- f.Transport.Serve(h) }()
	select {
	case err := <-f.fail:
		return err
	case err := <-served:
		return err
	}
}

// inProcess is an agent on a direct transport, of which the test says every byte.
type inProcess struct {
	*direct.Peer
	answers chan *netcode.Interaction
	asked   chan *netcode.Interaction
	gone    chan uint32

	mu    sync.Mutex
	state string // the newest
}

func joinDirect(t *testing.T, transport *direct.Transport) (a *inProcess, avatar string) {
	t.Helper()
	a = &inProcess{answers: make(chan *netcode.Interaction, 8), asked: make(chan *netcode.Interaction, 8), gone: make(chan uint32, 1)}
	a.Peer = transport.Connect(direct.Config{Received: a.received, Disconnected: func(code uint32) { a.gone <- code }})
	a.Send(netcode.CommandChannel, []byte(
		`["interaction","request","","place","1",["announce","version",4,"identity",{"display_name":"dora"},"spawn_avatar",{}]]`))
	announced := await.Next(t, a.answers, "the answer to the announce")
	values, err := netcode.ParseValue(announced.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a, values.([]any)[1].(string)
}

func (a *inProcess) received(channel uint8, data []byte) {
	if channel != netcode.CommandChannel {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.state = string(data)
		return
	}
	i, err := netcode.ParseInteraction(data)
	switch {
	case err != nil:
		panic(err)
	case i.Type == netcode.TypeRequest:
		a.asked <- &i
	default:
		a.answers <- &i
	}
}

func (a *inProcess) sees(part string) func() bool {
	return func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return strings.Contains(a.state, part)
	}
}

// mixedPlace is a place that an ENet and a direct transport serve, which fail when told.
func mixedPlace(t *testing.T) (e, d failing, logs *logBook, served chan error) {
	t.Helper()
	listening, err := enet.New(enet.Config{Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	e, d = failing{listening, make(chan error, 1)}, failing{direct.New(), make(chan error, 1)}
	logs, served = &logBook{}, make(chan error, 1)
	place, err := New(Config{Transports: []netcode.Transport{d, e}, Logger: slog.New(slog.NewTextHandler(logs, nil))})
	if err != nil {
		t.Fatal(err)
	}
	go func() { served <- place.Serve(context.Background()) }()
	t.Cleanup(func() {
		if err := place.Close(); err != nil {
			t.Error(err)
		}
	})
	return e, d, logs, served
}

func dialENet(t *testing.T, e failing, cfg client.Config) *client.Client {
	t.Helper()
	cfg.Identity = map[string]any{"display_name": "erik"}
	c, err := client.Dial(await.Context(t), "alloplace://"+e.Transport.(*enet.Transport).Addr().String(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func sees(t *testing.T, c *client.Client, id string, there bool) {
	t.Helper()
	if err := c.WaitFor(await.Context(t), func(d *netcode.Document) bool { return (d.Entities[id] != nil) == there }); err != nil {
		t.Fatal(err)
	}
}

func TestAgentsOnDifferentTransportsMeet(t *testing.T) {
	e, d, _, _ := mixedPlace(t)
	erik := dialENet(t, e, client.Config{
		Handle: func(c *client.Client, i netcode.Interaction) { _ = c.Respond(i, "hello", "dora") },
	})
	dora, hers := joinDirect(t, d.Transport.(*direct.Transport))

	sees(t, erik, hers, true)
	await.Until(t, "dora sees erik", dora.sees(erik.Avatar()))

	dora.Send(netcode.CommandChannel, fmt.Appendf(nil, `["interaction","request","","%s","2",["hello"]]`, erik.Avatar()))
	if got := await.Next(t, dora.answers, "erik's answer"); string(got.Body) != `["hello","dora"]` {
		t.Errorf("dora is answered %s", got.Body)
	}
	go func() {
		asked := <-dora.asked
		dora.Send(netcode.CommandChannel, fmt.Appendf(nil, `["interaction","response","","%s","%s",["hello","erik"]]`, asked.From, asked.RequestID))
	}()
	answer, err := erik.Request(await.Context(t), hers, "hello")
	if err != nil || len(answer) != 2 || answer[1] != "erik" {
		t.Errorf("erik is answered %v, %v", answer, err)
	}

	dora.Close(netcode.CodeClientLeft)
	sees(t, erik, hers, false)
}

func TestFailedTransportEndsOnlyItsAgents(t *testing.T) {
	e, d, logs, served := mixedPlace(t)
	erik := dialENet(t, e, client.Config{})
	dora, hers := joinDirect(t, d.Transport.(*direct.Transport))
	sees(t, erik, hers, true)

	d.fail <- errors.New("out of cables")
	if code := await.Next(t, dora.gone, "dora's end"); code != netcode.CodePlaceClosed {
		t.Errorf("dora is told %d", code)
	}
	sees(t, erik, hers, false)
	if line := logs.find("a transport has failed"); !strings.Contains(line, "out of cables") {
		t.Errorf("logged %q", line)
	}
	if _, err := erik.Request(await.Context(t), PlaceID, "list_agents"); err != nil {
		t.Errorf("erik is not served any more: %v", err)
	}

	e.fail <- errors.New("out of ports")
	err := await.Next(t, served, "the end of Serve")
	if err == nil || !strings.Contains(err.Error(), "out of cables") || !strings.Contains(err.Error(), "out of ports") {
		t.Errorf("served until %v", err)
	}
}

func TestNewRefusesTransports(t *testing.T) {
	one := direct.New()
	closed := pipe.New(pipe.Config{}).Listen()
	if err := closed.Close(0); err != nil {
		t.Fatal(err)
	}
	var many []netcode.Transport
	for range 257 {
		many = append(many, direct.New())
	}
	for want, all := range map[string][]netcode.Transport{
		"Config.Transports[1] is nil":                    {one, nil},
		"Config.Transports[1] is the same as one before": {one, one},
		"Config.Transports[1] has been closed":           {one, closed},
		"Config.Transports has 257, want at most 256":    many,
	} {
		if _, err := New(Config{Transports: all}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestPlaceIsDrivenOverInlineOnly(t *testing.T) {
	for name, all := range map[string][]netcode.Transport{
		"a pipe": {pipe.New(pipe.Config{}).Listen()},
		"two":    {direct.New(), direct.New()},
	} {
		place, err := New(Config{Transports: all, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := place.Drive(); err == nil || !strings.Contains(err.Error(), "netcode.Inline") {
			t.Errorf("%s: %v", name, err)
		}
		if err := place.Close(); err != nil {
			t.Error(err)
		}
	}
}
