package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// opened is the shop with its room, both on free ports.
type opened struct {
	*app
	t      *testing.T
	ctx    context.Context // ends when the test takes too long
	cancel context.CancelFunc
	served chan error
	client *http.Client
}

// start opens the shop. Prepare, if there is one, sees it before it serves.
func start(t *testing.T, cfg config, prepare func(a *app)) *opened {
	t.Helper()
	cfg.http, cfg.listen = "127.0.0.1:0", "127.0.0.1:0"
	if cfg.log == nil {
		cfg.log = slog.New(slog.DiscardHandler)
	}
	a, err := open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if prepare != nil {
		prepare(a)
	}
	o := &opened{app: a, t: t, served: make(chan error, 1), client: &http.Client{
		Transport:     &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	var done context.CancelFunc
	o.ctx, done = context.WithTimeout(context.Background(), 10*time.Second)
	var ctx context.Context
	ctx, o.cancel = context.WithCancel(o.ctx)
	go func() {
		o.served <- a.serve(ctx)
		close(o.served)
	}()
	t.Cleanup(func() {
		o.cancel()
		<-o.served
		o.client.CloseIdleConnections()
		done()
	})
	return o
}

// join lets an agent into the room.
func (o *opened) join(name string) *client.Client {
	o.t.Helper()
	agent, err := client.Dial(o.ctx, o.room.url, client.Config{
		Identity: map[string]any{"display_name": name},
	})
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = agent.Close() })
	return agent
}

// waitForLamp waits until the agent sees the lamp on, or off.
func (o *opened) waitForLamp(agent *client.Client, on bool) {
	o.t.Helper()
	err := agent.WaitFor(o.ctx, func(d *netcode.Document) bool {
		lamp, ok := d.Component(lampID, "lamp")
		return ok && lamp["on"] == on
	})
	if err != nil {
		o.t.Fatalf("it does not see the lamp with on = %v: %v", on, err)
	}
}

// waitForAvatar waits until the agent sees the avatar, or sees it no more.
func (o *opened) waitForAvatar(agent *client.Client, avatar string, there bool) {
	o.t.Helper()
	err := agent.WaitFor(o.ctx, func(d *netcode.Document) bool { return (d.Entities[avatar] != nil) == there })
	if err != nil {
		o.t.Fatalf("it does not see an avatar there = %v: %v", there, err)
	}
}

// get gives a page.
func (o *opened) get(path string) string {
	o.t.Helper()
	res, err := o.client.Get("http://" + o.pages.Addr().String() + path)
	if err != nil {
		o.t.Fatal(err)
	}
	return o.body(res, http.StatusOK)
}

// post fills in the form for the lamp. It may be called from any goroutine.
func (o *opened) post(on string) (*http.Response, error) {
	return o.client.PostForm("http://"+o.pages.Addr().String()+"/lamp", url.Values{"on": {on}})
}

func (o *opened) body(res *http.Response, status int) string {
	o.t.Helper()
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		o.t.Fatalf("%s, %q, %v; want status %d", res.Status, text, err, status)
	}
	return string(text)
}

func (o *opened) switchLamp(on string, status int) {
	o.t.Helper()
	res, err := o.post(on)
	if err != nil {
		o.t.Fatal(err)
	}
	o.body(res, status)
}

func (o *opened) status() (s status) {
	o.t.Helper()
	if err := json.Unmarshal([]byte(o.get("/room.json")), &s); err != nil {
		o.t.Fatal(err)
	}
	return s
}
