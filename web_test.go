package main

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/coder/websocket"

	"github.com/loci-place/loci/internal/await"
)

// walkIn is where the place's log says that browsers walk in.
func (s *server) walkIn(t testing.TB) string {
	t.Helper()
	s.log.await(t, "walk in at")
	return regexp.MustCompile(`walk in at (http://\S+/)`).FindStringSubmatch(s.log.String())[1]
}

// socket joins a place by WebSocket and announces itself.
func socket(t testing.TB, url string) *websocket.Conn {
	t.Helper()
	ws, _, err := websocket.Dial(await.Context(t), strings.Replace(url, "http", "ws", 1)+"join", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.CloseNow() })
	say(t, ws, "\x01"+`["interaction", "request", "", "place", "1", ["announce", "version", 4, "identity", {"display_name": "Ada"}, "spawn_avatar", {}]]`)
	return ws
}

func say(t testing.TB, ws *websocket.Conn, message string) {
	t.Helper()
	if err := ws.Write(await.Context(t), websocket.MessageBinary, []byte(message)); err != nil {
		t.Fatal(err)
	}
}

// hear returns the next message on a channel.
func hear(t testing.TB, ws *websocket.Conn, channel byte) string {
	t.Helper()
	for {
		_, data, err := ws.Read(await.Context(t))
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > 0 && data[0] == channel {
			return string(data[1:])
		}
	}
}

func TestServeLetsBrowsersIn(t *testing.T) {
	s := start(t, nil, "serve", "--listen", "127.0.0.1:0")
	url := s.walkIn(t)
	ws := socket(t, url)
	if answer := hear(t, ws, 1); !strings.Contains(answer, `["announce"`) {
		t.Errorf("the announce is answered %s", answer)
	}
	if state := hear(t, ws, 2); !strings.Contains(state, `"patch_style":"set"`) {
		t.Errorf("the first state is %s", state)
	}
	if code, body := get(t, url, ""); code != http.StatusOK || !strings.Contains(body, "<!doctype html>") {
		t.Errorf("the page: %d %.100s", code, body)
	}
	for path, want := range map[string]string{"status": "Ada", "metrics": "loci_agents", "healthz": "ok", "debug/pprof/": "goroutine"} {
		if code, body := get(t, url+path, ""); code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %.100s, want %q", path, code, body, want)
		}
		if code, _ := get(t, url+path, "evil.example"); code == http.StatusOK {
			t.Errorf("%s is shown to a page whose name leads here", path)
		}
	}
	if code, body := get(t, url+"join", "evil.example"); code != http.StatusForbidden {
		t.Errorf("a page whose name leads here may join: %d %s", code, body)
	}
	end := make(chan error)
	go func() {
		for {
			if _, _, err := ws.Read(context.Background()); err != nil {
				end <- err
				return
			}
		}
	}()
	got := s.stop(t, syscall.SIGTERM)
	if got.code != 0 {
		t.Errorf("exit code %d: %s", got.code, got.stderr)
	}
	if err := await.Next(t, end, "the end of the WebSocket"); websocket.CloseStatus(err) != 4100 {
		t.Errorf("the WebSocket ends with %v, want 4100", err)
	}
}

func TestWebTakesTheNextFreePort(t *testing.T) {
	one := start(t, nil, "serve", "--listen", "127.0.0.1:0")
	two := start(t, nil, "serve", "--listen", "127.0.0.1:0")
	if a, b := one.walkIn(t), two.walkIn(t); a == b {
		t.Errorf("both are at %s", a)
	}
	addr := strings.TrimSuffix(strings.TrimPrefix(one.walkIn(t), "http://"), "/")
	if got := run(t, nil, "serve", "--listen", "127.0.0.1:0", "--web", addr); got.code != 1 || !strings.Contains(got.stderr, "--web takes another address") {
		t.Errorf("exit code %d, stderr %q", got.code, got.stderr)
	}
	one.stop(t, syscall.SIGTERM)
	two.stop(t, syscall.SIGTERM)
	s := start(t, nil, "serve", "--listen", "127.0.0.1:0", "--web", "none")
	if got := s.stop(t, syscall.SIGTERM); strings.Contains(got.stderr, "walk in") {
		t.Errorf("there is a web server with --web none: %s", got.stderr)
	}
}
