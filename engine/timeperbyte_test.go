package engine

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/cputime"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/direct"
)

// What agents send may take the place's turn for 50 ms a MB, the following heartbeats with
// their states included. What has a rate of its own counts as so many bytes, however short
// it is written: a command, an entity, and an animation with every heartbeat.
const (
	turnPerByte      = 50 * time.Millisecond / 1e6
	bytesPerCommand  = 2 << 10
	bytesPerEntity   = 1 << 10
	bytesPerAnimated = 256
	// measuredBytes is what less is not measured: a few system calls would count for more.
	measuredBytes = 64 << 10
)

var timePerByte = flag.Duration("timeperbyte", 0, "for how long TestTurnTimePerByte tries random messages; 0 is a hundred times")

// TestTurnTimePerByte sends a place random messages of growing size, of all kinds that there
// are, and holds the time that they take of the place's turn to their bytes. Messages that
// take longer are kept in testdata/timeperbyte, which is tried first.
func TestTurnTimePerByte(t *testing.T) {
	if raceDetector {
		t.Skip("takes times as long under the race detector")
	}
	kept, err := filepath.Glob("testdata/timeperbyte/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range kept {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if c := leastCost(t, parseInputs(t, data)); c.over() {
				t.Error(c)
			}
		})
	}
	for name, inputs := range attackInputs() {
		t.Run(name, func(t *testing.T) {
			c := leastCost(t, inputs)
			t.Log(c)
			if c.over() {
				t.Error("too long")
			}
		})
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	worst, done, undone := cost{}, 0, 0
	began, tried := time.Now(), 0
	for ; *timePerByte == 0 && tried < 100 || time.Since(began) < *timePerByte; tried++ {
		rng := rand.New(rand.NewPCG(seed, uint64(tried)))
		inputs := randomInputs(rng)
		c := costOf(t, inputs)
		done, undone = done+c.done, undone+c.undone
		if c.over() {
			c = leastCost(t, inputs)
		}
		if c.over() {
			file := filepath.Join("testdata/timeperbyte", fmt.Sprintf("%d-%d.txt", seed, tried))
			err := os.MkdirAll(filepath.Dir(file), 0o755)
			if err == nil {
				err = os.WriteFile(file, formatInputs(inputs), 0o644)
			}
			t.Errorf("%v; kept in %s (error: %v)", c, file, err)
		}
		if c.perMB() > worst.perMB() {
			worst = c
		}
	}
	t.Logf("%d times, %d requests done, %d not; the worst took %v", tried, done, undone, worst)
	if done < undone/4 {
		t.Error("hardly anything is done: what is sent makes no sense")
	}
}

// cost is what messages took of the place's turn, and what they may.
type cost struct {
	bytes        int
	took         time.Duration
	slowness     float64 // of the machine, meanwhile
	done, undone int     // requests that were answered with something else than an error
}

func (c cost) perMB() time.Duration {
	return time.Duration(float64(c.took) / float64(max(c.bytes, measuredBytes)) * 1e6)
}
func (c cost) over() bool { return c.perMB() > time.Duration(c.slowness*float64(1e6*turnPerByte)) }

// referenceTime is what reference takes of the processor on the machine that the bound of turnPerByte is
// for, with nothing beside it.
const referenceTime = 5 * time.Millisecond

// reference computes as the place does with what agents send: it parses, allocates and encodes.
func reference() {
	var all map[string]any
	_ = json.Unmarshal(referenceText(), &all)
	_, _ = json.Marshal(all)
}

var referenceText = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	for i := range 4_000 {
		fmt.Fprintf(&b, `,"key%d":[0,"text",{"a":%d}]`, i, i)
	}
	return append(append([]byte("{"), b.Bytes()[1:]...), '}')
})

// slowness returns how much longer things take than they should, on a slower machine or where others use
// the caches; 1 at least.
func slowness() float64 {
	return max(1, float64(cputime.Least(3, reference))/float64(referenceTime))
}

func (c cost) String() string {
	return fmt.Sprintf("%v of the turn for %d bytes: %v a MB, %v times %v may be (%d requests done, %d not)",
		c.took, c.bytes, c.perMB(), c.slowness, 1e6*turnPerByte, c.done, c.undone)
}

// leastCost is the cost without what else the machine did meanwhile.
func leastCost(t *testing.T, inputs []input) cost {
	least := costOf(t, inputs)
	for range 5 {
		if c := costOf(t, inputs); float64(c.perMB())/c.slowness < float64(least.perMB())/least.slowness {
			least = c
		}
	}
	return least
}

// input is something that an agent sends, and how many heartbeats follow it. In it, $0 is
// the agent's avatar, $1 and so on are the entities that it has spawned, $v is the avatar of
// a bystander.
type input struct {
	channel uint8
	beats   int
	data    []byte
}

func formatInputs(inputs []input) []byte {
	var b bytes.Buffer
	for _, in := range inputs {
		if bytes.ContainsFunc(in.data, func(r rune) bool { return r < ' ' || r == '\uFFFD' }) {
			fmt.Fprintf(&b, "%d %d hex %x\n", in.channel, in.beats, in.data)
			continue
		}
		fmt.Fprintf(&b, "%d %d text %s\n", in.channel, in.beats, in.data)
	}
	return b.Bytes()
}

func parseInputs(t *testing.T, data []byte) (inputs []input) {
	for line := range strings.Lines(string(data)) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 4)
		if len(fields) != 4 {
			t.Fatalf("not an input: %.80q", line)
		}
		var in input
		if _, err := fmt.Sscan(fields[0], &in.channel); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Sscan(fields[1], &in.beats); err != nil {
			t.Fatal(err)
		}
		in.data = []byte(fields[3])
		if fields[2] == "hex" {
			var err error
			if in.data, err = hex.DecodeString(fields[3]); err != nil {
				t.Fatal(err)
			}
		}
		inputs = append(inputs, in)
	}
	return inputs
}

