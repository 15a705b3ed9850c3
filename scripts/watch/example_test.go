package watch_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/loci-place/loci/scripts/watch"
)

// Read once, run that, and go on from there: nothing saved in between is missed.
func ExampleWatcher() {
	dir, err := os.MkdirTemp("", "lobby")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	place := filepath.Join(dir, "place.lua")
	if err := os.WriteFile(place, []byte(`place.name = "Lobby"`), 0o666); err != nil {
		log.Fatal(err)
	}

	running, err := watch.Read(dir)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(running.Paths())

	watcher, err := watch.New(dir, watch.Config{Since: running})
	if err != nil {
		log.Fatal(err)
	}
	if err := os.Rename(place, filepath.Join(dir, "acl.lua")); err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	err = watcher.Run(ctx, func(s *watch.Snapshot, files []string) {
		fmt.Println("changed:", files, "problems:", s.Err())
		cancel()
	})
	fmt.Println(err)
	// Output:
	// [place.lua]
	// changed: [acl.lua place.lua] problems: <nil>
	// <nil>
}
