package scripts_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/direct"
	"github.com/loci-place/loci/scripts"
)

// counting are options of a place of a script that counts how often it was opened.
func counting(t *testing.T) scripts.Options {
	t.Helper()
	dir := t.TempDir()
	save(t, dir, `place.on("open", function() place.store.set("times", (place.store.get("times") or 0) + 1) end)`)
	return scripts.Options{Dir: dir, Data: filepath.Join(t.TempDir(), "data"), Logger: slog.New(slog.DiscardHandler), Listen: "127.0.0.1:0"}
}

func save(t *testing.T, dir, source string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "place.lua"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
}

// served opens a place, and serves it until its scripts have opened.
func served(t *testing.T, o scripts.Options) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	o.Place.Opened = func(*engine.Place) { stop() }
	place, err := scripts.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := place.Serve(ctx); err != nil {
		t.Fatal(err)
	}
	if err := place.Close(); err != nil {
		t.Error("closed again:", err)
	}
}

func TestOpenKeepsWhatScriptsStore(t *testing.T) {
	o := counting(t)
	served(t, o)
	served(t, o)
	storage := &scripts.MemoryStore{}
	o.Scripts.Store = storage
	served(t, o)
	if times, _ := storage.Get("times"); times != 1.0 {
		t.Errorf("a store of the host's has %v", times)
	}
	o.Scripts.Store = nil
	var times any
	o.Scripts.Modules = map[string]scripts.Module{"host": {"seen": func(_ *engine.Turn, args []any) ([]any, error) {
		times = args[0]
		return nil, nil
	}}}
	save(t, o.Dir, `place.on("open", function() require("host").seen(place.store.get("times")) end)`)
	served(t, o)
	if times != 2.0 {
		t.Errorf("opened %v times, want 2", times)
	}
}

func TestOpenThatFailsLeavesNothingOpen(t *testing.T) {
	o := counting(t)
	first, err := scripts.Open(scripts.Options{Listen: o.Listen, Logger: o.Logger})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	at, err := url.Parse(first.URL())
	if err != nil {
		t.Fatal(err)
	}
	taken := o
	taken.Listen = at.Host
	if _, err := scripts.Open(taken); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a port that is taken: %v", err)
	}
	broken := o
	broken.Dir = t.TempDir()
	save(t, broken.Dir, "place.name = ")
	if _, err := scripts.Open(broken); err == nil || !strings.Contains(err.Error(), "place.lua:1") {
		t.Errorf("scripts that do not load: %v", err)
	}
	slow := o
	slow.Place.Rate = -1
	if _, err := scripts.Open(slow); err == nil {
		t.Error("a place is open at -1 Hz")
	}
	served(t, o) // nobody has its data
}

func TestOpenRefusesWhatItSets(t *testing.T) {
	rt, err := scripts.New(scripts.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]scripts.Options{
		"Behaviour is set":     {Place: engine.Config{Behaviour: rt}},
		"Store or a Key":       {Data: t.TempDir(), Place: engine.Config{Key: make([]byte, 64)}},
		"no such file or dire": {Dir: filepath.Join(t.TempDir(), "none"), Place: engine.Config{Transports: []netcode.Transport{direct.New()}}},
	} {
		if _, err := scripts.Open(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// Five lines put a scripted place into a program.
func ExampleOpen() {
	ctx, stop := context.WithCancel(context.Background())
	opened := func(place *engine.Place) {
		_ = place.Do(func(t *engine.Turn) error {
			fmt.Println(t.Name())
			return nil
		})
		stop()
	}
	place, err := scripts.Open(scripts.Options{
		Dir: "starter", Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler), Place: engine.Config{Opened: opened},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(place.Serve(ctx))
	// Output:
	// My place
	// <nil>
}
