package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

// placeDir makes a place's directory of files by their paths.
func placeDir(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestScriptsNameThePlaceUnlessAFlagDoes(t *testing.T) {
	dir := placeDir(t, map[string]string{"place.lua": `place.name = "Lobby"`})
	for name, c := range map[string]struct {
		env  []string
		args []string
		want string
	}{
		"scripts":                  {want: "Lobby"},
		"flag over scripts":        {args: []string{"--name", "Attic"}, want: "Attic"},
		"environment over scripts": {env: []string{"ALLOPLACE_NAME=Cellar"}, want: "Cellar"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, c.env, append([]string{"serve", dir, "--listen", "127.0.0.1:0"}, c.args...)...)
			if got := join(t, s.url, client.Config{}).PlaceName(); got != c.want {
				t.Errorf("the place is called %q, want %q", got, c.want)
			}
			s.stop(t, syscall.SIGTERM)
		})
	}
}

// terminal takes both of what a command writes, in order, and is told what comes.
type terminal struct {
	mu    sync.Mutex
	lines string
	wrote func(line string) error
}

func (s *terminal) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines += string(p)
	return len(p), s.wrote(string(p))
}

func TestReadyIsSaidOnceTheOpenHandlersHaveRun(t *testing.T) {
	dir := placeDir(t, map[string]string{"place.lua": `place.on("open", function() print("furnished") end)`})
	ctx, cancel := context.WithCancel(t.Context())
	both := &terminal{wrote: func(line string) error {
		if strings.HasPrefix(line, "ready ") {
			cancel()
		}
		return nil
	}}
	cmd := newServeCommand()
	cmd.SetArgs([]string{dir, "--listen", "127.0.0.1:0"})
	cmd.SetOut(both)
	cmd.SetErr(both)
	if err := cmd.ExecuteContext(ctx); err != nil {
		t.Error(err)
	}
	if _, after, ready := strings.Cut(both.lines, "ready alloplace"); !ready || strings.Contains(after, "furnished") || !strings.Contains(both.lines, "furnished") {
		t.Errorf("want ready after furnished:\n%s", both.lines)
	}
}

func TestAPlaceThatCannotSayThatItIsReadyIsNotServed(t *testing.T) {
	cmd := newServeCommand()
	cmd.SetArgs([]string{"--listen", "127.0.0.1:0"})
	cmd.SetOut(&terminal{wrote: func(string) error { return io.ErrClosedPipe }})
	cmd.SetErr(io.Discard)
	if err := cmd.ExecuteContext(t.Context()); !errors.Is(err, io.ErrClosedPipe) || !strings.Contains(err.Error(), "cannot say that the place is ready") {
		t.Error(err)
	}
}

func TestScriptsThatDoNotLoadAreOneLineAndExitCode1(t *testing.T) {
	for name, c := range map[string]struct {
		dir  string
		says string
	}{
		"no directory":        {filepath.Join(t.TempDir(), "attic"), "attic"},
		"a file":              {filepath.Join(placeDir(t, map[string]string{"place.lua": ""}), "place.lua"), "not a directory"},
		"syntax error":        {placeDir(t, map[string]string{"place.lua": "\nplace.name ="}), "place.lua:2: unexpected symbol"},
		"error at load":       {placeDir(t, map[string]string{"place.lua": "\nplace.nam = 1"}), "place.lua:2: place.nam cannot be set"},
		"broken component":    {placeDir(t, map[string]string{"components/door.lua": "return 1"}), "components/door.lua:1: "},
		"a bad settings file": {placeDir(t, map[string]string{"acl.lua": "\ndefault 'perhaps'"}), "acl.lua:2: "},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, nil, "serve", c.dir, "--listen", "127.0.0.1:0")
			if got.code != 1 || got.stdout != "" {
				t.Errorf("exit code %d, stdout %q; want 1 and none", got.code, got.stdout)
			}
			if strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, c.says) {
				t.Errorf("stderr %q, want one line that has %q", got.stderr, c.says)
			}
		})
	}
}

