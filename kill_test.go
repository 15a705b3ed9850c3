package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/internal/cputime"
	"github.com/loci-place/loci/netcode/client"
)

var kills = flag.Int("kills", 10, "how often TestNothingThatWasAcknowledgedIsLostByAKill kills")

// keeping is a place that says what it has stored when it has, and is busy meanwhile.
var keeping = map[string]string{
	"place.lua": `
		place.scene{ door = { dial = { n = 0 } } }
		place.store.get("anything")
		local function stored(key, value)
			return place.task(function()
				local ok, why = place.store.set(key, value, { sync = true })
				if not ok then return nil, why end
				return "ok"
			end)
		end
		place.handle("put", function(request) return stored(request.args[1], request.args[2]) end)
		place.handle("get", function(request) return "ok", place.store.get(request.args[1]) or 0 end)
		place.handle("turn", function(request)
			place.entity(request.args[1]).dial.n = request.args[2]
			return stored("turned", request.args[2])
		end)
		place.handle("dial", function(request)
			local e = place.entity(request.args[1])
			return "ok", e and e.dial.n or -1
		end)
		place.handle("again", function() return "ok", place.state.again end)
		place.on("open", function(again) place.state.again = again end)
		local i = 0
		place.every(0.05, function()
			for _ = 1, 100 do
				i = i % 9000 + 1
				local e = place.entity("e" .. i)
				if e then e.dial.n = e.dial.n + 1 end
			end
		end)`,
	"acl.lua": `allow [=[ ["interaction", "request", _, "place", _, ["change_acl" | _]] ]=]`,
}

// imported makes a data directory with that many entities.
func imported(t *testing.T, n int) (dir string) {
	t.Helper()
	var text strings.Builder
	text.WriteString(`{"loci": 1, "records": {"entity": {`)
	for i := 1; i <= n; i++ {
		if i > 1 {
			text.WriteString(",\n")
		}
		fmt.Fprintf(&text, `"e%d": {"components": {"transform": {"matrix": [1,0,0,0,0,1,0,0,0,0,1,0,%d,0,0.5,1]}, "dial": {"n": 0, "text": %q}}}`, i, i, strings.Repeat("x", 100))
	}
	text.WriteString(`}}}`)
	dir = filepath.Join(t.TempDir(), "data")
	cmd := command(t, nil, "import", dir)
	cmd.Stdin = strings.NewReader(text.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

// promises are what a place has said that it has stored.
type promises struct {
	mu     sync.Mutex
	values map[string]float64 // of place.store
	dials  map[string]float64 // of entities
	rules  map[string]bool    // by id: added, or removed
	ids    map[string]bool    // given so far
	count  int

	leaving sync.WaitGroup // of agents that nobody hears any more
}

func TestNothingThatWasAcknowledgedIsLostByAKill(t *testing.T) {
	const entities = 10_000
	data, dir := imported(t, entities), placeDir(t, keeping)
	said := &promises{values: map[string]float64{}, dials: map[string]float64{}, rules: map[string]bool{}, ids: map[string]bool{}}
	defer said.leaving.Wait()
	var slowest, sum time.Duration
	rounds, slow := 0, 0
	for kill := range *kills + 1 {
		s := start(t, nil, "serve", dir, "--listen", "127.0.0.1:0", "--data", data)
		agent := join(t, s.url, client.Config{})
		took, err := cputime.Process(s.cmd.Process.Pid)
		if err != nil && runtime.GOOS == "linux" {
			t.Fatal(err)
		}
		slowest, sum, rounds = max(slowest, took), sum+took, rounds+1
		if took > time.Second {
			slow++
		}
		said.check(t, agent)
		agent.Close()
		if kill == *kills {
			s.stop(t, syscall.SIGTERM)
			break
		}
		said.provoke(t, s, kill)
		for line := range strings.Lines(s.log.String()) {
			if strings.Contains(line, "level=ERROR") {
				t.Errorf("kill %d: the log says %s", kill, line)
			}
		}
		if t.Failed() {
			break
		}
	}
	t.Logf("%d of %d kills, %d promises; started, opened and let in with %v of the processor, on average %v",
		rounds-1, *kills, said.count, slowest, sum/time.Duration(rounds))
	if slow > 0 && !raceEnabled() {
		t.Errorf("%d times it took the place more than 1 s of the processor to open", slow)
	}
}

// provoke has agents write as fast as they can, and kills the place at a random moment.
func (said *promises) provoke(t *testing.T, s *server, round int) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var writers sync.WaitGroup
	for n, write := range []func(context.Context, *client.Client, string) error{said.put, said.put, said.turn, said.change} {
		agent := join(t, s.url, client.Config{})
		writers.Go(func() {
			defer said.leaving.Go(func() { agent.Close() })
			for ctx.Err() == nil {
				err := write(ctx, agent, fmt.Sprint("w", n))
				switch {
				case err == nil:
				case ctx.Err() != nil:
					return
				case strings.Contains(err.Error(), "too many"):
					time.Sleep(20 * time.Millisecond) // who looked whether all is there has spent the share
				default:
					t.Errorf("round %d: %v", round, err)
					return
				}
			}
		})
	}
	time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond)
	cancel()
	s.signal(t, syscall.SIGKILL)
	writers.Wait()
	s.wait(t)
}

