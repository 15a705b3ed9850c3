package lib

import (
	"maps"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"
)

// Assets are place.asset and place.push_asset.
type Assets struct {
	*Env
	folder AssetFolder
	asked  map[string]bool // files
}

// AssetFolder has the place's own files, for scripts that load before there is a place to ask.
type AssetFolder interface {
	// There reports whether there is a folder.
	There() bool
	// ID returns the id of a file. It may read the file.
	ID(name string) (string, error)
}

func (as *Assets) functions() []api.Function {
	return []api.Function{
		{Name: "asset", Signature: "(path: string): string", Doc: "The id of a file in the place's assets folder, for components that name assets. The file is read at the top level; handlers may ask again for what was asked for there.", Call: as.id, Price: 500},
		{Name: "push_asset", Signature: "(agent: loci.Agent, path: string)", Doc: "Sends an agent a file of the place's assets folder, unasked.", Call: as.push, Price: 500},
	}
}

// Serve has the place serve the files that scripts have asked for the ids of.
// It reads them, and so may take long: not in a turn in which anybody waits.
func (as *Assets) Serve(place *engine.Place) {
	for _, name := range slices.Sorted(maps.Keys(as.asked)) {
		if _, err := place.AssetID(name); err != nil {
			as.Log.Error("an asset is not served", "file", name, "error", err)
		}
	}
}

func (as *Assets) id(L *lua.LState) int {
	name := L.CheckString(1)
	id, known := "", false
	if as.Live() {
		if id, known = as.Turn().AssetID(name); !known {
			L.RaiseError("place.asset(%q): ask for it at the top level of a script first, where there is time to read the file", name)
		}
	} else {
		var err error
		id, err = as.folder.ID(name)
		bind.Check(L, err)
		as.asked[name] = true
	}
	L.Push(lua.LString(id))
	return 1
}

func (as *Assets) push(L *lua.LState) int {
	as.Changes(L, "place.push_asset")
	a, name := bind.Argument[*Agent](L, 1, "an agent"), L.CheckString(2)
	if !as.folder.There() {
		L.RaiseError("this place has no assets folder")
	}
	bind.Check(L, as.Turn().PushAsset(a.agent.ID, name))
	return 0
}
