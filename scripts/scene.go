package scripts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/vec"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/scripts/sandbox"
)

// declared is an entity of the scene: its components, relationships among them.
type declared struct {
	components map[string]any
	depth      int    // children come after their parents
	at         string // where it was declared: "place.lua:3"
}

// placeScene declares entities. Children have their parent's id before theirs. Each
// entity is plain data of its own, so that a scene may have as many as a place.
func (g *generation) placeScene(L *lua.LState) int {
	g.needsTopLevel(L, "place.scene")
	entities := map[string]lua.LValue{}
	L.CheckTable(1).ForEach(func(key, value lua.LValue) {
		id, ok := key.(lua.LString)
		if !ok {
			L.ArgError(1, "a table of entities by their ids expected: { lamp = { … } }")
		}
		entities[string(id)] = value
	})
	for _, id := range slices.Sorted(maps.Keys(entities)) {
		spec, err := g.Convert(entities[id], bind.Component)
		if err == nil {
			err = g.declare(id, "", spec, declared{depth: 1, at: bind.Where(L)})
		} else {
			err = fmt.Errorf("%s: %w", id, err)
		}
		if err != nil {
			L.RaiseError("place.scene: %v", err)
		}
	}
	return 0
}

// declare adds an entity to the scene, and its children. As has all but its components.
func (g *generation) declare(id, parent string, v any, as declared) error {
	spec, ok := v.(map[string]any)
	switch {
	case !ok:
		return fmt.Errorf("%s must be a table of components", id)
	case id == "" || id == engine.PlaceID:
		return fmt.Errorf("%q cannot be the id of an entity", id)
	case g.scene[id].components != nil:
		return fmt.Errorf("%s is declared twice", id)
	case !utf8.ValidString(id) || strings.ContainsRune(id, 0):
		return fmt.Errorf("%q cannot be the id of an entity: it is no text", id)
	case len(g.scene) >= g.r.config.Limits.Entities:
		return fmt.Errorf("there are more than %d entities, which is the limit of what scripts may spawn (Entities)", g.r.config.Limits.Entities)
	case as.depth > maxSceneDepth:
		return fmt.Errorf("%s: children nest deeper than %d", id, maxSceneDepth)
	}
	from := spec
	if nested, ok := spec["components"].(map[string]any); ok {
		from = nested
	}
	components := maps.Clone(from)
	delete(components, "children")
	for name, c := range components {
		if _, ok := c.(map[string]any); !ok {
			return fmt.Errorf("%s: component %s must be a table of keys and values", id, name)
		}
	}
	if t, ok := components["transform"].(map[string]any); ok {
		if err := vec.WriteOut(t); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
	}
	if parent != "" {
		components["relationships"] = map[string]any{"parent": parent}
	}
	as.components = components
	g.scene[id] = as
	children, ok := spec["children"].(map[string]any)
	if !ok && spec["children"] != nil {
		return fmt.Errorf("%s: children have names in a scene: children = { bulb = { … } }", id)
	}
	as.depth++
	for _, name := range slices.Sorted(maps.Keys(children)) {
		if err := g.declare(id+"."+name, id, children[name], as); err != nil {
			return err
		}
	}
	return nil
}

// maxSceneDepth is how deep children may nest in a scene.
const maxSceneDepth = 64

// wrong says what is wrong with an entity, and where it was declared.
func (d declared) wrong(format string, args ...any) error {
	file, line, _ := strings.Cut(d.at, ":")
	return &sandbox.Error{File: file, Line: bind.Line(line), Message: "place.scene: " + fmt.Sprintf(format, args...)}
}

// order gives the ids of a scene, parents first.
func order(scene map[string]declared) []string {
	return slices.SortedFunc(maps.Keys(scene), func(a, b string) int {
		if d := scene[a].depth - scene[b].depth; d != 0 {
			return d
		}
		if a < b {
			return -1
		}
		return 1
	})
}

// checkScene tells what is wrong with a scene, as far as that can be known before it
// stands in the place.
func (g *generation) checkScene() error {
	for _, id := range order(g.scene) {
		set := maps.Clone(g.scene[id].components)
		if err := engine.CheckComponents(set); err != nil {
			return g.scene[id].wrong("%s: %v", id, err)
		}
		if err := g.checkComponents(nil, engine.PlaceID, set); err != nil {
			return g.scene[id].wrong("%s: %v", id, err)
		}
	}
	return nil
}

// preflight tells what keeps a generation from coming into force in the place as it is.
func (r *Runtime) preflight(g *generation) error {
	for _, id := range order(g.scene) {
		if _, was := r.declared[id]; was {
			continue
		}
		if e := r.turn.World().Entity(id); e != nil && e.Owner() != engine.PlaceID {
			return g.scene[id].wrong("there is an entity %q already, of an agent's", id)
		}
	}
	return nil
}

// reconcile makes the place hold what is declared now, by what was declared before: what
// is new is spawned, what is gone removed, a component whose declaration changed is set
// anew, and everything else keeps what happened to it since.
func (r *Runtime) reconcile(g *generation) {
	t := r.turn
	for _, id := range order(g.scene) {
		now, at := g.scene[id].components, g.scene[id].at
		before, was := r.declared[id]
		var err error
		switch {
		case t.World().Entity(id) != nil:
			set, unset := difference(before.components, now)
			if len(set)+len(unset) > 0 {
				err = t.Change(id, set, unset...)
			}
		case !was || !same(before.components, now):
			_, err = t.Spawn(id, now)
		}
		if err != nil {
			g.log.Error("an entity of the scene is not as declared", "entity", id, "at", at, "error", err)
		}
	}
	for _, id := range slices.Backward(order(r.declared)) {
		if _, still := g.scene[id]; !still {
			t.Remove(id, world.Cascade)
		}
	}
	r.keepScene(r.declared, g.scene)
	r.declared = g.scene
}

// difference gives the components that are declared otherwise than before, and those
// that are declared no more.
func difference(before, now map[string]any) (set map[string]any, unset []string) {
	set = map[string]any{}
	for name, c := range now {
		if old, was := before[name]; !was || !same(old, c) {
			set[name] = c
		}
	}
	for name := range before {
		if _, still := now[name]; !still {
			unset = append(unset, name)
		}
	}
	slices.Sort(unset)
	return set, unset
}
