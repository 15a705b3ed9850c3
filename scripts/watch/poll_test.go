package watch

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestPollAloneFindsEveryChange(t *testing.T) {
	// Long before the clock of synctest begins, so that names, sizes and times alone
	// have to show a change.
	before := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		change func(dir string) error
		files  []string
	}{
		"nothing": {func(string) error { return nil }, nil},
		"a touch": {func(dir string) error {
			return os.Chtimes(filepath.Join(dir, "acl.lua"), before, before.Add(time.Hour))
		}, nil},
		"another content": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "acl.lua"), []byte("new and longer"), 0)
		}, []string{"acl.lua"}},
		"another file of the same size and time": {func(dir string) error {
			next := filepath.Join(dir, "next")
			return errors.Join(os.WriteFile(next, []byte("-- ACL.lua"), 0o666),
				os.Chtimes(next, before, before), os.Rename(next, filepath.Join(dir, "acl.lua")))
		}, []string{"acl.lua"}},
		"a removal": {func(dir string) error { return os.RemoveAll(filepath.Join(dir, "components")) },
			[]string{"components/door.lua", "components/lamp.lua"}},
		"a rename": {func(dir string) error {
			return os.Rename(filepath.Join(dir, "lib/deep"), filepath.Join(dir, "lib/deeper"))
		}, []string{"lib/deep/b.lua", "lib/deeper/b.lua"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := place(t, t.TempDir())
			since, err := Read(dir)
			ok(t, err)
			for _, path := range since.Paths() {
				ok(t, os.Chtimes(filepath.Join(dir, path), before, before))
			}
			synctest.Test(t, func(t *testing.T) {
				watcher, err := New(dir, Config{PollOnly: true, Since: since})
				ok(t, err)
				ctx, cancel := context.WithCancel(context.Background())
				var told []string
				go watcher.Run(ctx, func(_ *Snapshot, files []string) { told = append(told, files...) })
				time.Sleep(time.Second)
				ok(t, test.change(dir))
				time.Sleep(defaultPoll)
				cancel()
				synctest.Wait()
				if !slices.Equal(told, test.files) {
					t.Errorf("told of %q, want %q", told, test.files)
				}
			})
		})
	}
}

func TestSettledFilesAreNotReadByThePoll(t *testing.T) {
	dir := place(t, t.TempDir())
	first, root, err := walk(dir, mustParse(t), func(string) {})
	ok(t, err)
	defer root.Close()
	first.began = first.began.Add(time.Hour)
	second, again, err := walk(dir, mustParse(t), func(string) {})
	ok(t, err)
	defer again.Close()
	if !second.unchanged(first) {
		t.Error("files that were old when they were read, and are as they were, count as changed")
	}
	first.began = first.began.Add(-time.Hour)
	if second.unchanged(first) {
		t.Error("files read within a clock's step of being written count as unchanged")
	}
}

func TestPollFindsWhatNoEventTells(t *testing.T) {
	top := t.TempDir()
	r := watched(t, place(t, filepath.Join(top, "a/b/c/lobby")), Config{Poll: 20 * time.Millisecond})
	r.settled()
	settled, err := os.ReadFile(r.path("lib/settled.lua"))
	ok(t, err)
	other := place(t, filepath.Join(top, "other/b/c/lobby"))
	write(t, other, "lib/settled.lua", string(settled))
	write(t, other, "acl.lua", "new")
	ok(t, os.Rename(filepath.Join(top, "a"), filepath.Join(top, "old")))
	ok(t, os.Rename(filepath.Join(top, "other"), filepath.Join(top, "a")))
	r.tells("acl.lua")
	r.settled()
}

func TestWithoutEventsThePollTakesOver(t *testing.T) {
	dir := place(t, t.TempDir())
	since, err := Read(dir)
	ok(t, err)
	var log bytes.Buffer
	watcher, err := New(dir, Config{Poll: 10 * time.Millisecond, Since: since, Log: slog.New(slog.NewTextHandler(&log, nil))})
	ok(t, err)
	watcher.open = func(*slog.Logger) (*watches, error) { return nil, errors.New("too many open files") }
	r := &rig{TB: t, dir: dir, calls: make(chan call, 100)}
	r.run(watcher)
	r.write("place.lua", "new")
	r.tells("place.lua")
	if !bytes.Contains(log.Bytes(), []byte("found by polling")) {
		t.Errorf("log: %s", log.String())
	}
}

func TestMissingDirectoryIsLoggedOnceEachWay(t *testing.T) {
	dir := place(t, filepath.Join(t.TempDir(), "lobby"))
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		watcher, err := New(dir, Config{PollOnly: true, Log: slog.New(slog.NewTextHandler(&log, nil))})
		ok(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		var told []string
		go watcher.Run(ctx, func(_ *Snapshot, files []string) { told = append(told, files...) })
		synctest.Wait()
		ok(t, os.Rename(dir, dir+".away"))
		write(t, dir+".away", "acl.lua", "new")
		time.Sleep(5 * defaultPoll)
		ok(t, os.Rename(dir+".away", dir))
		time.Sleep(5 * defaultPoll)
		cancel()
		synctest.Wait()
		if !slices.Equal(told, []string{"acl.lua"}) {
			t.Errorf("told of %q", told)
		}
		gone, back := bytes.Count(log.Bytes(), []byte("cannot be read")), bytes.Count(log.Bytes(), []byte("is back"))
		if gone != 1 || back != 1 {
			t.Errorf("log: %s", log.String())
		}
	})
}
