package netcode

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Errors of [Document.Apply].
var (
	// ErrBase: the state is a patch on a revision other than the document's.
	ErrBase = errors.New("netcode: state patches another revision")
	// ErrPatch: the state's contents are malformed, or do not fit the document.
	ErrPatch = errors.New("netcode: malformed state")

	errNoEntity = errors.New("there is none of that number")
)

// Document is an agent's copy of the place's state (netcode/PROTOCOL.md, "State"): every entity
// as decoded by [ParseValue], by id, each {"id":…,"components":{name:object}}. The zero
// Document is empty and accepts only a state of [StyleSet].
//
// Apply never changes a map or slice that it did not create itself; it replaces those along
// the changed paths. So a copy of the struct stays the same when the original moves on, and
// revisions share what they have in common. Callers must treat Entities as read-only.
type Document struct {
	Revision uint64
	Entities map[string]any
	numbers  map[uint32]numbered // by which states of the compact dialect call them
}

// Apply brings the document to the revision of s. It fails with ErrBase if s is a patch and
// starts from another revision than the document's, and with ErrPatch if its contents do not
// match its style or a JSON Patch operation fails. On error the document is unchanged.
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

// applyPatches applies JSON Patch operations to the whole document,
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

// Component returns one component of one entity, which must not be changed.
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

// maxCopied is the maximum number of values that the "copy" operations of one patch may
// duplicate. Each operation can double the document, so a short patch could otherwise exhaust
// the memory.
const maxCopied = 1 << 20

// maxMoved is the maximum number of array items that the operations of one patch may move.
// Each operation can move a whole array, so a short patch could otherwise take very long.
const maxMoved = 1 << 22

var errMoved = fmt.Errorf("moves more than %d items of arrays", maxMoved)

// applyJSONPatch returns root with the operations of an RFC 6902 patch applied. Root itself
// is not changed.
func applyJSONPatch(root any, patch []byte) (any, error) {
	value, err := ParseValue(patch)
	if err != nil {
		return nil, fmt.Errorf("%w: patches: %w", ErrPatch, err)
	}
	operations, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("%w: patches are not a list", ErrPatch)
	}
	p := patcher{root: root, own: make(map[uintptr]struct{})}
	for i, operation := range operations {
		if err := p.run(operation); err != nil {
			return nil, fmt.Errorf("%w: operation %d: %w", ErrPatch, i, err)
		}
	}
	return p.root, nil
}

// patcher applies operations to a document. It records the objects that it creates in own, by
// address, and changes them in place afterwards, so that a patch of many operations copies an
// object once. (The address of a collected object can be reused only for one created later,
// which is also ours or was parsed from the patch.) Arrays are copied each time.
type patcher struct {
	root   any
	own    map[uintptr]struct{}
	copied int
	moved  int
}

func (p *patcher) run(operation any) error {
	fields, ok := operation.(map[string]any)
	if !ok {
		return fmt.Errorf("not an object")
	}
	name, _ := fields["op"].(string)
	path, err := pointerField(fields, "path")
	if err != nil {
		return err
	}
	switch name {
	case "add", "replace", "test":
		value, ok := fields["value"]
		if !ok {
			return fmt.Errorf("%s without a value", name)
		}
		return p.write(name, path, value)
	case "remove":
		return p.edit(path, remove)
	case "move", "copy":
		from, err := pointerField(fields, "from")
		if err != nil {
			return err
		}
		return p.transfer(name == "move", from, path)
	default:
		return fmt.Errorf("unknown operation %.100q", name)
	}
}

func (p *patcher) write(name string, path []string, value any) error {
	switch name {
	case "add":
		return p.edit(path, adding(value))
	case "replace":
		return p.edit(path, replacing(value))
	}
	found, err := find(p.root, path)
	if err == nil && !reflect.DeepEqual(found, value) {
		err = fmt.Errorf("test failed")
	}
	return err
}

func (p *patcher) transfer(move bool, from, path []string) error {
	value, err := find(p.root, from)
	if err != nil {
		return err
	}
	if !move {
		if value, err = p.clone(value); err != nil {
			return err
		}
		return p.edit(path, adding(value))
	}
	if slices.Equal(from, path) {
		return nil
	}
	if len(path) > len(from) && slices.Equal(from, path[:len(from)]) {
		return fmt.Errorf("a value cannot move into itself")
	}
	if err := p.edit(from, remove); err != nil {
		return err
	}
	return p.edit(path, adding(value))
}

// clone returns a deep copy of a value: objects that are changed in place must not be
// reachable by two paths.
func (p *patcher) clone(value any) (any, error) {
	if p.copied++; p.copied > maxCopied {
		return nil, fmt.Errorf("copies more than %d values", maxCopied)
	}
	var err error
	switch value := value.(type) {
	case map[string]any:
		object := p.ownObject(value)
		for key, v := range value {
			if object[key], err = p.clone(v); err != nil {
				return nil, err
			}
		}
		return object, nil
	case []any:
		array := slices.Clone(value)
		for i, v := range value {
			if array[i], err = p.clone(v); err != nil {
				return nil, err
			}
		}
		return array, nil
	default:
		return value, nil
	}
}

// ownObject returns a copy of object that may be changed in place.
func (p *patcher) ownObject(object map[string]any) map[string]any {
	object = maps.Clone(object)
	p.own[reflect.ValueOf(object).Pointer()] = struct{}{}
	return object
}

