package scripts

import (
	"fmt"
	"maps"
	"slices"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine/world"
)

func (g *generation) placeSpawn(L *lua.LState) int {
	g.changes(L, "place.spawn")
	id, err := g.spawn("", g.spec(L, L.CheckTable(1)))
	bind.Check(L, err)
	L.Push(g.entity(id))
	return 1
}

// spawn makes an entity of the place's own, all of it or nothing. Its children are a
// list, as in the protocol, or have names as in a scene, which end their ids:
// "lamp.bulb". How deep they nest is bounded by how deep plain data may.
func (g *generation) spawn(id string, spec map[string]any) (string, error) {
	if most := g.r.config.Limits.Entities; g.turn().World().CountOwned(engine.PlaceID) > most {
		return "", fmt.Errorf("the place has %d entities already", most)
	}
	named, ok := spec["children"].(map[string]any)
	if !ok {
		return g.turn().Spawn(id, spec)
	}
	spec = maps.Clone(spec)
	delete(spec, "children")
	id, err := g.turn().Spawn(id, spec)
	if err != nil {
		return "", err
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if err := g.spawnChild(id, name, named[name]); err != nil {
			g.turn().Remove(id, world.Cascade)
			return "", err
		}
	}
	return id, nil
}

func (g *generation) spawnChild(parent, name string, v any) error {
	child, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("the child %s must be a table of components", name)
	}
	child = maps.Clone(child)
	into := child
	if nested, ok := child["components"].(map[string]any); ok {
		into = maps.Clone(nested)
		child["components"] = into
	}
	into["relationships"] = map[string]any{"parent": parent}
	_, err := g.spawn(parent+"."+name, child)
	return err
}
