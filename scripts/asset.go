package scripts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/assets"
	"github.com/loci-place/loci/scripts/watch"
)

// assetFolder gives the ids of a place's own files, for scripts that load before there
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

// id gives a file's id, which it reads the file for unless that has not changed.
func (f *assetFolder) id(name string) (string, error) {
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

// asked returns which of the files scripts have asked for.
func (f *assetFolder) asked(files []string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(files), func(name string) bool { return !f.wanted[name] })
}

// serveAssets has the place serve the files that scripts have asked for the ids of.
// It reads them, and so may take long: not in a turn in which anybody waits.
func (g *generation) serveAssets(place *engine.Place) {
	for _, name := range slices.Sorted(maps.Keys(g.assets)) {
		if _, err := place.AssetID(name); err != nil {
			g.log.Error("an asset is not served", "file", name, "error", err)
		}
	}
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

func (g *generation) placeAsset(L *lua.LState) int {
	name := L.CheckString(1)
	id, known := "", false
	if g.live {
		if id, known = g.turn().AssetID(name); !known {
			L.RaiseError("place.asset(%q): ask for it at the top level of a script first, where there is time to read the file", name)
		}
	} else {
		var err error
		id, err = g.r.assets.id(name)
		bind.Check(L, err)
		g.assets[name] = true
	}
	L.Push(lua.LString(id))
	return 1
}

func (g *generation) placePushAsset(L *lua.LState) int {
	g.changes(L, "place.push_asset")
	a, name := bind.Argument[*agentValue](L, 1, "an agent"), L.CheckString(2)
	if g.r.assets.dir == "" {
		L.RaiseError("this place has no assets folder")
	}
	bind.Check(L, g.turn().PushAsset(a.agent.ID, name))
	return 0
}
