package main

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/loci-place/loci/engine/status"
	"github.com/loci-place/loci/netcode/client"
)

func TestTopWritesOnceForPipes(t *testing.T) {
	dir := placeDir(t, map[string]string{"place.lua": "place.name = 'Attic'"})
	s := start(t, nil, "serve", dir, "--listen", "127.0.0.1:0", "--http", ":0")
	join(t, s.url, client.Config{Identity: map[string]any{"display_name": "Ada \x1b[2J"}})
	got := run(t, nil, "top", "--once", strings.TrimPrefix(s.viewInside(t), "http://"))
	for _, part := range []string{"Attic, ready", "1 agents", "heartbeat ms", "generation 1", "rules: 8, else allow", "Ada"} {
		if !strings.Contains(got.stdout, part) {
			t.Errorf("there is no %q", part)
		}
	}
	if got.code != 0 || strings.Contains(got.stdout, "\x1b") {
		t.Errorf("exit code %d, stdout %q", got.code, got.stdout)
	}
	s.stop(t, syscall.SIGTERM)
}

func TestTopWritesOnWithoutATerminalUntilASignal(t *testing.T) {
	s := start(t, nil, "serve", "--listen", "127.0.0.1:0", "--http", ":0")
	cmd := command(t, nil, "top", strings.TrimPrefix(s.viewInside(t), "http://"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, frames := bufio.NewScanner(out), 0
	for frames < 2 && lines.Scan() {
		if strings.Contains(lines.Text(), ", ready") {
			frames++
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	if err := cmd.Wait(); err != nil || frames != 2 {
		t.Errorf("%d frames, %v", frames, err)
	}
	s.stop(t, syscall.SIGTERM)
}

func TestTopSaysWhatItCannotDo(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no address":    {[]string{"top"}, 2, "ADDR"},
		"no port":       {[]string{"top", "attic"}, 2, "HOST:PORT"},
		"nobody":        {[]string{"top", "--once", "127.0.0.1:1"}, 1, "refused"},
		"somebody else": {[]string{"top", "--once", strings.TrimPrefix(other.URL, "http://")}, 1, "404"},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, nil, c.args...)
			if got.code != c.code || !strings.Contains(got.stderr, c.says) || got.stdout != "" {
				t.Errorf("exit code %d, stderr %q, stdout %q", got.code, got.stderr, got.stdout)
			}
		})
	}
}

func TestTopEndsWithQAndControlC(t *testing.T) {
	for _, keys := range []string{"q", "xq", "\x03", ""} {
		quit := false
		waitForQuit(strings.NewReader(keys), func() { quit = true })
		if !quit {
			t.Errorf("%q does not end it", keys)
		}
	}
}

func TestTopFitsTheTerminalAndObeysNobodysName(t *testing.T) {
	r := &status.Report{Name: "\x1b]0;title\a" + strings.Repeat("long ", 100), Phases: []status.Timing{{Name: "states"}}}
	for range 100 {
		r.Agents = append(r.Agents, status.Agent{ID: "abc", Name: "\x1b[31mred\n\u202e", Here: time.Hour.Seconds()})
	}
	var out strings.Builder
	shown := &top{out: &rawLines{&out}}
	if err := shown.write(r, 40, 12); err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(strings.ReplaceAll(out.String(), clearLine, ""), clearRest, "")
	if strings.ContainsAny(text, "\x1b\a\u202e") {
		t.Errorf("%q", text)
	}
	lines := strings.Split(text, "\r\n")
	if len(lines) > 12 {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range lines {
		if n := len([]rune(line)); n > 40 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestTopShowsWhatWentOnSinceTheLastFrame(t *testing.T) {
	before := &status.Report{Uptime: 10, Sent: 1 << 20, Heartbeat: status.Timing{Count: 100, Sum: 1}}
	now := &status.Report{Uptime: 12, Sent: 3 << 20, Heartbeat: status.Timing{Count: 140, Sum: 1.2}}
	got := screenOf(now, before, 0)
	for _, part := range []string{"1.0 MiB/s sent", "heartbeat ms: 5.00 whole"} {
		if !strings.Contains(got, part) {
			t.Errorf("there is no %q in %s", part, got)
		}
	}
}

func TestTopTellsOfOverloadAndOfTheLimitsHitMost(t *testing.T) {
	r := &status.Report{}
	if got := screenOf(r, nil, 0); strings.Contains(got, "OVERLOADED") || strings.Contains(got, "limits") {
		t.Errorf("of nothing it says %s", got)
	}
	r.Shedding = []string{"far", "states"}
	for i, name := range []string{"media", "requests", "patterns", "entities", "turn_time", "violations"} {
		r.Limits = append(r.Limits, status.Limit{Name: name, Hits: uint64(10 - i)})
	}
	want := "\nOVERLOADED: does without far, states\nlimits hit: 10× media, 9× requests, 8× patterns, 7× entities, 6× turn_time\n"
	if got := screenOf(r, nil, 0); !strings.Contains(got, want) {
		t.Errorf("there is no %q in %s", want, got)
	}
}
