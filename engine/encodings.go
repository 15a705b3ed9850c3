package engine

import (
	"reflect"

	"github.com/loci-place/loci/engine/world"
)

// encodings are components of a command as the world keeps them, made by the command's
// reader so that it holds up nobody else. What is not among them, as the place's behaviour
// put it there, is encoded when it is needed. They are found by the map that a component
// was decoded to, which the command keeps.
type encodings map[uintptr]world.Component

func (x encodings) addAll(components map[string]any) {
	for name, v := range components {
		if m, ok := v.(map[string]any); ok && name != "children" {
			if c, err := world.Encode(name, m); err == nil {
				x[reflect.ValueOf(m).Pointer()] = c
			}
		}
	}
}

// addSpec adds what stands in the description of an entity and of so many generations of
// children.
func (x encodings) addSpec(v any, depth int) {
	spec, _ := v.(map[string]any)
	if nested, ok := spec["components"].(map[string]any); ok {
		x.addAll(nested)
	} else {
		x.addAll(spec)
	}
	children, _ := spec["children"].([]any)
	for _, child := range children {
		if depth > 0 {
			x.addSpec(child, depth-1)
		}
	}
}

// all encodes components.
func (x encodings) all(components map[string]any) (map[string]world.Component, error) {
	all := make(map[string]world.Component, len(components))
	for name, v := range components {
		if m, ok := v.(map[string]any); ok {
			if c, ok := x[reflect.ValueOf(m).Pointer()]; ok {
				all[name] = c
				continue
			}
		}
		c, err := world.Encode(name, v)
		if err != nil {
			return nil, err
		}
		all[name] = c
	}
	return all, nil
}

// encode encodes the components that a command brings, of an official verb.
func (c *command) encode(depth int) {
	c.encoded = encodings{}
	if c.official.describes != nil {
		c.encoded.addSpec(c.official.describes(c), depth)
	}
	if c.official.components != nil {
		for _, components := range c.official.components(c) {
			c.encoded.addAll(components)
		}
	}
}
