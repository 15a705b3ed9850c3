package main

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode/client"
)

// TestPlaceSurvivesAScriptThatHoardsMemory returns the process 256 MiB, of which
// the scripts may take a quarter, and one function would take 50 a second: little at a time, so
// that it is not cut off for that.
func TestPlaceSurvivesAScriptThatHoardsMemory(t *testing.T) {
	s := start(t, nil, "serve", "--listen", "127.0.0.1:0", "--memory", fmt.Sprint(256<<20), placeDir(t, map[string]string{
		"place.lua": `local hoard = {}
place.every(0.01, function() hoard[#hoard + 1] = ("x"):rep(2^19) end)
place.handle("kept", function() return #hoard end)`,
	}))
	ctx := await.Context(t)
	agent := join(t, s.url, client.Config{})
	ask := func() float64 {
		t.Helper()
		answer, err := agent.Request(ctx, "place", "kept")
		if err != nil {
			t.Fatal(err)
		}
		return answer[1].(float64)
	}
	if ask() < 0 {
		t.Error("kept less than nothing")
	}
	s.log.await(t, "more than the 64 that scripts may let it grow to")
	s.log.await(t, `it takes ever more memory" function=place.lua:2`)
	s.log.await(t, "generation=3")
	if kept := ask(); kept != 0 {
		t.Errorf("%v strings are kept again", kept)
	}
	s.stop(t, syscall.SIGTERM)
}