func (said *promises) put(ctx context.Context, agent *client.Client, who string) error {
	said.mu.Lock()
	key := fmt.Sprintf("%s/%d", who, rand.IntN(50))
	value := said.values[key] + 1
	said.mu.Unlock()
	_, err := agent.Request(ctx, "place", "put", key, value)
	if err == nil {
		said.note(func() { said.values[key] = value })
	}
	return err
}

func (said *promises) turn(ctx context.Context, agent *client.Client, _ string) error {
	said.mu.Lock()
	id := []string{"door", "e9500", fmt.Sprint("e", 9001+rand.IntN(900))}[rand.IntN(3)]
	value := said.dials[id] + 1
	said.mu.Unlock()
	_, err := agent.Request(ctx, "place", "turn", id, value)
	if err == nil {
		said.note(func() { said.dials[id] = value })
	}
	return err
}

// change adds a rule, and takes one away if there are some.
func (said *promises) change(ctx context.Context, agent *client.Client, _ string) error {
	var remove []string
	said.mu.Lock()
	for id, there := range said.rules {
		if there && len(said.rules) > 50 && remove == nil {
			remove = []string{id}
			delete(said.rules, id) // until it is answered, nobody knows
		}
	}
	said.mu.Unlock()
	answer, err := agent.Request(ctx, "place", "change_acl",
		"add", []any{[]any{"deny", `["interaction", _, _, _, _, ["never" | _]]`}}, "remove", remove)
	if err != nil {
		return err
	}
	ids, _ := answer[2].([]any)
	id, _ := ids[0].(string)
	twice := false
	said.note(func() {
		twice = said.ids[id]
		said.ids[id], said.rules[id] = true, true
		for _, id := range remove {
			said.rules[id] = false
		}
	})
	if twice {
		return fmt.Errorf("the id %s is given twice", id)
	}
	return nil
}

func (said *promises) note(what func()) {
	said.mu.Lock()
	defer said.mu.Unlock()
	what()
	said.count++
}

// check compares what the place has with what it said. What it did not come to say may
// be there too.
func (said *promises) check(t *testing.T, agent *client.Client) {
	ctx := await.Context(t)
	for verb, promised := range map[string]map[string]float64{"get": said.values, "dial": said.dials} {
		for key, want := range promised {
			answer, err := agent.Request(ctx, "place", verb, key)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := answer[2].(float64)
			if got < want || got > want+1 {
				t.Errorf("%s %s is %v, was said to be %v", verb, key, got, want)
			}
			promised[key] = got
		}
	}
	answer, err := agent.Request(ctx, "place", "list_acl")
	if err != nil {
		t.Fatal(err)
	}
	rules := fmt.Sprint(answer...)
	for id, there := range said.rules {
		if strings.Contains(rules, "["+id+" ") != there {
			t.Errorf("%s is there: %v", id, !there)
		}
	}
	if answer, err := agent.Request(ctx, "place", "dial", "e10000"); err != nil || answer[2] != 0.0 {
		t.Errorf("an entity that nobody touched says %v, %v", answer, err)
	}
}

