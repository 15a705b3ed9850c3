package scripts

import (
	"context"
	"errors"
	"fmt"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts/watch"
)

// watch begins to watch the place's directory, if it has one, and the assets in it.
func (r *Runtime) watch() error {
	if !r.config.watches() {
		return nil
	}
	snapshot, _ := r.gen.sources.(*watch.Snapshot)
	config := r.config.Watch
	config.Since, config.Log = snapshot, r.log
	w, err := watch.New(r.config.Dir, config)
	if err != nil {
		return fmt.Errorf("scripts: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	place := r.turn.Place()
	r.watching.Go(func() {
		err := w.Run(ctx, func(s *watch.Snapshot, files []string) {
			err := s.Err()
			if err == nil {
				err = r.reload(place, s, files)
			}
			r.finishReload(place, err, files)
		})
		if err != nil {
			r.log.Error("scripts are not watched any more", "directory", r.config.Dir, "error", err)
		}
	})
	return r.watchAssets(ctx, place)
}

// finishReload counts a reload after files were saved, and reports it if it failed.
func (r *Runtime) finishReload(place *engine.Place, err error, files []string) {
	r.reloaded(err)
	if err != nil && !errors.Is(err, engine.ErrClosed) {
		r.reloadFailed(place, err, files)
	}
}

// Reload loads the scripts again from what the configuration names, as a change of a
// watched file does. On an error those that run go on.
func (r *Runtime) Reload(place *engine.Place) error {
	err := r.reloadFiles(place, nil)
	r.reloaded(err)
	return err
}

// reloadFiles reads the sources again and reloads them, because of these files.
func (r *Runtime) reloadFiles(place *engine.Place, files []string) error {
	sources, err := r.sources()
	if err != nil {
		return err
	}
	return r.reload(place, sources, files)
}

// reload loads sources beside the running place, and puts them in force between two
// heartbeats. Nil are those that run.
func (r *Runtime) reload(place *engine.Place, sources Sources, files []string) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	changed := sources != nil
	var number int
	var kept map[any]any
	var changes sourceChanges
	err := place.Do(func(*engine.Turn) error {
		if r.gen == nil {
			return errors.New("scripts: the place is not open yet")
		}
		if sources == nil {
			sources = r.gen.sources
		}
		changes = compareSources(r.gen.sources, sources)
		number, kept = r.gen.n+1, r.gen.State.Keep()
		return changes.missing()
	})
	if err != nil {
		return err
	}
	g, err := r.load(number, sources, kept)
	if err != nil {
		return err
	}
	g.Assets.Serve(place)
	return place.Do(func(*engine.Turn) error {
		if err := r.declared.Preflight(r.turn, g.Scene); err != nil {
			g.close(nil)
			return err
		}
		r.sched.Drain()
		orphans := r.orphans(r.gen, g)
		r.enter(g)
		r.sched.Growth.Forget(changed)
		list := make([]any, len(files))
		for i, file := range files {
			list[i] = file
		}
		g.Events.Happened("reload", float64(g.n), list)
		r.logReload(g, changes, orphans)
		return nil
	})
}

// reloadFailed says in one message what is wrong, in the log and to the one who has
// subscribed to ["loci", "reload_failed", …].
func (r *Runtime) reloadFailed(place *engine.Place, why error, files []string) {
	r.log.Error("scripts not reloaded, the old ones run on", "error", why, "files", files)
	_ = place.Do(func(t *engine.Turn) error {
		return t.Publish(engine.PlaceID, "loci", "reload_failed", failure(why, r.gen.n))
	})
}

// failure says what is wrong as plain data.
func failure(why error, generation int) map[string]any {
	told := map[string]any{"error": why.Error(), "generation": float64(generation)}
	if file, line := spotOf(why); file != "" {
		told["file"], told["line"] = file, float64(line)
	}
	return told
}
