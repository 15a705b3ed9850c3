package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

//go:embed testdata/browser.js
var browserScript string

// page is one in a headless Chromium.
type page struct {
	t   *testing.T
	ctx context.Context
}

// openPage opens a URL in a Chromium of its own.
func openPage(t *testing.T, url string) *page {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("there is no Chromium: .ci/deps tests installs it")
	}
	dir, err := os.MkdirTemp("", "loci-browser-")
	if err != nil {
		t.Fatal(err)
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.WindowSize(640, 480), // it is drawn without a graphics card
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		// It hears tones in place of a microphone, for which nobody needs to be asked.
		chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		chromedp.Flag("disable-background-timer-throttling", true), chromedp.WSURLReadTimeout(2 * time.Minute),
	}
	limit, freeLimit := context.WithTimeout(context.Background(), await.Rest(t))
	ctx, freeBrowser := chromedp.NewExecAllocator(limit, options...)
	ctx, freePage := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		freePage()
		freeBrowser()
		freeLimit()
		if err := os.RemoveAll(dir); err != nil {
			t.Logf("its directory: %v", err) // some of its processes may still write there
		}
	})
	if _, err := chromedp.Run(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	return &page{t, ctx}
}

// eval evaluates JavaScript in a page, waits for it where it is a promise, and returns what comes of it.
func eval[T any](p *page, script string, args ...any) T {
	p.t.Helper()
	result, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](fmt.Sprintf(script, args...), chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%.100s: %v", script, err)
	}
	return result
}

// join joins the place that serves the page, without candidates of a protocol, and returns how, and the
// avatar's id.
func (p *page) join(name, without string) (way, id string) {
	p.t.Helper()
	eval[chromedp.Void](p, "%s", browserScript)
	return eval[string](p, "join(%q, %q)", name, without), eval[string](p, "agent.id")
}

// at returns where an entity is along Z.
func at(d *netcode.Document, id string) float64 {
	transform, _ := d.Component(id, "transform")
	matrix, _ := transform["matrix"].([]any)
	if len(matrix) != 16 {
		return 0
	}
	z, _ := matrix[14].(float64)
	return z
}

func TestBrowserWalksAmongAgents(t *testing.T) {
	for name, c := range map[string]struct {
		args    []string
		without string // candidates that the page does not hear of
		way     string
	}{
		"by WebRTC":             {nil, "none", "WebRTC over udp"},
		"by WebRTC without UDP": {nil, "udp", "WebRTC over tcp"},
		"by WebSocket":          {[]string{"--web-udp", "none"}, "none", "WebSocket"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, nil, append([]string{"serve", "--listen", "127.0.0.1:0"}, c.args...)...)
			asset := strings.Repeat("thirty million bytes of an asset", 30<<20/32)
			asked := make(chan string, 1000)
			agent := join(t, s.url, client.Config{
				Identity: map[string]any{"display_name": "Ada"},
				Avatar:   map[string]any{"intent": map[string]any{"actuate_pose": "root"}},
				Handle: func(c *client.Client, i netcode.Interaction) {
					asked <- string(i.Body)
					if i.Type == netcode.TypeRequest {
						c.Respond(i, "heard", "you")
					}
				},
			})
			p := openPage(t, s.walkIn(t))
			way, id := p.join("Grace", c.without)
			if way != c.way {
				t.Fatalf("it joins by %s: %s", way, eval[string](p, "agent.why ?? agent.way"))
			}
			eval[chromedp.Void](p, "agent.walking = -1")
			if err := agent.WaitFor(await.Context(t), func(d *netcode.Document) bool { return at(d, id) < -1 }); err != nil {
				t.Fatalf("nobody sees the browser walk: %v", err)
			}
			agent.SetIntent(netcode.Intent{WantsStickMovement: true, ZMovement: 1})
			eval[chromedp.Void](p, "until(() => agent.document.entities[%q]?.components.transform.matrix[14] > 1)", agent.Avatar())

			if answer, err := agent.Request(await.Context(t), id, "hello", 1); err != nil || fmt.Sprint(answer) != "[echo [hello 1]]" {
				t.Errorf("the browser answers %v, %v", answer, err)
			}
			if answer := eval[string](p, "agent.ask(%q, ['hi']).then(JSON.stringify)", agent.Avatar()); answer != `["heard","you"]` {
				t.Errorf("the browser is answered %s", answer)
			}
			await.Next(t, asked, "what the browser asks")

			hash := strings.TrimPrefix(agent.PublishAsset([]byte(asset)), "asset:sha256:")
			sum := eval[string](p, `fetch("/assets/%s").then(r => r.arrayBuffer()).then(b => crypto.subtle.digest("SHA-256", b)).then(
				h => [...new Uint8Array(h)].map(x => x.toString(16).padStart(2, "0")).join(""))`, hash)
			if sum != hash {
				t.Errorf("the asset that it fetches has the hash %s, want %s", sum, hash)
			}
			p.stop(s, agent.Avatar(), asked)
			s.stop(t, syscall.SIGTERM)
			if code := eval[int](p, "until(() => agent.ended)"); code != 1100 {
				t.Errorf("the browser is told %d when the place closes", code)
			}
		})
	}
}

// stop stops the place for three seconds, in which the browser goes on talking: none of that is lost.
func (p *page) stop(s *server, to string, asked chan string) {
	p.t.Helper()
	const messages = 60
	s.signal(p.t, syscall.SIGSTOP)
	resume := time.AfterFunc(3*time.Second, func() { s.signal(p.t, syscall.SIGCONT) })
	defer resume.Stop()
	eval[chromedp.Void](p, `(async () => { for (let n = 0; n < %d; n++) { agent.tell(%q, ["n", n]); await new Promise(r => setTimeout(r, 60)) } })()`, messages, to)
	for n := range messages {
		if got, want := await.Next(p.t, asked, "what was said meanwhile"), fmt.Sprintf(`["n",%d]`, n); got != want {
			p.t.Fatalf("message %d is %s", n, got)
		}
	}
	if code := eval[int](p, "agent.ended ?? 0"); code != 0 {
		p.t.Errorf("the connection has ended with %d", code)
	}
}