// unlimited are rates that do not get in the way of what is measured.
func unlimited() Limits {
	const much = 1 << 40
	return Limits{
		InteractionRate: much, PublicationRate: much, PatternRate: much, SpawnRate: much,
		CommandByteRate: much, ComponentByteRate: much, MediaRate: much, MediaByteRate: much,
		Violations: much, BadPackets: much, TurnTime: time.Second,
	}
}

// bench is a place that is driven by hand, with an agent that sends what is measured, one
// that follows all states, and one that has stopped following.
type bench struct {
	t        *testing.T
	driver   *Driver
	peer     *direct.Peer
	names    []string // of entities: $0 and so on
	victim   string
	heard    [][]byte
	follower *direct.Peer
	state    []byte // the follower's newest
}

func costOf(t *testing.T, inputs []input) (c cost) {
	transport := direct.New()
	place, err := New(Config{Transports: []netcode.Transport{transport}, Logger: slog.New(slog.DiscardHandler), Limits: unlimited()})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t}
	if b.driver, err = place.Drive(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.driver.Close(); err != nil {
			t.Error(err)
		}
	}()
	d, _ := netcode.DialectOf(4)
	b.follower = transport.Connect(direct.Config{Received: func(channel uint8, data []byte) {
		if channel == d.State {
			b.state = data
		}
	}})
	b.victim = b.join(b.follower)
	stalled := transport.Connect(direct.Config{})
	b.join(stalled)
	b.beat()
	stalled.Send(d.State, b.acknowledgement())
	b.beat()
	b.peer = transport.Connect(direct.Config{Received: func(channel uint8, data []byte) {
		if channel == netcode.CommandChannel {
			b.heard = append(b.heard, data)
		}
	}})
	b.names = []string{b.join(b.peer)}
	var quiet time.Duration
	for i := range 20 {
		if took := b.beat(); i == 0 || took < quiet {
			quiet = took
		}
	}
	c.slowness = slowness()
	animations := 0
	for _, in := range inputs {
		b.heard = b.heard[:0]
		data := b.named(in.data)
		c.bytes += max(len(data), bytesPerCommand) + bytesPerEntity*bytes.Count(data, []byte(`{"_":`))
		c.took += cputime.Of(func() { // the place's turn is on this goroutine
			b.peer.Send(in.channel, data)
			b.driver.Settle()
		})
		b.learn(&c)
		if bytes.Contains(data, []byte(`"add_property_animation"`)) {
			animations++
		}
		for range in.beats {
			c.took += max(0, b.beat()-2*quiet)
			c.bytes += animations * bytesPerAnimated
		}
	}
	return c
}

// beat lets a heartbeat pass, and the follower acknowledge its state.
func (b *bench) beat() time.Duration {
	took := cputime.Of(func() { b.driver.Advance(time.Second / 20) })
	d, _ := netcode.DialectOf(4)
	b.follower.Send(d.State, b.acknowledgement())
	return took
}

func (b *bench) acknowledgement() []byte {
	revision := "0"
	if i := bytes.LastIndex(b.state, []byte(`"revision":`)); i >= 0 {
		revision = strings.TrimRight(string(b.state[i+len(`"revision":`):]), "}\n")
	}
	return []byte(`{"cmd":"intent","intent":{"wants_stick_movement":false,"ack_state_rev":` + revision + `}}`)
}

// join announces an agent and returns its avatar.
func (b *bench) join(p *direct.Peer) string {
	before := map[string]bool{}
	agents := func(f func(Agent)) {
		if err := b.driver.place.Do(func(turn *Turn) error {
			for _, a := range turn.Agents() {
				f(a)
			}
			return nil
		}); err != nil {
			b.t.Fatal(err)
		}
	}
	agents(func(a Agent) { before[a.Avatar] = true })
	p.Send(netcode.CommandChannel, []byte(interaction("request", "", PlaceID, "a", announce(4, `{"children":[{"intent":{"actuate_pose":"head"}}]}`))))
	b.driver.Settle()
	avatar := ""
	agents(func(a Agent) {
		if !before[a.Avatar] {
			avatar = a.Avatar
		}
	})
	if avatar == "" {
		b.t.Fatal("was not let in")
	}
	return avatar
}

// named puts ids in the place of their names.
func (b *bench) named(data []byte) []byte {
	if !bytes.ContainsRune(data, '$') {
		return data
	}
	data = bytes.ReplaceAll(data, []byte("$v"), []byte(b.victim))
	for i := 9; i >= 0; i-- {
		name := "nothing"
		if i < len(b.names) {
			name = b.names[i]
		}
		data = bytes.ReplaceAll(data, fmt.Appendf(nil, "$%d", i), []byte(name))
	}
	return data
}

// learn takes down the ids of what was spawned.
func (b *bench) learn(c *cost) {
	for _, data := range b.heard {
		i, err := netcode.ParseInteraction(data)
		if err != nil || i.Type != netcode.TypeResponse {
			continue
		}
		if v, _ := netcode.ParseValue(i.Body); v.([]any)[1] == "error" || v.([]any)[1] == "failed" {
			c.undone++
			continue
		}
		c.done++
		if len(b.names) > 9 {
			continue
		}
		if id, ok := bytes.CutPrefix(i.Body, []byte(`["spawn_entity","`)); ok {
			b.names = append(b.names, strings.TrimSuffix(string(id), `"]`))
		}
	}
}
