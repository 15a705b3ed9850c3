package watch

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
)

// call is one callback.
type call struct {
	snapshot *Snapshot
	files    []string
	at       time.Time
}

// A rig is a directory being watched. It does not poll unless it is told to, so
// that what a test sees has come by events.
type rig struct {
	testing.TB
	dir   string
	calls chan call
}

// watched watches the directory as it is now.
func watched(t testing.TB, dir string, config Config) *rig {
	t.Helper()
	if config.Poll == 0 {
		config.Poll = -1
	}
	since, err := Read(dir, config.Patterns...)
	if err != nil {
		t.Fatal(err)
	}
	config.Since = since
	watcher, err := New(dir, config)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{TB: t, dir: dir, calls: make(chan call, 1000)}
	r.run(watcher)
	return r
}

func (r *rig) run(watcher *Watcher) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- watcher.Run(ctx, func(s *Snapshot, files []string) {
			r.calls <- call{snapshot: s, files: files, at: time.Now()}
		})
	}()
	r.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			r.Errorf("Run: %v", err)
		}
	})
}

func (r *rig) next() call {
	r.Helper()
	return await.Next(r.TB, r.calls, "a callback")
}

// tells takes callbacks until they have told of the files and show what is there
// now. They may be several, but must tell of nothing else.
func (r *rig) tells(files ...string) {
	r.Helper()
	slices.Sort(files)
	var told []string
	for {
		c := r.next()
		told = append(told, c.files...)
		slices.Sort(told)
		told = slices.Compact(told)
		for _, file := range told {
			if !slices.Contains(files, file) {
				r.Fatalf("told of %q, want only %q", told, files)
			}
		}
		now, err := Read(r.dir)
		if err == nil && slices.Equal(told, files) && len(now.Changes(c.snapshot)) == 0 {
			return
		}
	}
}

// settled makes a change and waits for it to be told, so that watches are set and
// nothing is under way; had anything else been a change, it would be told with it.
func (r *rig) settled() {
	r.Helper()
	r.write("lib/settled.lua", time.Now().String())
	r.tells("lib/settled.lua")
}

func (r *rig) path(name string) string { return filepath.Join(r.dir, filepath.FromSlash(name)) }

func (r *rig) write(name, source string) {
	r.Helper()
	write(r, r.dir, name, source)
}

func (r *rig) rename(from, to string) {
	r.Helper()
	ok(r, os.Rename(r.path(from), r.path(to)))
}

// place makes a directory with a few sources.
func place(t testing.TB, dir string) string {
	t.Helper()
	for _, name := range []string{"place.lua", "acl.lua", "components/door.lua", "components/lamp.lua", "lib/a.lua", "lib/deep/b.lua"} {
		write(t, dir, name, "-- "+name)
	}
	return dir
}

func write(t testing.TB, dir, name, source string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	ok(t, os.MkdirAll(filepath.Dir(path), 0o777))
	ok(t, os.WriteFile(path, []byte(source), 0o666))
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
