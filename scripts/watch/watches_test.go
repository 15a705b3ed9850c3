package watch

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/fsnotify/fsnotify"

	"github.com/loci-place/loci/internal/await"
)

func TestMovedFolderIsWatchedBeforeTheSystemHasTold(t *testing.T) {
	top := t.TempDir()
	from, to := filepath.Join(top, "from"), filepath.Join(top, "to")
	ok(t, os.Mkdir(from, 0o777))
	w, err := openWatches(slog.New(slog.DiscardHandler))
	ok(t, err)
	defer w.close()
	w.add(from)
	// Nobody takes this event yet, so those of the move stay behind it, unheard.
	write(t, from, "before", "")
	ok(t, os.Rename(from, to))
	w.dropStale()
	w.add(to)
	w.keep(map[string]bool{to: true})
	write(t, to, "after", "")
	for want := filepath.Join(to, "after"); ; {
		if event := await.Next(t, w.system.Events, "an event from the moved folder"); event.Name == want {
			return
		}
	}
}

func TestWhatIsNoLongerWantedIsNotWatched(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	w, err := openWatches(slog.New(slog.DiscardHandler))
	ok(t, err)
	defer w.close()
	w.add(a)
	w.add(b)
	w.keep(map[string]bool{b: true})
	if list := w.system.WatchList(); !slices.Equal(list, []string{b}) {
		t.Errorf("watches %q", list)
	}
}

func TestOnlySomeEventsConcernThePlace(t *testing.T) {
	dir := place(t, filepath.Join(t.TempDir(), "lobby"))
	watcher, err := New(dir, Config{Poll: -1})
	ok(t, err)
	r := watcher.start(nil)
	defer r.stop()
	ok(t, r.begin())
	tests := []struct {
		name     string
		op       fsnotify.Op
		concerns bool
	}{
		{"place.lua", fsnotify.Write, true},
		{"place.lua", fsnotify.Chmod, false},
		{"place.lua", fsnotify.Chmod | fsnotify.Write, true},
		{"components/bell.lua", fsnotify.Create, true},
		{"components/bell.txt", fsnotify.Create, false},
		{"components/.bell.lua", fsnotify.Create, false},
		{"lib/deep/new", fsnotify.Create, true},
		{"lib/deep/4913", fsnotify.Create, false},
		{"components", fsnotify.Remove, true},
		{"models", fsnotify.Create, false},
		{".", fsnotify.Rename, true},
		{"..", fsnotify.Rename, true},
		{"../cellar", fsnotify.Create, false},
	}
	for _, test := range tests {
		event := fsnotify.Event{Name: filepath.Join(r.seen.root, test.name), Op: test.op}
		if got := r.concerns(event); got != test.concerns {
			t.Errorf("%s %s: %v", test.op, test.name, got)
		}
	}
}

func TestLinkSwappedWhileWatchedIsFollowedAgain(t *testing.T) {
	top := t.TempDir()
	place(t, filepath.Join(top, "1"))
	place(t, filepath.Join(top, "2"))
	link := filepath.Join(top, "current")
	ok(t, os.Symlink("1", link))
	swapped := false
	survey, root, err := walk(link, mustParse(t), func(string) {
		if !swapped {
			swapped = true
			swap(t, link, "2")
		}
	})
	ok(t, err)
	defer root.Close()
	if filepath.Base(survey.root) != "2" {
		t.Errorf("walked %s", survey.root)
	}
}