// change is what an operation does at the last step of its path. Its functions return the
// container with the key changed, and may change an object in place.
type change struct {
	object func(object map[string]any, key string) error
	array  func(array []any, index string) ([]any, error)
	root   func(root any) (any, error)
}

func (p *patcher) edit(path []string, c change) (err error) {
	if len(path) == 0 {
		p.root, err = c.root(p.root)
	} else {
		p.root, err = p.editBelow(p.root, path, c)
	}
	return err
}

// editBelow returns container with the change applied at path.
func (p *patcher) editBelow(container any, path []string, c change) (any, error) {
	key, last := path[0], len(path) == 1
	switch container := container.(type) {
	case map[string]any:
		if _, own := p.own[reflect.ValueOf(container).Pointer()]; !own {
			container = p.ownObject(container)
		}
		if last {
			return container, c.object(container, key)
		}
		below, ok := container[key]
		if !ok {
			return nil, missing(key)
		}
		changed, err := p.editBelow(below, path[1:], c)
		container[key] = changed
		return container, err
	case []any:
		if p.moved += len(container); p.moved > maxMoved {
			return nil, errMoved
		}
		if last {
			return c.array(slices.Clone(container), key)
		}
		i, err := arrayIndex(key, len(container)-1)
		if err != nil {
			return nil, err
		}
		container = slices.Clone(container)
		container[i], err = p.editBelow(container[i], path[1:], c)
		return container, err
	default:
		return nil, missing(key)
	}
}

func adding(value any) change {
	return change{
		root:   func(any) (any, error) { return value, nil },
		object: func(object map[string]any, key string) error { object[key] = value; return nil },
		array: func(array []any, index string) ([]any, error) {
			if index == "-" {
				return append(array, value), nil
			}
			i, err := arrayIndex(index, len(array))
			if err != nil {
				return nil, err
			}
			return slices.Insert(array, i, value), nil
		},
	}
}

func replacing(value any) change {
	return change{
		root: func(any) (any, error) { return value, nil },
		object: func(object map[string]any, key string) error {
			if _, ok := object[key]; !ok {
				return missing(key)
			}
			object[key] = value
			return nil
		},
		array: func(array []any, index string) ([]any, error) {
			i, err := arrayIndex(index, len(array)-1)
			if err != nil {
				return nil, err
			}
			array[i] = value
			return array, nil
		},
	}
}

var remove = change{
	root: func(any) (any, error) { return nil, fmt.Errorf("the whole document cannot be removed") },
	object: func(object map[string]any, key string) error {
		if _, ok := object[key]; !ok {
			return missing(key)
		}
		delete(object, key)
		return nil
	},
	array: func(array []any, index string) ([]any, error) {
		i, err := arrayIndex(index, len(array)-1)
		if err != nil {
			return nil, err
		}
		return slices.Delete(array, i, i+1), nil
	},
}

// find returns the value at path.
func find(value any, path []string) (any, error) {
	for _, key := range path {
		switch container := value.(type) {
		case map[string]any:
			below, ok := container[key]
			if !ok {
				return nil, missing(key)
			}
			value = below
		case []any:
			i, err := arrayIndex(key, len(container)-1)
			if err != nil {
				return nil, err
			}
			value = container[i]
		default:
			return nil, missing(key)
		}
	}
	return value, nil
}

func missing(key string) error { return fmt.Errorf("there is no %.100q", key) }

// arrayIndex parses an index from 0 to last, without sign or leading zeros
// (RFC 6901 section 4).
func arrayIndex(text string, last int) (int, error) {
	i, err := strconv.Atoi(text)
	if err != nil || i < 0 || i > last || strconv.Itoa(i) != text {
		return 0, fmt.Errorf("index %.100q is not within 0 to %d", text, last)
	}
	return i, nil
}

var pointerUnescape = strings.NewReplacer("~1", "/", "~0", "~")

// pointerField splits a JSON Pointer (RFC 6901) into its keys.
func pointerField(fields map[string]any, name string) ([]string, error) {
	text, ok := fields[name].(string)
	if !ok {
		return nil, fmt.Errorf("%s is not text", name)
	}
	if text == "" {
		return nil, nil
	}
	keys := strings.Split(text, "/")
	if keys[0] != "" {
		return nil, fmt.Errorf("%s %.100q does not begin with a slash", name, text)
	}
	if len(keys) > MaxDepth {
		return nil, fmt.Errorf("%s is deeper than %d", name, MaxDepth)
	}
	for i, key := range keys[1:] {
		keys[i+1] = pointerUnescape.Replace(key)
	}
	return keys[1:], nil
}

// mergeObject returns target with an RFC 7386 merge patch applied: null removes a key, an
// object merges into an object, anything else replaces. Target is not changed; the result may
// share memory with patch.
func mergeObject(target, patch map[string]any) map[string]any {
	if len(patch) == 0 && target != nil {
		return target
	}
	merged := maps.Clone(target)
	if merged == nil {
		merged = make(map[string]any, len(patch))
	}
	for key, change := range patch {
		switch change := change.(type) {
		case nil:
			delete(merged, key)
		case map[string]any:
			below, _ := merged[key].(map[string]any)
			merged[key] = mergeObject(below, change)
		default:
			merged[key] = change
		}
	}
	return merged
}
