package netcode

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// maxCopied bounds how many values the "copy" operations of one patch may
// duplicate: each can double the document, so a short patch could otherwise
// fill any memory.
const maxCopied = 1 << 20

// maxMoved bounds how many items of arrays the operations of one patch may move: each can
// move all of an array, so a short patch could otherwise take any time.
const maxMoved = 1 << 22

var errMoved = fmt.Errorf("moves more than %d items of arrays", maxMoved)

// applyJSONPatch returns root as changed by the operations of an RFC 6902
// patch. Root and all below it stay as they are.
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

// patcher holds the document while operations run over it. Objects made on the
// way are remembered in own, by address, and changed in place after that: a
// patch of many operations copies an object once. (A collected object's address
// can only go to another that was made meanwhile, which is ours as well or was
// parsed from the patch.) Arrays are copied each time.
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

// clone duplicates a value deeply, because what is ours is changed in place
// and must not be reachable by two paths.
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

// ownObject returns a copy of object that edit may change in place.
func (p *patcher) ownObject(object map[string]any) map[string]any {
	object = maps.Clone(object)
	p.own[reflect.ValueOf(object).Pointer()] = struct{}{}
	return object
}

// A change is what an operation does at the last step of its path: it returns
// the container with the key changed. An object it may change in place.
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

// editBelow returns container with the change made at path below it.
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
