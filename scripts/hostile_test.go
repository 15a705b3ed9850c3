package scripts

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/internal/cputime"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/direct"
	"github.com/loci-place/loci/scripts/internal/victims"
	"github.com/loci-place/loci/scripts/sandbox"
)

// tolerated is how much of the processor a heartbeat with hostile scripts may take: what a
// call of slow instructions may, with the heartbeat's pools and the states of what was
// spawned, and what the race detector takes.
const tolerated = 5 * sandbox.DefaultCallTime

// TestHostilePlacesHarmNobody opens each place in a process of its own. What the sandbox
// by itself holds out against is tested there.
func TestHostilePlacesHarmNobody(t *testing.T) {
	victims.Run(t, max(tolerated, slowness(t)), attack, func(t *testing.T, output string) {
		if strings.Contains(output, "bug in the place") {
			t.Errorf("%.2000s", output)
		}
	})
}

// slowness is what the longest heartbeat of all, with 10,000 entities that tick, may take on a machine that
// is too slow for tolerated: a multiple of what it takes to sort numbers there.
func slowness(t *testing.T) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	numbers := make([]uint32, 1<<19)
	for i := range numbers {
		numbers[i] = uint32(i) * 2654435761
	}
	began := cputime.Thread()
	sort.Slice(numbers, func(i, j int) bool { return numbers[i] < numbers[j] })
	took := cputime.Thread() - began
	t.Logf("sorting takes %v", took)
	return took * 3 / 2
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
func attack(place string) (longest time.Duration) {
	debug.SetMemoryLimit(1 << 30)
	source, err := os.ReadFile(place)
	if err != nil {
		panic(err)
	}
	log := slog.New(slog.NewTextHandler(&firstLines{out: os.Stdout, left: 1 << 20}, nil))
	rt, err := New(Config{Sources: parts(string(source)), Logger: log})
	if err != nil {
		fmt.Printf("not loaded: %.500v\n", err)
		return 0
	}
	transport := direct.New()
	p, err := engine.New(engine.Config{Transports: []netcode.Transport{transport}, Behaviour: rt, Logger: log})
	if err != nil {
		panic(err)
	}
	driver, err := p.Drive()
	if err != nil {
		panic(err)
	}
	runtime.LockOSThread()
	agent := transport.Connect(direct.Config{})
	say := func(id, body string) {
		agent.Send(netcode.CommandChannel, fmt.Appendf(nil, `["interaction","request","","place",%q,%s]`, id, body))
	}
	say("a", `["announce","version",4,"identity",{"display_name":"x"},"spawn_avatar",{}]`)
	say("t", `["allocate_track","audio","raw",{}]`)
	for i := range 12 {
		say(fmt.Sprint("x", i), `["x"]`)
		began := cputime.Thread()
		driver.Advance(50 * time.Millisecond)
		longest = max(longest, cputime.Thread()-began)
	}
	if err := driver.Close(); err != nil {
		panic(err)
	}
	rt.Wait()
	return longest
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