func TestAPlaceIsAfterARestartWhatItWas(t *testing.T) {
	ctx := await.Context(t)
	data, dir := filepath.Join(t.TempDir(), "data"), placeDir(t, keeping)
	serve := func() (*server, *client.Client) {
		s := start(t, nil, "serve", dir, "--listen", "127.0.0.1:0", "--data", data)
		return s, join(t, s.url, client.Config{})
	}
	ask := func(agent *client.Client, want any, body ...any) {
		t.Helper()
		answer, err := agent.Request(ctx, "place", body...)
		if err != nil || want != nil && answer[2] != want {
			t.Errorf("%v answered %v, %v", body, answer, err)
		}
	}
	s, agent := serve()
	ask(agent, false, "again")
	ask(agent, nil, "turn", "door", 7)
	ask(agent, nil, "put", "key", "value")
	ask(agent, nil, "change_acl", "add", []any{[]any{"deny", `["never"]`}, []any{"deny", `["ever"]`}}, "remove", []any{})
	ask(agent, nil, "change_acl", "add", []any{}, "remove", []any{"rule2"})
	s.stop(t, syscall.SIGTERM)
	s, agent = serve()
	ask(agent, true, "again")
	ask(agent, 7.0, "dial", "door")
	ask(agent, "value", "get", "key")
	answer, err := agent.Request(ctx, "place", "change_acl", "add", []any{[]any{"deny", `["never"]`}}, "remove", []any{"rule1"})
	if err != nil || fmt.Sprint(answer[2]) != "[rule3]" {
		t.Errorf("change_acl answered %v, %v", answer, err)
	}
	if second := run(t, nil, "serve", "--listen", "127.0.0.1:0", "--data", data); second.code != 1 ||
		strings.Count(second.stderr, "\n") != 1 || !strings.Contains(second.stderr, data+" is in use") {
		t.Errorf("a second place: %+v", second)
	}
	if got := run(t, nil, "export", data); got.code != 1 || !strings.Contains(got.stderr, data+" is in use") {
		t.Errorf("export of a place that runs: %+v", got)
	}
	s.stop(t, syscall.SIGTERM)

	first := run(t, nil, "export", data)
	if first.code != 0 || !strings.Contains(first.stdout, `"store": {`) || !strings.Contains(first.stdout, `"scene": {`) {
		t.Fatalf("export: %+v", first)
	}
	copied := filepath.Join(t.TempDir(), "copy")
	in := func(dir, text string) error {
		cmd := command(t, nil, "import", dir)
		cmd.Stdin = strings.NewReader(text)
		out, err := cmd.CombinedOutput()
		if err != nil {
			err = errors.New(string(out))
		}
		return err
	}
	if err := in(copied, first.stdout); err != nil {
		t.Fatal(err)
	}
	if again := run(t, nil, "export", copied); again.stdout != first.stdout {
		t.Errorf("exported again it is\n%s\nwant\n%s", again.stdout, first.stdout)
	}
	for text, says := range map[string]string{
		first.stdout:                   "is not empty",
		"":                             "not an export",
		"[]":                           "not an export",
		`{"loci": 2, "records": {}}`:   "version 2",
		`{"loci": 1, "records": {}} 1`: "there is data after it",
		`{"loci": 1, "records": {"thing": {"a": 1}}}`:                                                   `thing "a"`,
		`{"loci": 1, "records": {"loci": {"sum": 1}}}`:                                                  "bad kind",
		`{"loci": 1, "records": {"entity": {"a": {"components": {"transform": {"matrix": [1]}}}}}}`:     `entity "a"`,
		`{"loci": 1, "records": {"rule": {"rule1": {"number": 1, "verdict": "deny", "pattern": "["}}}}`: "rule1",
		`{"loci": 1, "records": {"rule": {"rule1": {"number": 2, "verdict": "deny", "pattern": "_"}}}}`: "its number is 2",
		`{"loci": 1, "records": {"place": {"rules": {"given": "many"}}}}`:                               `place "rules"`,
		`{"loci": 1, "records": {"scene": {"door": {"depth": 1}}}}`:                                     `scene "door"`,
		`{"loci": 1, "records": {"store": {` + fmt.Sprintf("%q", strings.Repeat("k", 257)) + `: {}}}}`:  "a key has 1 to 256 bytes",
	} {
		if err := in(copied, text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("import of %.80s: %v", text, err)
		}
	}
}

