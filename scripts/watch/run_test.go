package watch

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
)

func TestWhatChangedBeforeRunIsTold(t *testing.T) {
	dir := place(t, t.TempDir())
	since, err := Read(dir)
	ok(t, err)
	write(t, dir, "place.lua", "new")
	watcher, err := New(dir, Config{Since: since, Poll: -1})
	ok(t, err)
	r := &rig{TB: t, dir: dir, calls: make(chan call, 10)}
	r.run(watcher)
	r.tells("place.lua")
}

func TestWithoutSinceRunBeginsWithWhatIsThere(t *testing.T) {
	dir := place(t, t.TempDir())
	watcher, err := New(dir, Config{Poll: -1})
	ok(t, err)
	r := &rig{TB: t, dir: dir, calls: make(chan call, 10)}
	r.run(watcher)
	for i := 0; len(r.calls) == 0; i++ { // until Run has begun
		r.write("place.lua", fmt.Sprint(i))
		time.Sleep(time.Millisecond)
	}
	if c := r.next(); len(c.files) != 1 || c.files[0] != "place.lua" {
		t.Errorf("told of %q", c.files)
	}
}

func TestRunRefusesAMissingDirectoryUnlessItIsKnown(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lobby")
	watcher, err := New(dir, Config{})
	ok(t, err)
	if err := watcher.Run(t.Context(), nil); !os.IsNotExist(err) {
		t.Errorf("Run: %v", err)
	}
	since, err := Read(place(t, dir))
	ok(t, err)
	ok(t, os.RemoveAll(dir))
	watcher, err = New(dir, Config{Since: since, Poll: -1})
	ok(t, err)
	r := &rig{TB: t, dir: dir, calls: make(chan call, 100)}
	r.run(watcher)
	write(t, place(t, dir), "acl.lua", "new")
	for c := r.next(); ; c = r.next() {
		if source, _ := c.snapshot.Source("acl.lua"); source == "new" && len(c.snapshot.Paths()) == 6 {
			break
		}
	}
}

// queueLength is how many events the system keeps for a watcher that does not
// take them.
func queueLength(t *testing.T) int {
	text, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	if err != nil {
		t.Skip("cannot tell how many events overflow this system's queue")
	}
	length, err := strconv.Atoi(strings.TrimSpace(string(text)))
	ok(t, err)
	if length > 100_000 {
		t.Skipf("would take more than %d events", length)
	}
	return length
}

func TestDroppedEventsAreMadeUpFor(t *testing.T) {
	length := queueLength(t)
	dir := place(t, t.TempDir())
	since, err := Read(dir)
	ok(t, err)
	write(t, dir, "place.lua", "told as Run begins, when watches are set and no event has come")
	var log bytes.Buffer
	watcher, err := New(dir, Config{Poll: -1, Since: since, Log: slog.New(slog.NewTextHandler(&log, nil))})
	ok(t, err)
	ctx, cancel := context.WithCancel(await.Context(t))
	defer cancel()
	calls := 0
	ok(t, watcher.Run(ctx, func(s *Snapshot, files []string) {
		switch calls++; calls {
		case 1:
			// As long as this runs no event is taken: fill the queue with ones of no
			// interest, alternating since equal ones in a row are put together. There
			// are a few thousand more in fsnotify's buffer.
			for i := range length + 10_000 {
				ok(t, os.Chmod(filepath.Join(dir, []string{"acl.lua", "place.lua"}[i%2]), 0o666))
			}
			write(t, dir, "acl.lua", "unheard")
		case 2:
			if len(files) != 1 || files[0] != "acl.lua" {
				t.Errorf("told of %q", files)
			}
			cancel()
		}
	}))
	if calls != 2 || !strings.Contains(log.String(), "dropped events") {
		t.Errorf("%d callbacks; log: %s", calls, log.String())
	}
}

func TestRunLeavesNoDescriptors(t *testing.T) {
	open := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("cannot count descriptors here")
		}
		return len(entries)
	}
	dir := place(t, t.TempDir())
	once := func() {
		ctx, cancel := context.WithCancel(t.Context())
		since, err := Read(dir)
		ok(t, err)
		watcher, err := New(dir, Config{Since: since})
		ok(t, err)
		write(t, dir, "place.lua", time.Now().String())
		ok(t, watcher.Run(ctx, func(*Snapshot, []string) { cancel() }))
	}
	once()
	before := open()
	for range 50 {
		once()
	}
	if after := open(); after > before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
}
