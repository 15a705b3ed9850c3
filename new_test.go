package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode/client"
)

func TestANewPlaceIsRightAndRuns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "attic")
	for _, args := range [][]string{{"new", dir}, {"check", dir}, {"test", dir}} {
		if got := run(t, nil, args...); got.code != 0 || got.stderr != "" {
			t.Fatalf("loci %s: exit code %d\n%s%s", args[0], got.code, got.stdout, got.stderr)
		}
	}
	s := start(t, nil, "serve", dir, "--listen", "127.0.0.1:0")
	agent := join(t, s.url, client.Config{Identity: map[string]any{"display_name": "ann"}})
	ctx := await.Context(t)
	answer, err := agent.Request(ctx, "door", "poke", true)
	if err != nil || len(answer) != 2 || answer[1] != "ok" {
		t.Errorf("the door answers %v, %v", answer, err)
	}
	if got := s.stop(t, syscall.SIGTERM); got.code != 0 || strings.Contains(got.stderr, "level=ERROR") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
}

func TestNewLeavesADirectoryThatIsNotEmpty(t *testing.T) {
	dir := placeDir(t, map[string]string{"mine.txt": "mine"})
	got := run(t, nil, "new", dir)
	if got.code != 1 || !strings.Contains(got.stderr, "is not empty") || strings.Count(got.stderr, "\n") != 1 {
		t.Errorf("exit code %d, stderr %q", got.code, got.stderr)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("there are %v, %v", entries, err)
	}
}

func TestEditorFilesAreRenewedButForTheSettings(t *testing.T) {
	dir := placeDir(t, map[string]string{"place.lua": "mine", ".luarc.json": "mine", ".loci/loci.lua": "old"})
	got := run(t, nil, "new", "--editor", dir)
	if got.code != 0 || !strings.Contains(got.stdout, filepath.Join(".loci", "loci", "vec.lua")) {
		t.Errorf("exit code %d, stdout %q, stderr %q", got.code, got.stdout, got.stderr)
	}
	for name, mine := range map[string]bool{"place.lua": true, ".luarc.json": true, ".loci/loci.lua": false} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || (string(text) == "mine") != mine {
			t.Errorf("%s is %q, %v", name, text, err)
		}
	}
}

func TestCheckPrintsFindingsAndExitsWith1(t *testing.T) {
	dir := placeDir(t, map[string]string{"place.lua": "place.name = 'x'\nplace.on('open', function() place.spwan{} end)", "lib/a.lua": "x = 1"})
	got := run(t, nil, "check", dir)
	want := "lib/a.lua:1: x is a global: write local x, or keep it in place.state\nplace.lua:2: place has no spwan: did you mean spawn?\n"
	if got.code != 1 || got.stdout != want || got.stderr != "" {
		t.Errorf("exit code %d, stdout\n%sstderr\n%s", got.code, got.stdout, got.stderr)
	}
}

func TestStandInsReplaceModulesOfOtherPrograms(t *testing.T) {
	const place = "examples/embed-scripts/place"
	for command, want := range map[string]string{"check": "ok: 5 files", "test": "ok: 5 tests"} {
		if got := run(t, nil, command, place); got.code != 0 || !strings.Contains(got.stdout, want) {
			t.Errorf("%s: exit code %d\n%s%s", command, got.code, got.stdout, got.stderr)
		}
	}
}

func TestTestExitsWith1WhereOneFails(t *testing.T) {
	dir := placeDir(t, map[string]string{"tests/a_test.lua": "local t = require 'loci.test'\nt.it('fails', function() t.fail() end) t.it('passes', function() end)"})
	if got := run(t, nil, "test", dir); got.code != 1 || !strings.Contains(got.stdout, "FAIL: 1 of 2 tests failed") {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	if got := run(t, nil, "test", dir, "--run", "^pass"); got.code != 0 || !strings.Contains(got.stdout, "ok: 1 test in 1 file") {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
}

func TestEmptyDirectoryIsServedButFailsCheck(t *testing.T) {
	dir := t.TempDir()
	if got := run(t, nil, "check", dir); got.code != 1 || !strings.Contains(got.stderr, "there are no scripts in "+dir) {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	s := start(t, nil, "serve", dir, "--listen", "127.0.0.1:0")
	s.log.await(t, "there are no scripts yet")
	if got := s.stop(t, syscall.SIGTERM); got.code != 0 {
		t.Errorf("exit code %d", got.code)
	}
}