// diskOf mounts a file system of its own, which takes root.
func diskOf(t *testing.T, bytes int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := mount(dir, fmt.Sprint("size=", bytes), 0); err != nil {
		t.Skip("this takes a file system that can be filled, which only root may mount: ", err)
	}
	t.Cleanup(func() { _ = unmount(dir) })
	return dir
}

func TestAPlaceOutlivesADiskThatIsFull(t *testing.T) {
	data := diskOf(t, 8<<20)
	s := start(t, nil, "serve", placeDir(t, keeping), "--listen", "127.0.0.1:0", "--data", data)
	agent := join(t, s.url, client.Config{})
	ctx := await.Context(t)
	put := func(key string, value any) error {
		_, err := agent.Request(ctx, "place", "put", key, value)
		return err
	}
	if err := put("before", 1); err != nil {
		t.Fatal(err)
	}
	filler := filepath.Join(data, "filler")
	_ = os.WriteFile(filler, make([]byte, 64<<20), 0o600) // as far as it goes
	big := strings.Repeat("x", 200_000)                   // more than there is room for in what is there
	for i := range 5 {
		if err := put(fmt.Sprint("meanwhile", i), big); i == 4 && (err == nil || !strings.Contains(err.Error(), "no space left")) {
			t.Fatalf("put answered %v", err)
		}
	}
	add := []any{[]any{"deny", `["never"]`}}
	if _, err := agent.Request(ctx, "place", "change_acl", "add", add, "remove", []any{}); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("change_acl answered %v", err)
	}
	if answer, err := agent.Request(ctx, "place", "list_acl"); err != nil || strings.Contains(fmt.Sprint(answer...), "rule1") {
		t.Errorf("the rules are %v, %v", answer, err)
	}
	if n := strings.Count(s.log.String(), "cannot write records"); n != 1 {
		t.Errorf("the log says %d times that it cannot write records:\n%s", n, s.log.String())
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	s.log.await(t, "are written again")
	if err := put("after", 1); err != nil {
		t.Error(err)
	}
	s.signal(t, syscall.SIGKILL)
	s.wait(t)
	got := run(t, nil, "export", data)
	for _, key := range []string{"before", "meanwhile0", "meanwhile4", "after"} {
		if !strings.Contains(got.stdout, `"`+key+`"`) {
			t.Errorf("%s is lost: %s", key, got.stderr)
		}
	}
}

func TestAReadOnlyDirectoryIsServedFrom(t *testing.T) {
	disk := diskOf(t, 8<<20)
	data, dir := filepath.Join(disk, "data"), placeDir(t, keeping)
	ctx := await.Context(t)
	s := start(t, nil, "serve", dir, "--listen", "127.0.0.1:0", "--data", data)
	if _, err := join(t, s.url, client.Config{}).Request(ctx, "place", "turn", "door", 7); err != nil {
		t.Fatal(err)
	}
	s.stop(t, syscall.SIGTERM)
	if err := remountReadOnly(disk, true); err != nil {
		t.Fatal(err)
	}
	s = start(t, nil, "serve", dir, "--listen", "127.0.0.1:0", "--data", data)
	agent := join(t, s.url, client.Config{})
	if answer, err := agent.Request(ctx, "place", "dial", "door"); err != nil || answer[2] != 7.0 {
		t.Errorf("the door says %v, %v", answer, err)
	}
	if _, err := agent.Request(ctx, "place", "turn", "door", 8); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("turn answered %v", err)
	}
	if err := remountReadOnly(disk, false); err != nil {
		t.Fatal(err)
	}
	s.log.await(t, "are written again")
	if _, err := agent.Request(ctx, "place", "turn", "door", 9); err != nil {
		t.Error(err)
	}
	s.stop(t, syscall.SIGTERM)
	if got := run(t, nil, "export", data); !slices.Contains(strings.Fields(got.stdout), `"n":`) || !strings.Contains(got.stdout, `"n": 9`) {
		t.Errorf("exported is %s%s", got.stdout, got.stderr)
	}
}
