package scripts

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/assets"
)

// assetFolder gives the ids of a place's own files, for scripts that load before there
// is a place to ask.
type assetFolder struct {
	dir string // "" = there is none

	mu    sync.Mutex
	known map[string]assetFile
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
	f := &assetFolder{dir: c.AssetFolder, known: map[string]assetFile{}}
	if f.dir == "" && c.Dir != "" {
		dir := filepath.Join(c.Dir, "assets")
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			f.dir = dir
		}
	}
	return f
}

// id gives a file's id, which it reads the file for unless that has not changed.
func (f *assetFolder) id(name string) (string, error) {
	if f.dir == "" {
		return "", errors.New("this place has no assets folder")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
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

// serveAssets has the place serve the files that scripts have asked for the ids of.
// It reads them, and so may take long: not in a turn in which anybody waits.
func (g *generation) serveAssets(place *engine.Place) {
	for _, name := range slices.Sorted(maps.Keys(g.assets)) {
		if _, err := place.AssetID(name); err != nil {
			g.log.Error("an asset is not served", "file", name, "error", err)
		}
	}
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
		g.check(L, err)
		g.assets[name] = true
	}
	L.Push(lua.LString(id))
	return 1
}

func (g *generation) placePushAsset(L *lua.LState) int {
	g.changes(L, "place.push_asset")
	a, name := argument[*agentValue](L, 1, "an agent"), L.CheckString(2)
	if g.r.assets.dir == "" {
		L.RaiseError("this place has no assets folder")
	}
	g.check(L, g.turn().PushAsset(a.agent.ID, name))
	return 0
}