func TestSavedScriptsRunUnlessReloadingIsOff(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"reload":    {nil, "Attic"},
		"no reload": {[]string{"--no-reload"}, "Lobby"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := placeDir(t, map[string]string{"place.lua": `place.name = "Lobby"`})
			s := start(t, nil, append([]string{"serve", dir, "--listen", "127.0.0.1:0"}, c.args...)...)
			s.log.await(t, "scripts run")
			if err := os.WriteFile(filepath.Join(dir, "place.lua"), []byte(`place.name = "Attic"`), 0o644); err != nil {
				t.Fatal(err)
			}
			if c.want == "Attic" {
				s.log.await(t, "scripts reloaded")
			}
			if got := join(t, s.url, client.Config{}).PlaceName(); got != c.want {
				t.Errorf("the place is called %q, want %q", got, c.want)
			}
			s.stop(t, syscall.SIGTERM)
		})
	}
}

// doorOfMark is a door whose looks say which of its saves runs.
const doorOfMark = `return {
	added = function(entity) entity.mark = { save = %d } end,
	poke = function() return "ok", %[1]d end,
}`

// fromSaveToClient saves the door of a place that is served, and gives how long it takes
// until the agent has a state of the door that behaves again.
func fromSaveToClient(tb testing.TB, agent *client.Client, dir string, save int) time.Duration {
	tb.Helper()
	began := time.Now()
	file := filepath.Join(dir, "components", "door.lua")
	if err := os.WriteFile(file, fmt.Appendf(nil, doorOfMark, save), 0o644); err != nil {
		tb.Fatal(err)
	}
	ctx := await.Context(tb)
	err := agent.WaitFor(ctx, func(d *netcode.Document) bool {
		mark, ok := d.Component("door", "mark")
		return ok && mark["save"] == float64(save)
	})
	if err != nil {
		tb.Fatalf("save %d: %v", save, err)
	}
	return time.Since(began)
}

// newPlaceServed serves what `loci new` writes, with an agent in it.
func newPlaceServed(tb testing.TB) (*server, *client.Client, string) {
	dir := filepath.Join(tb.TempDir(), "attic")
	if got := run(tb, nil, "new", dir); got.code != 0 {
		tb.Fatal(got.stderr)
	}
	s := start(tb, nil, "serve", dir, "--listen", "127.0.0.1:0")
	s.log.await(tb, "scripts run")
	return s, join(tb, s.url, client.Config{}), dir
}

func TestASavedDoorBehavesAnewForWhoIsThere(t *testing.T) {
	s, agent, dir := newPlaceServed(t)
	for save := range 5 {
		fromSaveToClient(t, agent, dir, save)
		answer, err := agent.Request(t.Context(), "door", "poke", true)
		if err != nil || len(answer) != 3 || answer[2] != float64(save) {
			t.Errorf("save %d: the door answers %v, %v", save, answer, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "components", "door.lua"), []byte("\nreturn {"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.log.await(t, "components/door.lua:2: ")
	answer, err := agent.Request(t.Context(), "door", "poke", true)
	if err != nil || len(answer) != 3 || answer[2] != 4.0 {
		t.Errorf("after a broken save the door answers %v, %v", answer, err)
	}
	s.stop(t, syscall.SIGTERM)
}

// From the write of a file to the first state in an agent's hands that shows it, at 20
// heartbeats a second, of which up to 50 ms are the heartbeat's.
func BenchmarkFromASaveToAnAgent(b *testing.B) {
	s, agent, dir := newPlaceServed(b)
	var took []time.Duration
	save := 0
	for b.Loop() {
		took = append(took, fromSaveToClient(b, agent, dir, save))
		save++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1e3, "p50-ms")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1e3, "p95-ms")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1e3, "max-ms")
	s.stop(b, syscall.SIGTERM)
	if s := s.log.String(); strings.Contains(s, "level=ERROR") {
		b.Error(s)
	}
}
