package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/assets"
	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/pipe"
)

// open serves a place that agents join over a pipe.
func open(t *testing.T) (*engine.Place, *client.Dialer, netip.AddrPort) {
	t.Helper()
	network := pipe.New(pipe.Config{})
	end := network.Listen()
	quiet := slog.New(slog.DiscardHandler)
	place, err := engine.New(engine.Config{
		Transports: []netcode.Transport{end}, Logger: quiet, Assets: assets.Options{CacheBytes: 64 << 20},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- place.Serve(ctx) }()
	dialer := client.NewDialer(network.Host())
	t.Cleanup(func() {
		if err := dialer.Close(); err != nil {
			t.Error(err)
		}
		cancel()
		if err := await.Next(t, served, "the place to close"); err != nil {
			t.Error(err)
		}
	})
	return place, dialer, end.Addr()
}

func serve(t *testing.T, o Options) *httptest.Server {
	t.Helper()
	o.Logger = slog.New(slog.DiscardHandler)
	if o.Join == nil {
		o.Join = http.NotFoundHandler()
	}
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		s.Close()
	})
	return s
}

// get asks for something, with headers as name and value in turn.
func get(t *testing.T, url string, headers ...string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(await.Context(t), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, body
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func TestAssetsAreServedWithRanges(t *testing.T) {
	place, _, _ := open(t)
	s := serve(t, Options{Place: place})
	content := make([]byte, 30<<20)
	random := rand.NewChaCha8([32]byte{1})
	random.Read(content)
	id, err := place.AddAsset(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	url := s.URL + "/assets/" + strings.TrimPrefix(id, "asset:sha256:")
	answer, body := get(t, url)
	if answer.StatusCode != http.StatusOK || hashOf(body) != hashOf(content) || answer.ContentLength != int64(len(content)) {
		t.Errorf("%s, %d bytes of %d", answer.Status, len(body), len(content))
	}
	for name, want := range map[string]string{
		"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff", "Content-Type": "application/octet-stream",
		"Access-Control-Allow-Origin": "*", "Accept-Ranges": "bytes",
	} {
		if got := answer.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for text, want := range map[string][]byte{
		"bytes=0-9": content[:10], "bytes=1000000-1299999": content[1000000:1300000], "bytes=-5": content[len(content)-5:],
	} {
		if answer, body := get(t, url, "Range", text); answer.StatusCode != http.StatusPartialContent || !bytes.Equal(body, want) {
			t.Errorf("%s: %s, %d bytes", text, answer.Status, len(body))
		}
	}
	if answer, _ := get(t, url, "Range", "bytes=99999999-"); answer.StatusCode != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("a range behind the end: %s", answer.Status)
	}
	if answer, _ := get(t, url, "If-None-Match", answer.Header.Get("ETag")); answer.StatusCode != http.StatusNotModified {
		t.Errorf("asked whether it has changed: %s", answer.Status)
	}
}

func TestAssetsComeFromAgents(t *testing.T) {
	place, dialer, at := open(t)
	s := serve(t, Options{Place: place})
	content := []byte("OggS and so on")
	agent, err := dialer.Dial(await.Context(t), "alloplace://"+at.String(), client.Config{Identity: map[string]any{"display_name": "Ada"}})
	if err != nil {
		t.Fatal(err)
	}
	agent.PublishAsset(content)
	answer, body := get(t, s.URL+"/assets/"+hashOf(content))
	if answer.StatusCode != http.StatusOK || !bytes.Equal(body, content) || answer.Header.Get("Content-Type") != "audio/ogg" {
		t.Errorf("%s %q, a %s", answer.Status, body, answer.Header.Get("Content-Type"))
	}
	for path, want := range map[string]int{
		hashOf([]byte("of nobody")): 404, "short": 404, strings.ToUpper(hashOf(content)): 404, hashOf(content) + "0": 404,
	} {
		if answer, body := get(t, s.URL+"/assets/"+path); answer.StatusCode != want {
			t.Errorf("%s: %s %s", path, answer.Status, body)
		}
	}
}

func TestAssetsAreOfFewTypes(t *testing.T) {
	for beginning, want := range map[string]string{
		"glTF\x02\x00\x00\x00": "model/gltf-binary", "\x89PNG\r\n\x1a\n": "image/png", "\xff\xd8\xff\xe0": "image/jpeg",
		"\xabKTX 20\xbb\r\n\x1a\n": "image/ktx2", "OggS": "audio/ogg", "ID3\x04": "audio/mpeg", "\xff\xfb\x90\x00": "audio/mpeg",
		"<!doctype html><script>": "application/octet-stream", "<svg xmlns": "application/octet-stream", "\x00asm\x01": "application/octet-stream",
		"": "application/octet-stream", "\xff": "application/octet-stream", "\xff\xff\xff\xff": "application/octet-stream",
	} {
		if got := contentType([]byte(beginning)); got != want {
			t.Errorf("%q is %s, want %s", beginning, got, want)
		}
	}
}

func TestOperatorsPagesAreForThisMachine(t *testing.T) {
	operator := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "secret ", r.URL.Path) })
	s := serve(t, Options{Operator: operator})
	public := serve(t, Options{Operator: operator, Public: true})
	for path, want := range map[string]string{"/status": "secret /", "/metrics": "secret /metrics", "/debug/pprof/heap": "secret /debug/pprof/heap"} {
		if answer, body := get(t, s.URL+path); answer.StatusCode != http.StatusOK || string(body) != want {
			t.Errorf("%s: %s %s", path, answer.Status, body)
		}
		for name, value := range map[string]string{"Host": "evil.example:8080", "X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.1", "Via": "1.1 proxy"} {
			if answer, body := get(t, s.URL+path, name, value); answer.StatusCode == http.StatusOK || strings.Contains(string(body), "secret") {
				t.Errorf("%s with %s %s: %s %s", path, name, value, answer.Status, body)
			}
		}
		if answer, _ := get(t, public.URL+path, "Host", "place.example"); answer.StatusCode != http.StatusOK {
			t.Errorf("%s of a public one: %s", path, answer.Status)
		}
	}
}

