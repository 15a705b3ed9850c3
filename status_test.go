package main

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/loci-place/loci/netcode/client"
)

// viewInside is where the place's log says that it shows itself.
func (s *server) viewInside(t *testing.T) string {
	t.Helper()
	s.log.await(t, "status page")
	return regexp.MustCompile(`url=(http://\S+)`).FindStringSubmatch(s.log.String())[1]
}

func get(t *testing.T, url, host string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestTheViewInsideIsOnLoopbackUnlessToldOtherwise(t *testing.T) {
	for addr, want := range map[string]string{
		":9100": "127.0.0.1:9100", "0.0.0.0:9100": "0.0.0.0:9100", "localhost:0": "localhost:0", "[::1]:9": "[::1]:9",
		"9100": "", "": "",
	} {
		if got, err := statusAddr(addr); got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v; want %q", addr, got, err, want)
		}
	}
	got := run(t, nil, "serve", "--listen", "127.0.0.1:0", "--http", "9100")
	if got.code != 2 || !strings.Contains(got.stderr, "--http") {
		t.Errorf("exit code %d, stderr %q", got.code, got.stderr)
	}
}

func TestTheViewInsideOpensAndClosesWithThePlace(t *testing.T) {
	dir := placeDir(t, map[string]string{"place.lua": "place.name = 'Attic'\nplace.every(0.05, function() error('oh') end)"})
	s := start(t, nil, "serve", dir, "--listen", "127.0.0.1:0", "--http", ":0")
	url := s.viewInside(t)
	if !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Errorf("it is at %s", url)
	}
	join(t, s.url, client.Config{Identity: map[string]any{"display_name": "Ada"}})
	s.log.await(t, "error in a script")
	for path, want := range map[string]string{
		"/healthz": "ok", "/readyz": "ready", "/": "place.lua:2", "/?format=json": `"name":"Ada"`,
		"/debug/pprof/": "goroutine", "/metrics": `loci_script_errors_total{handler="timer"}`,
	} {
		if code, body := get(t, url+path, ""); code != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s, want %q", path, code, body, want)
		}
	}
	for host, want := range map[string]int{"localhost:1": 200, "localhost": 200, "127.0.0.1": 200, "evil.example": 403, "evil.example:80": 403} {
		if code, _ := get(t, url+"/", host); code != want {
			t.Errorf("asked as %s: %d, want %d", host, code, want)
		}
	}
	got := s.stop(t, syscall.SIGTERM)
	if got.code != 0 {
		t.Errorf("exit code %d", got.code)
	}
	if strings.Contains(got.stderr, "status page is closed") {
		t.Error(got.stderr)
	}
	if _, err := http.Get(url); err == nil {
		t.Error("still there")
	}
}

func TestThereIsNoViewInsideUnlessAskedFor(t *testing.T) {
	s := start(t, nil, "serve", "--listen", "127.0.0.1:0")
	got := s.stop(t, syscall.SIGTERM)
	if strings.Contains(got.stderr, "status page") {
		t.Error(got.stderr)
	}
}

func TestAnAddressThatIsTakenIsSaidInOneLine(t *testing.T) {
	s := start(t, nil, "serve", "--listen", "127.0.0.1:0", "--http", ":0")
	addr := strings.TrimPrefix(s.viewInside(t), "http://")
	got := run(t, nil, "serve", "--listen", "127.0.0.1:0", "--http", addr)
	if got.code != 1 || !strings.Contains(got.stderr, "--http takes another address") {
		t.Errorf("exit code %d, stderr %q", got.code, got.stderr)
	}
	s.stop(t, syscall.SIGTERM)
}
