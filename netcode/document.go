package netcode

import (
	"errors"
	"fmt"
	"math"
)

// Errors of [Document.Apply].
var (
	// ErrBase: the state is a patch on a revision other than the document's.
	ErrBase = errors.New("netcode: state patches another revision")
	// ErrPatch: the state's contents are malformed, or do not fit the document.
	ErrPatch = errors.New("netcode: malformed state")

	errNoEntity = errors.New("there is none of that number")
)

// Document is what an agent knows of a place (netcode/PROTOCOL.md, "State"): every entity
// as decoded by [ParseValue], by id, each {"id":…,"components":{name:object}}. The zero
// Document knows nothing and accepts only a state of [StyleSet].
//
// Apply never changes a map or slice that it did not make itself, it replaces
// those along the changed paths. So a copy of the struct stays what it was when
// the original moves on, and many revisions share whatever they have in common.
// Callers must keep to the same rule and treat Entities as read-only.
type Document struct {
	Revision uint64
	Entities map[string]any
	numbers  map[uint32]numbered // by which states of the compact dialect call them
}

// Apply brings the document to the revision of s. It fails with ErrBase when s
// is a patch and starts from another revision than the document's, and with
// ErrPatch when its contents are not what its style calls for, or a JSON Patch
// operation does not succeed. On error the document is unchanged.
func (d *Document) Apply(s *State) error {
	if s.Style == StyleSet {
		entities, err := parseEntities(s.Entities)
		if err != nil {
			return err
		}
		d.Revision, d.Entities = s.Revision, entities
		return nil
	}
	if d.Revision == 0 || s.From != d.Revision {
		return fmt.Errorf("%w: from %d, have %d", ErrBase, s.From, d.Revision)
	}
	switch s.Style {
	case StyleMerge:
		patch, err := parseEntities(s.Entities)
		if err != nil {
			return err
		}
		d.Revision, d.Entities = s.Revision, mergeObject(d.Entities, patch)
		return nil
	case StyleApply:
		return d.applyPatches(s.Patches)
	default:
		return fmt.Errorf("%w: patch style %v", ErrPatch, s.Style)
	}
}

// applyPatches runs JSON Patch operations over the whole document, that is
// {"entities":…,"revision":…}, so that one of them can set the new revision.
func (d *Document) applyPatches(patches []byte) error {
	root := map[string]any{"entities": d.Entities, "revision": float64(d.Revision)}
	changed, err := applyJSONPatch(root, patches)
	if err != nil {
		return err
	}
	root, ok := changed.(map[string]any)
	if !ok {
		return fmt.Errorf("%w: the patched document is not an object", ErrPatch)
	}
	entities, ok := root["entities"].(map[string]any)
	if !ok {
		return fmt.Errorf("%w: the patched document's entities are not an object", ErrPatch)
	}
	revision, ok := root["revision"].(float64)
	if !ok || revision < 1 || revision > 1<<53 || revision != math.Trunc(revision) {
		return fmt.Errorf("%w: the patched document's revision is %v", ErrPatch, root["revision"])
	}
	d.Revision, d.Entities = uint64(revision), entities
	return nil
}

// Component returns one component of one entity, for reading only.
func (d *Document) Component(entity, name string) (map[string]any, bool) {
	e, _ := d.Entities[entity].(map[string]any)
	components, _ := e["components"].(map[string]any)
	component, ok := components[name].(map[string]any)
	return component, ok
}

func parseEntities(data []byte) (map[string]any, error) {
	value, err := ParseValue(data)
	if err != nil {
		return nil, fmt.Errorf("%w: entities: %w", ErrPatch, err)
	}
	entities, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: entities are not an object", ErrPatch)
	}
	return entities, nil
}
