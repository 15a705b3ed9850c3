package watch

import (
	"context"
	"errors"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// A run is one call of Run. Everything in it belongs to that goroutine.
type run struct {
	*Watcher
	changed  func(*Snapshot, []string)
	watches  *watches // nil: there are no events, only the poll
	debounce debounce
	timer    *time.Timer // runs out when the debounce is due

	told    *Snapshot // what was last told of
	doubted time.Time // since when a file has been empty that was not; zero: none is

	read *survey // what was last read; nil: the directory was missing
	seen *survey // the newest, by which events are judged
}

func (w *Watcher) start(changed func(*Snapshot, []string)) *run {
	r := &run{
		Watcher:  w,
		changed:  changed,
		debounce: debounce{quiet: w.config.Quiet, atMost: w.config.AtMost},
		timer:    time.NewTimer(w.config.AtMost),
		told:     w.config.Since,
	}
	r.timer.Stop()
	if w.config.PollOnly {
		return r
	}
	var err error
	if r.watches, err = w.open(w.config.Log); err != nil {
		w.config.Log.Warn("the system tells nothing about files; changes are found by polling", "error", err)
	}
	return r
}

func (r *run) stop() {
	r.timer.Stop()
	if r.watches != nil {
		r.watches.close()
	}
}

// begin sets the first watches. What is different from Since by now is told.
func (r *run) begin() error {
	if r.told != nil {
		r.look()
		return nil
	}
	snapshot, err := r.take()
	r.told = snapshot
	return err
}

func (r *run) loop(ctx context.Context) {
	poll := newTicker(r.config.Poll)
	defer poll.Stop()
	var events chan fsnotify.Event
	var trouble chan error
	if r.watches != nil {
		events, trouble = r.watches.system.Events, r.watches.trouble
	}
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-events:
			if r.concerns(event) {
				r.hit()
			}
		case err := <-trouble:
			if errors.Is(err, fsnotify.ErrEventOverflow) {
				r.config.Log.Warn("the system dropped events about files; looking at all of them")
			}
			r.hit()
		case <-poll.C:
			if !r.debounce.pending() && r.differs() {
				r.hit()
			}
		case <-r.timer.C:
			r.debounce.done()
			r.look()
		}
	}
}

// newTicker is a ticker that never ticks if the period is negative.
func newTicker(period time.Duration) *time.Ticker {
	if period > 0 {
		return time.NewTicker(period)
	}
	ticker := time.NewTicker(time.Hour)
	ticker.Stop()
	return ticker
}

func (r *run) hit() { r.timer.Reset(r.debounce.hit(time.Now())) }

// concerns says whether an event can mean a change of the sources.
func (r *run) concerns(event fsnotify.Event) bool {
	if event.Op&^fsnotify.Chmod == 0 {
		return false
	}
	if _, watched := r.watches.held[event.Name]; watched || r.seen.spots[event.Name] {
		return true
	}
	name := filepath.Base(event.Name)
	if ignored(name) {
		return false
	}
	return slices.ContainsFunc(r.seen.folders[filepath.Dir(event.Name)], func(folder string) bool {
		return r.patterns.counts(path.Join(folder, name))
	})
}

// look takes a snapshot and tells it if it is a different one.
func (r *run) look() {
	missing := r.read == nil && r.seen != nil
	snapshot, err := r.take()
	if err != nil {
		if !missing {
			r.config.Log.Warn("the place's directory cannot be read; waiting for it", "directory", r.dir, "error", err)
		}
		return
	}
	if missing {
		r.config.Log.Warn("the place's directory is back", "directory", r.dir)
	}
	files := snapshot.Changes(r.told)
	if r.doubtful(snapshot, files) {
		r.timer.Reset(r.debounce.hit(time.Now()))
		return
	}
	r.told = snapshot
	if len(files) > 0 {
		r.changed(snapshot, files)
	}
}

// doubtful says that a file has just become empty, which most often is a save under
// way: it is believed when it has been so for as long as changes wait at most.
func (r *run) doubtful(snapshot *Snapshot, files []string) bool {
	emptied := slices.ContainsFunc(files, func(file string) bool {
		now, there := snapshot.Source(file)
		before, _ := r.told.Source(file)
		return there && now == "" && before != ""
	})
	if !emptied {
		r.doubted = time.Time{}
		return false
	}
	if r.doubted.IsZero() {
		r.doubted = time.Now()
	}
	return time.Since(r.doubted) < r.config.AtMost
}

// take takes a snapshot, and brings the watches up to date.
func (r *run) take() (*Snapshot, error) {
	with := reader(readFile)
	if r.config.Marks {
		with = mark
	}
	snapshot, survey, err := take(r.dir, r.patterns, with, r.beginWatches())
	r.endWatches(survey)
	r.read = survey
	if err != nil {
		r.read = nil
	}
	return snapshot, err
}

// differs says whether files are not, by name, size and time, as they were read;
// it brings the watches up to date as well.
func (r *run) differs() bool {
	survey, root, err := walk(r.dir, r.patterns, r.beginWatches())
	r.endWatches(survey)
	if err != nil {
		return r.read != nil
	}
	defer root.Close()
	return r.read == nil || !survey.unchanged(r.read)
}

// beginWatches prepares for a walk and gives what is to be told of directories.
func (r *run) beginWatches() func(dir string) {
	if r.watches == nil {
		return func(string) {}
	}
	r.watches.dropStale()
	return r.watches.add
}

func (r *run) endWatches(survey *survey) {
	r.seen = survey
	if r.watches != nil {
		r.watches.keep(survey.watched)
	}
}
