package lib

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/scripts/internal/api"
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

// Scene is place.scene: the entities that the top level declares, by id.
type Scene struct {
	*Env
	components *Components
	entities   map[string]declared
}

func (sc *Scene) functions() []api.Function {
	return []api.Function{
		{Name: "scene", Signature: "(entities: table<string, loci.Spec>)", Doc: "Declares what stands in the place, by id; children by their name in it: \"lamp.bulb\". Top level only.", Call: sc.add},
	}
}

// add declares entities. Children have their parent's id before theirs. Each
// entity is plain data of its own, so that a scene may have as many as a place.
func (sc *Scene) add(L *lua.LState) int {
	sc.NeedsTopLevel(L, "place.scene")
	entities := map[string]lua.LValue{}
	L.CheckTable(1).ForEach(func(key, value lua.LValue) {
		id, ok := key.(lua.LString)
		if !ok {
			L.ArgError(1, "a table of entities by their ids expected: { lamp = { … } }")
		}
		entities[string(id)] = value
	})
	for _, id := range slices.Sorted(maps.Keys(entities)) {
		spec, err := sc.Convert(entities[id], bind.Component)
		if err == nil {
			err = sc.declare(id, "", spec, declared{depth: 1, at: bind.Where(L)})
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
func (sc *Scene) declare(id, parent string, v any, as declared) error {
	spec, ok := v.(map[string]any)
	switch {
	case !ok:
		return fmt.Errorf("%s must be a table of components", id)
	case id == "" || id == engine.PlaceID:
		return fmt.Errorf("%q cannot be the id of an entity", id)
	case sc.entities[id].components != nil:
		return fmt.Errorf("%s is declared twice", id)
	case !utf8.ValidString(id) || strings.ContainsRune(id, 0):
		return fmt.Errorf("%q cannot be the id of an entity: it is no text", id)
	case len(sc.entities) >= sc.Limits.Entities:
		return fmt.Errorf("there are more than %d entities, which is the limit of what scripts may spawn (Entities)", sc.Limits.Entities)
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
	sc.entities[id] = as
	children, ok := spec["children"].(map[string]any)
	if !ok && spec["children"] != nil {
		return fmt.Errorf("%s: children have names in a scene: children = { bulb = { … } }", id)
	}
	as.depth++
	for _, name := range slices.Sorted(maps.Keys(children)) {
		if err := sc.declare(id+"."+name, id, children[name], as); err != nil {
			return err
		}
	}
	return nil
}

// KindScene are the entities that the scripts last declared, by id, in an [engine.Store]:
// {"depth", "components"}. A restart is reconciled against them, as a reload is.
const KindScene = "scene"

// maxSceneDepth is how deep children may nest in a scene.
const maxSceneDepth = 64

// wrong says what is wrong with an entity, and where it was declared.
func (d declared) wrong(format string, args ...any) error {
	file, line, _ := strings.Cut(d.at, ":")
	return &sandbox.Error{File: file, Line: bind.Line(line), Message: "place.scene: " + fmt.Sprintf(format, args...)}
}

// order returns the ids of a scene, parents first.
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

// Check reports what is wrong with a scene, as far as that can be known before it
// stands in the place.
func (sc *Scene) Check() error {
	for _, id := range order(sc.entities) {
		set := maps.Clone(sc.entities[id].components)
		if err := engine.CheckComponents(set); err != nil {
			return sc.entities[id].wrong("%s: %v", id, err)
		}
		if err := sc.components.Check(nil, engine.PlaceID, set); err != nil {
			return sc.entities[id].wrong("%s: %v", id, err)
		}
	}
	return nil
}

// Declared is the scene as the place was last made to hold it.
type Declared struct {
	log   *slog.Logger
	scene map[string]declared
}

// NewDeclared returns that of a place that holds nothing.
func NewDeclared(log *slog.Logger) *Declared { return &Declared{log, map[string]declared{}} }

// Preflight reports what keeps a scene from coming into force in the place as it is.
func (d *Declared) Preflight(t *engine.Turn, sc *Scene) error {
	for _, id := range order(sc.entities) {
		if _, was := d.scene[id]; was {
			continue
		}
		if e := t.World().Entity(id); e != nil && e.Owner() != engine.PlaceID {
			return sc.entities[id].wrong("there is an entity %q already, of an agent's", id)
		}
	}
	return nil
}

// Reconcile makes the place hold what is declared now, by what was declared before: what
// is new is spawned, what is gone removed, a component whose declaration changed is set
// again, and everything else keeps what happened to it since.
func (d *Declared) Reconcile(t *engine.Turn, sc *Scene) {
	for _, id := range order(sc.entities) {
		now, at := sc.entities[id].components, sc.entities[id].at
		before, was := d.scene[id]
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
			sc.Log.Error("an entity of the scene is not as declared", "entity", id, "at", at, "error", err)
		}
	}
	for _, id := range slices.Backward(order(d.scene)) {
		if _, still := sc.entities[id]; !still {
			t.Remove(id, world.Cascade)
		}
	}
	keepScene(t, d.scene, sc.entities)
	d.scene = sc.entities
}

// difference returns the components that are declared otherwise than before, and those
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

// Restore reads what was declared before the place was opened.
func (d *Declared) Restore(t *engine.Turn) {
	for id, value := range t.Kept(KindScene) {
		was, err := parseDeclared(value)
		if err != nil {
			d.log.Error("a declaration that was kept is left out", "entity", id, "error", err)
			continue
		}
		d.scene[id] = was
	}
}

func parseDeclared(value []byte) (declared, error) {
	var kept struct {
		Depth      int             `json:"depth"`
		Components json.RawMessage `json:"components"`
	}
	if err := json.Unmarshal(value, &kept); err != nil {
		return declared{}, err
	}
	v, err := netcode.ParseValue(kept.Components)
	if err != nil {
		return declared{}, err
	}
	components, ok := v.(map[string]any)
	if !ok {
		return declared{}, errors.New(`want {"depth": N, "components": {…}}`)
	}
	return declared{components: components, depth: kept.Depth}, engine.CheckComponents(components)
}

// keepScene has a scene kept that was reconciled against another, along with what that
// did to the place.
func keepScene(t *engine.Turn, before, now map[string]declared) {
	var records []engine.Record
	for id, d := range now {
		if old, was := before[id]; !was || old.depth != d.depth || !same(old.components, d.components) {
			records = append(records, engine.Record{
				Kind: KindScene, Key: id,
				Value: netcode.AppendValue(nil, map[string]any{"depth": d.depth, "components": d.components}),
			})
		}
	}
	for id := range before {
		if _, still := now[id]; !still {
			records = append(records, engine.Record{Kind: KindScene, Key: id})
		}
	}
	t.Keep(records...)
}

// same reports whether values are the same, or become so where they are kept.
func same(a, b any) bool {
	return reflect.DeepEqual(a, b) || bytes.Equal(netcode.AppendValue(nil, a), netcode.AppendValue(nil, b))
}

// CheckKept reports what is wrong with a declaration that was kept.
func CheckKept(value []byte) error {
	_, err := parseDeclared(value)
	return err
}
