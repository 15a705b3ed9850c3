package scripts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/assets"
	"github.com/loci-place/loci/scripts/watch"
)

// assetFolder returns the ids of a place's own files, for scripts that load before there
// is a place to ask.
type assetFolder struct {
	dir   string          // "" = there is none
	since *watch.Snapshot // of all files, before any was asked for; nil where nobody watches

	mu     sync.Mutex
	known  map[string]assetFile
	wanted map[string]bool // names that were asked for, there or not
}

// assetFile is a file as it was when it was read.
type assetFile struct {
	id      string
	size    int64
	changed time.Time
}

// AssetFolder is the folder that scripts' assets are in: [Config.AssetFolder], or assets
// in the place's directory if it is there; else "". The place needs it too, as
// Assets.Folder of its configuration.
func (r *Runtime) AssetFolder() string { return r.assets.dir }

// assetFolder finds the folder.
func (c *Config) assetFolder() *assetFolder {
	f := &assetFolder{dir: c.AssetFolder, known: map[string]assetFile{}, wanted: map[string]bool{}}
	if f.dir == "" && c.Dir != "" {
		dir := filepath.Join(c.Dir, "assets")
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			f.dir = dir
		}
	}
	if f.dir != "" && c.watches() {
		f.since, _ = watch.ReadMarks(f.dir, everyFile) // what is wrong is said by the one who watches
	}
	return f
}

// everyFile is the pattern of what is watched in the folder.
const everyFile = "**/*"

// ID implements [lib.AssetFolder]: it returns a file's id, which it reads the file for unless that has not changed.
func (f *assetFolder) ID(name string) (string, error) {
	if f.dir == "" {
		return "", errors.New("this place has no assets folder")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wanted[name] = true
	info, err := os.Stat(filepath.Join(f.dir, name))
	if k, ok := f.known[name]; ok && err == nil && k.size == info.Size() && k.changed.Equal(info.ModTime()) {
		return k.id, nil
	}
	id, err := assets.FileID(f.dir, name)
	if err == nil && info != nil {
		f.known[name] = assetFile{id, info.Size(), info.ModTime()}
	}
	return id, err
}

// There implements [lib.AssetFolder].
func (f *assetFolder) There() bool { return f.dir != "" }

// asked returns which of the files scripts have asked for.
func (f *assetFolder) asked(files []string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(files), func(name string) bool { return !f.wanted[name] })
}

// assetsQuiet is how long nothing must happen in the assets folder before a change is looked
// at, and assetsAtMost how long changes wait at most: large files take long to write.
const (
	assetsQuiet  = 50 * time.Millisecond
	assetsAtMost = time.Second
)

// watchAssets reloads the scripts when a file whose id they asked for is another: its id is
// too, and stands in the scene.
func (r *Runtime) watchAssets(ctx context.Context, place *engine.Place) error {
	if r.assets.dir == "" {
		return nil
	}
	config := r.config.Watch
	config.Patterns, config.Marks, config.Since, config.Log = []string{everyFile}, true, r.assets.since, r.log
	config.Quiet, config.AtMost = cmp.Or(config.Quiet, assetsQuiet), cmp.Or(config.AtMost, assetsAtMost)
	w, err := watch.New(r.assets.dir, config)
	if err != nil {
		return fmt.Errorf("scripts: %w", err)
	}
	r.watching.Go(func() {
		err := w.Run(ctx, func(_ *watch.Snapshot, files []string) {
			if asked := r.assets.asked(files); len(asked) > 0 {
				r.finishReload(place, r.reloadFiles(place, asked), asked)
			}
		})
		if err != nil {
			r.log.Error("assets are not watched", "directory", r.assets.dir, "error", err)
		}
	})
	return nil
}
