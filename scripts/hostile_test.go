package scripts

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/scripts/sandbox"
)

// victim names the place that a child of the test runs; secret is what none may print.
const (
	victim = "LOCI_TEST_VICTIM"
	secret = "LOCI_TEST_SECRET"
)

// tolerated is how long a heartbeat with hostile scripts may take: twice the budget,
// and what a busy machine and the race detector take.
const tolerated = 2*sandbox.DefaultHeartbeatTime + 250*time.Millisecond

// TestHostilePlacesHarmNobody opens each place in a process of its own. What the sandbox
// by itself holds out against is tested there.
func TestHostilePlacesHarmNobody(t *testing.T) {
	if os.Getenv(victim) != "" {
		attack(os.Getenv(victim))
		return
	}
	places, err := filepath.Glob("testdata/hostile/*.lua")
	if err != nil || len(places) < 40 {
		t.Fatalf("%d places, %v", len(places), err)
	}
	for _, place := range places {
		t.Run(strings.TrimSuffix(filepath.Base(place), ".lua"), func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestHostilePlacesHarmNobody$")
			cmd.Env = append(os.Environ(), victim+"="+place, secret+"=password-1234", "GORACE=atexit_sleep_ms=0")
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Run(); err != nil {
				t.Fatalf("the process died: %v\n%.3000s", err, &out)
			}
			text := out.String()
			if strings.Contains(text, "password-1234") || strings.Contains(text, "root:") {
				t.Errorf("told a secret: %.500s", text)
			}
			_, took, ok := strings.Cut(text, "longest heartbeat: ")
			took, _, _ = strings.Cut(took, "\n")
			ns, err := strconv.ParseInt(took, 10, 64)
			if !ok || err != nil {
				t.Fatalf("no report: %.2000s", text)
			}
			if d := time.Duration(ns); d > tolerated {
				t.Errorf("a heartbeat took %v", d)
			}
			if strings.Contains(text, "bug in the place") {
				t.Errorf("%.2000s", text)
			}
		})
	}
}

// parts splits a place's file: place.lua, and behind lines such as
// "-- components/door.lua --" others.
func parts(source string) files {
	all := files{}
	name := "place.lua"
	for line := range strings.Lines(source) {
		if rest, ok := strings.CutPrefix(line, "-- "); ok && strings.HasSuffix(rest, ".lua --\n") {
			name = strings.TrimSuffix(rest, " --\n")
			continue
		}
		all[name] += line
	}
	return all
}

// attack runs a place with its usual budgets, and an agent in it, and reports the
// longest heartbeat.
func attack(place string) {
	debug.SetMemoryLimit(1 << 30)
	source, err := os.ReadFile(place)
	if err != nil {
		fmt.Println(err)
		return
	}
	log := slog.New(slog.NewTextHandler(&firstLines{out: os.Stdout, left: 1 << 20}, nil))
	rt, err := New(Config{Sources: parts(string(source)), Logger: log})
	if err != nil {
		fmt.Printf("not loaded: %.500v\nlongest heartbeat: 0\n", err)
		return
	}
	direct := netcode.NewDirect()
	p, err := engine.New(engine.Config{Transport: direct, Behaviour: rt, Logger: log})
	if err != nil {
		fmt.Println(err)
		return
	}
	driver, err := p.Drive()
	if err != nil {
		fmt.Println(err)
		return
	}
	agent := direct.Connect(netcode.DirectConfig{})
	say := func(id, body string) {
		agent.Send(netcode.CommandChannel, fmt.Appendf(nil, `["interaction","request","","place",%q,%s]`, id, body))
	}
	say("a", `["announce","version",4,"identity",{"display_name":"x"},"spawn_avatar",{}]`)
	say("t", `["allocate_track","audio","raw",{}]`)
	var longest time.Duration
	for i := range 12 {
		say(fmt.Sprint("x", i), `["x"]`)
		began := time.Now()
		driver.Advance(50 * time.Millisecond)
		longest = max(longest, time.Since(began))
	}
	if err := driver.Close(); err != nil {
		fmt.Println(err)
	}
	rt.Wait()
	fmt.Printf("longest heartbeat: %d\n", longest)
}

// firstLines passes on what fits.
type firstLines struct {
	out  io.Writer
	left int
}

func (f *firstLines) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left > 0 {
		return f.out.Write(b)
	}
	return len(b), nil
}
