package luatest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/loci-place/loci/internal/await"
)

// place makes a directory of files by their paths.
func place(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		save(t, dir, name, text)
	}
	return dir
}

func save(t testing.TB, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const header = "local t = require 'loci.test'\n"

// reported runs tests and gives the report, without what time it took.
func reported(t *testing.T, config Config) (string, Result) {
	t.Helper()
	var out bytes.Buffer
	config.Out = &out
	result, err := Run(config)
	if err != nil {
		t.Fatal(err)
	}
	return timing.ReplaceAllString(out.String(), ""), result
}

var timing = regexp.MustCompile(`  [0-9.]+(µs|ms|s)\b`)

func TestReportNamesWhatFailed(t *testing.T) {
	dir := place(t, map[string]string{
		"tests/a_test.lua": header + `t.it("adds", function() t.equal(2, 1 + 1) end)`,
		"tests/b_test.lua": header + `t.describe("sums", function()
			t.it("add up", function() t.equal(3, 1 + 1) end)
			t.it("do not", function() end)
		end)`,
		"tests/c_test.lua":      "\nt.it(",
		"tests/helpers.lua":     "no test, and no Lua either",
		"tests/deep/d_test.lua": "neither is this",
	})
	got, result := reported(t, Config{Dir: dir})
	want := `ok    tests/a_test.lua             1 test
FAIL  tests/b_test.lua             1 of 2 tests failed
  FAIL  sums: add up
      tests/b_test.lua:3: not equal
        expected: 3
        got:      2
FAIL  tests/c_test.lua
      tests/c_test.lua:2: unexpected symbol at the end of the file
FAIL: 1 of 3 tests failed, and 1 file cannot be run
`
	if got != want || result.OK() {
		t.Errorf("reported\n%s\nwant\n%s", got, want)
	}
}

func TestOnlyMatchingTestsRun(t *testing.T) {
	dir := place(t, map[string]string{
		"place.lua":        `place.on("join", function(agent) print("hello") end)`,
		"tests/a_test.lua": header + `t.it("fails", function() t.fail() end)`,
		"tests/b_test.lua": header + `t.it("joins", function(place) place:join() end) t.it("fails", function() t.fail() end)`,
	})
	got, result := reported(t, Config{Dir: dir, Match: regexp.MustCompile("^join"), Verbose: true})
	if !strings.Contains(got, "  ok    joins\n") || !strings.Contains(got, "log: info hello\n") || strings.Contains(got, "fails") {
		t.Error(got)
	}
	if !strings.HasSuffix(got, "ok: 1 test in 1 file\n") || !result.OK() {
		t.Error(got)
	}
	if got, result = reported(t, Config{Dir: dir, Match: regexp.MustCompile("nothing")}); !strings.Contains(got, "no test is called like") || !result.OK() {
		t.Error(got)
	}
}

func TestAPlaceThatDoesNotLoadIsSaidOnce(t *testing.T) {
	got, result := reported(t, Config{Dir: place(t, map[string]string{
		"place.lua":        "place.nam = 1",
		"tests/a_test.lua": header + `t.it("a", function() end) t.it("b", function() end)`,
	})})
	if strings.Count(got, "place.lua:1: place.nam cannot be set") != 1 || result.OK() {
		t.Error(got)
	}
}

func TestWatchingRunsTestsAgain(t *testing.T) {
	dir := place(t, map[string]string{"tests/a_test.lua": header + `t.it("fails", function() t.fail() end)`})
	ctx, cancel := context.WithCancel(t.Context())
	out := &growing{}
	ended := make(chan error, 1)
	go func() { ended <- Watch(ctx, Config{Dir: dir, Out: out}) }()
	out.await(t, "FAIL: 1 of 1 test failed")
	save(t, dir, "tests/a_test.lua", header+`t.it("passes", function() end)`)
	out.await(t, "tests/a_test.lua saved")
	out.await(t, "ok: 1 test in 1 file")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// growing is what is written, and may be waited for.
type growing struct {
	mu   sync.Mutex
	text strings.Builder
}

func (g *growing) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.text.Write(p)
}

func (g *growing) await(t *testing.T, text string) {
	t.Helper()
	await.Until(t, fmt.Sprintf("it says %q", text), func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return strings.Contains(g.text.String(), text)
	})
}

// BenchmarkHundredTests is a place with ten components, and a hundred tests in which an
// agent joins, asks, and a second passes.
func BenchmarkHundredTests(b *testing.B) {
	files := map[string]string{"place.lua": `place.scene{ lamp = { lamp = {} } }`}
	for i := range 10 {
		files[fmt.Sprintf("components/door%d.lua", i)] = `return {
			defaults = { open = false },
			changed = function(entity, door) entity.material = { color = { 1, 0, 0, 1 } } end,
			poke = function(entity, request) entity.door0.open = not entity.door0.open return "ok" end,
		}`
	}
	var tests strings.Builder
	tests.WriteString(header)
	for i := range 100 {
		fmt.Fprintf(&tests, `t.it("opens when poked %d", function(place)
			local ann = place:join{ display_name = "ann" }
			local door = place:spawn{ door0 = {} }
			t.equal("ok", ann:request(door, { "poke", true })[2])
			place:advance(1)
			t.equal(true, door.door0.open)
		end)
		`, i)
	}
	files["tests/door_test.lua"] = tests.String()
	dir := place(b, files)
	for b.Loop() {
		var out bytes.Buffer
		if result, err := Run(Config{Dir: dir, Out: &out}); err != nil || !result.OK() || result.Tests != 100 {
			b.Fatal(err, out.String())
		}
	}
}