func TestPageIsThePlaces(t *testing.T) {
	s := serve(t, Options{})
	answer, body := get(t, s.URL+"/")
	if answer.StatusCode != http.StatusOK || !strings.Contains(string(body), "<!doctype html>") || answer.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("%s %.80s", answer.Status, body)
	}
	if answer, _ := get(t, s.URL+"/../go.mod"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("what is outside of it: %s", answer.Status)
	}
	answer, err := http.Post(s.URL+"/", "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Body.Close(); answer.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("a POST: %s", answer.Status)
	}
}

func TestProxiesAreBelievedWhereTrusted(t *testing.T) {
	for name, c := range map[string]struct {
		from, forwarded, host string
		want                  string
	}{
		"nobody between":      {"192.0.2.7:5", "", "", "192.0.2.7:5 asked.example"},
		"a stranger's claims": {"192.0.2.7:5", "198.51.100.1", "evil.example", "192.0.2.7:5 asked.example"},
		"one proxy":           {"10.0.0.1:5", "192.0.2.7", "lobby.example", "192.0.2.7:0 lobby.example"},
		"a claim before it":   {"10.0.0.1:5", "127.0.0.1, 192.0.2.7", "", "192.0.2.7:0 asked.example"},
		"two proxies":         {"10.0.0.1:5", "192.0.2.7, 10.0.0.2", "", "192.0.2.7:0 asked.example"},
		"with a port":         {"10.0.0.1:5", "[2001:db8::1]:443", "", "[2001:db8::1]:0 asked.example"},
		"nonsense":            {"10.0.0.1:5", "unknown", "", "10.0.0.1:5 asked.example"},
		"nonsense before it":  {"10.0.0.1:5", "x, 192.0.2.7", "", "192.0.2.7:0 asked.example"},
	} {
		t.Run(name, func(t *testing.T) {
			h := behind([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprint(w, r.RemoteAddr, " ", r.Host)
			}))
			r := httptest.NewRequest(http.MethodGet, "http://asked.example/", nil)
			r.RemoteAddr = c.from
			if c.forwarded != "" {
				r.Header.Set("X-Forwarded-For", c.forwarded)
			}
			if c.host != "" {
				r.Header.Set("X-Forwarded-Host", c.host)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if got := w.Body.String(); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}
