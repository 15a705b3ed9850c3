package watch

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"

	"github.com/fsnotify/fsnotify"
)

// watches are the directories the system tells us about. All its methods are for
// one goroutine.
type watches struct {
	system  *fsnotify.Watcher
	held    map[string]fs.FileInfo // physical directory → which one it was when the watch was set
	log     *slog.Logger
	trouble chan error    // what went wrong since it was last asked
	drained chan struct{} // closed when nobody sends trouble any more
	refused bool          // the log has been told that a watch was refused
}

func openWatches(log *slog.Logger) (*watches, error) {
	system, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	w := &watches{
		system:  system,
		held:    make(map[string]fs.FileInfo),
		log:     log,
		trouble: make(chan error, 1),
		drained: make(chan struct{}),
	}
	go w.drain()
	return w, nil
}

// drain takes errors as they come. It is a goroutine of its own since fsnotify may
// report one while it holds the lock that Add wants: one who adds must not be the
// one who has to take it. Whatever went wrong, one look at everything mends it, so
// one error is enough to keep.
func (w *watches) drain() {
	defer close(w.drained)
	for err := range w.system.Errors {
		select {
		case w.trouble <- err:
		default:
		}
	}
}

func (w *watches) close() {
	w.system.Close() // fails only for the descriptor's sake, and then it is gone too
	<-w.drained
}

// dropStale forgets the directories that were moved, removed or replaced. It comes
// before a walk: a directory that was moved still has its watch under the old
// name, and taking that away afterwards would take it from the new name as well.
func (w *watches) dropStale() {
	for dir, info := range w.held {
		now, err := os.Lstat(dir)
		if err != nil || !os.SameFile(now, info) {
			w.drop(dir)
		}
	}
}

// add watches a directory. It is for those already held too: of a directory made
// again with the old one's number, only the system knows that the watch is gone.
func (w *watches) add(dir string) {
	info, err := os.Lstat(dir)
	if err == nil {
		err = w.system.Add(dir)
	}
	switch {
	case err == nil:
		w.held[dir] = info
	case !errors.Is(err, fs.ErrNotExist) && !w.refused:
		w.refused = true
		w.log.Warn("a directory cannot be watched; changes in it are found by polling", "directory", dir, "error", err)
	}
}

// keep drops all directories but these.
func (w *watches) keep(wanted map[string]bool) {
	for dir := range w.held {
		if !wanted[dir] {
			w.drop(dir)
		}
	}
}

func (w *watches) drop(dir string) {
	// It fails for a directory that is gone, whose watch went with it.
	_ = w.system.Remove(dir)
	delete(w.held, dir)
}
