package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/loci-place/loci/internal/await"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(play(role))
	}
	os.Exit(m.Run())
}

func TestPlaceAndBareLoopAreComparedAtTheSameSize(t *testing.T) {
	t.Setenv("GORACE", "atexit_sleep_ms=0") // under the race detector each child would take a second to end
	ctx := await.Context(t)
	cfg, err := parseFlags(strings.Fields("--agents 5 --rounds 2 --seconds 0.4 --warmup 300ms --json"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(ctx, cfg, &out); err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", out.String())
	if len(r.Place) != 2 || len(r.Bare) != 2 || len(r.Listening) != 2 {
		t.Fatalf("%+v", r)
	}
	for _, all := range [][]measured{r.Place, r.Bare, r.Listening} {
		for i, m := range all {
			// Five avatars that move take 600 bytes or more. Of 8 packets the first or
			// last may be missed, and the machine may be busy.
			if m.Bytes != math.Round(r.Place[i].Bytes) && m != r.Place[i] || m.Bytes < 500 || m.Bytes > 1372 {
				t.Errorf("packets of %v bytes after %v from the place", m.Bytes, r.Place[i].Bytes)
			}
			if m.Packets < 8 || m.Packets > 30 {
				t.Errorf("%v packets a second", m.Packets)
			}
			if m.CPU <= 0 || m.CPU > 2 {
				t.Errorf("%v CPU s/s", m.CPU)
			}
		}
	}
	if !(r.Ratio > 0.1 && r.Ratio < 100 && r.RatioListening > 0.1 && r.RatioListening < 100) {
		t.Errorf("ratios %v and %v", r.Ratio, r.RatioListening)
	}
}

func TestAChildThatFailsEndsTheRun(t *testing.T) {
	var joined joined
	_, err := start(t.Context(), "agents", agentsPart{URL: "nowhere", Agents: 1}, &joined)
	if err == nil || !strings.Contains(err.Error(), "the agents: ") {
		t.Errorf("got %v", err)
	}
}

func TestMissedPacketsMakeNobodyCheap(t *testing.T) {
	var r report
	for _, m := range []struct{ place, bare, listening uint64 }{{200, 200, 200}, {100, 200, 190}} {
		r.Place = append(r.Place, measuredOf(0.3, 2, 5, m.place, 700))
		r.Bare = append(r.Bare, measuredOf(0.2, 2, 5, m.bare, 700))
		r.Listening = append(r.Listening, measuredOf(0.1, 2, 5, m.listening, 700))
	}
	r.Agents, r.Seconds = 5, 2
	r.complete()
	var table strings.Builder
	if err := r.table(&table); err != nil {
		t.Fatal(err)
	}
	const want = `5 agents or peers; CPU s/s over 2 s (packets a second to each)

           place            bare             bare, listening  bytes
round 1    0.1500 (20.00)   0.1000 (20.00)   0.0500 (20.00)   700
round 2    0.1500 (10.00)   0.1000 (20.00)   0.0500 (19.00)   700
least      0.1500           0.1000           0.0500           at 20 Hz
ratio                       1.50             3.00
`
	if table.String() != want {
		t.Errorf("got\n%swant\n%s", table.String(), want)
	}
}

func TestOneKindOfPeersIsEnough(t *testing.T) {
	r := report{Agents: 5, Seconds: 2, Place: []measured{measuredOf(0.4, 2, 5, 200, 700)}, Listening: []measured{measuredOf(0.2, 2, 5, 200, 700)}}
	r.complete()
	var table strings.Builder
	if err := r.table(&table); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(table.String(), "\nratio                                        2.00\n") || strings.Contains(string(encoded), `"ratio":`) {
		t.Errorf("got\n%s%s", table.String(), encoded)
	}
}

func TestBadFlagsAreExplained(t *testing.T) {
	for name, c := range map[string]struct{ flags, want string }{
		"argument":     {"more", `unexpected argument "more"`},
		"no agents":    {"--agents 0", "--agents is 0, want 1 to 1024"},
		"many agents":  {"--agents 1025", "--agents is 1025"},
		"no rounds":    {"--rounds 0", "--rounds is 0"},
		"no time":      {"--seconds 0", "--seconds is 0"},
		"no warmup":    {"--warmup -1s", "--warmup is -1s"},
		"other peers":  {"--peers dance", `--peers is "dance", want send, listen or both`},
		"not a number": {"--agents x", "invalid value"},
	} {
		t.Run(name, func(t *testing.T) {
			var said strings.Builder
			if _, err := parseFlags(strings.Fields(c.flags), &said); err == nil || !strings.Contains(said.String(), c.want) {
				t.Errorf("got %v, and it said %q, want %q", err, said.String(), c.want)
			}
		})
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	var said strings.Builder
	if _, err := parseFlags([]string{"--help"}, &said); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("got %v", err)
	}
	for _, name := range strings.Fields("agents rounds warmup seconds peers json") {
		if !strings.Contains(said.String(), "  -"+name) {
			t.Errorf("help does not name --%s", name)
		}
	}
}
