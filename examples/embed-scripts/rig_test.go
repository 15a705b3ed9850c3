package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// opened is the theatre, on free ports.
type opened struct {
	*theatre
	t      *testing.T
	ctx    context.Context // ends when the test takes too long
	cancel context.CancelFunc
	served chan error
	client *http.Client
}

func start(t *testing.T, cfg config) *opened {
	t.Helper()
	cfg.http, cfg.listen = "127.0.0.1:0", "127.0.0.1:0"
	if cfg.log == nil {
		cfg.log = slog.New(slog.DiscardHandler)
	}
	theatre, err := open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	o := &opened{theatre: theatre, t: t, served: make(chan error, 1), client: &http.Client{Transport: &http.Transport{}}}
	var done context.CancelFunc
	o.ctx, done = context.WithTimeout(context.Background(), 30*time.Second)
	var ctx context.Context
	ctx, o.cancel = context.WithCancel(o.ctx)
	go func() {
		o.served <- theatre.serve(ctx)
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

// join lets an agent into the foyer.
func (o *opened) join(name string) *client.Client {
	o.t.Helper()
	agent, err := client.Dial(o.ctx, o.foyer.url(), client.Config{Identity: map[string]any{"display_name": name}})
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = agent.Close() })
	return agent
}

// waitFor waits until an agent sees a component's key as it should be.
func (o *opened) waitFor(agent *client.Client, entity, component, key string, want any) {
	o.t.Helper()
	var got any
	err := agent.WaitFor(o.ctx, func(d *netcode.Document) bool {
		c, _ := d.Component(entity, component)
		got = c[key]
		return got == want
	})
	if err != nil {
		o.t.Fatalf("%s.%s of %s is %v, want %v: %v", component, key, entity, got, want, err)
	}
}

// buy presses the button, and gives the page.
func (o *opened) buy(status int) string {
	o.t.Helper()
	res, err := o.client.Post("http://"+o.pages.Addr().String()+"/tickets", "", nil)
	if err != nil {
		o.t.Fatal(err)
	}
	return o.body(res, status)
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

// ticket reads the code on a page.
func (o *opened) ticket(page string) string {
	o.t.Helper()
	_, code, _ := strings.Cut(page, "Your ticket is <code>")
	code, _, ok := strings.Cut(code, "</code>")
	if !ok {
		o.t.Fatalf("there is no ticket on the page:\n%s", page)
	}
	return code
}

// enter shows a ticket, and gives the place's answer.
func (o *opened) enter(agent *client.Client, ticket any) []any {
	o.t.Helper()
	answer, err := agent.Request(o.ctx, "place", "enter", ticket)
	if answer == nil {
		o.t.Fatal(err)
	}
	return answer
}
