package engine

import (
	"errors"
	"fmt"
	"math"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

var (
	// ErrNoEntity: an entity is not there.
	ErrNoEntity = errors.New("there is no entity")
	// ErrBadEntity: a description of an entity, or of a component, is not one.
	ErrBadEntity = errors.New("entity")
	// ErrCycle: an entity would be below itself.
	ErrCycle = errors.New("an entity cannot be below itself")
)

// shape tells what is wrong with an official component (netcode/PROTOCOL.md, "Components
// that the place acts on"); nil where nothing is. Agents, which simulate and draw what they
// are sent, rely on it.
type shape func(c map[string]any) error

var shapes = map[string]shape{
	"transform":     optional("matrix", isMatrix, "16 numbers"),
	"relationships": optional("parent", isText, "an entity id"),
	"intent": both(
		required("actuate_pose", isText, "the name of a pose"),
		optional("from_avatar", isText, "an entity id"),
	),
	"grabbable": both(
		optional("actuate_on", isText, `an entity id or "$parent"`),
		optional("translation_constraint", isVector, "3 numbers"),
		optional("rotation_constraint", isVector, "3 numbers"),
		optional("target_hand_transform", isMatrix, "16 numbers"),
	),
	"clock":               required("time", isNumber, "a number of seconds"),
	"visor":               optional("display_name", isText, "text"),
	"property_animations": required("animations", areAnimations, "an object of animations with a path each"),
}

// served are the components that only the place's verbs give: what to use instead.
var served = map[string]string{
	"live_media":          "allocate_track",
	"property_animations": "add_property_animation",
}

// Official reports whether a component means something to the place itself.
func Official(name string) bool { return shapes[name] != nil || served[name] != "" }

// CheckComponents tells what is wrong with the shapes of components, of the values that
// [netcode.ParseValue] gives.
func CheckComponents(components map[string]any) error {
	for name, v := range components {
		c, ok := asObject(v)
		if v == nil || !ok {
			return fmt.Errorf("component %.100q must be an object", name)
		}
		if check := shapes[name]; check != nil {
			if err := check(c); err != nil {
				return fmt.Errorf("%s.%w", name, err)
			}
		}
	}
	return nil
}

// checkComponents tells what is wrong with components that somebody wants an entity
// to have.
func (p *Place) checkComponents(components map[string]any, byAgent bool) error {
	for name := range components {
		if max := p.cfg.Limits.NameBytes; len(name) > max {
			return fmt.Errorf("a component's name has %d bytes, at most %d may be", len(name), max)
		}
		if verb, ok := served[name]; ok && byAgent {
			return fmt.Errorf("%s is the place's to give: use %s", name, verb)
		}
	}
	return CheckComponents(components)
}

// check is checkComponents, and what the place's behaviour says to them.
func (p *Place) check(e *world.Entity, owner string, components map[string]any, byAgent bool) error {
	if err := p.checkComponents(components, byAgent); err != nil {
		return err
	}
	return p.hooks.checker.Check(e, owner, components)
}

// fits returns why an entity would be too large with some components set and others
// unset. E is nil for one that does not stand there yet.
func (p *Place) fits(e *world.Entity, set map[string]world.Component, unset []string) error {
	limits := &p.cfg.Limits
	count, size := 0, 0
	for name, c := range set {
		if c.Keys() > limits.Keys {
			p.counts.hit(limitKeys)
			return fmt.Errorf("%s has %d keys in its objects, at most %d may be: use lists or text for large data", name, c.Keys(), limits.Keys)
		}
		if e == nil || !e.Has(name) {
			count++
		} else {
			size -= e.ComponentSize(name)
		}
		size += len(name) + c.Size()
	}
	if e != nil && len(set) > 0 && e.Tombstones() > limits.Keys {
		p.counts.hit(limitKeys)
		return fmt.Errorf("more than %d keys of the entity's objects have gone in the last %v: try again later, or use lists", limits.Keys, limits.Window)
	}
	if count == 0 && size <= len(set) {
		return nil // what stands there fits, and becomes no larger
	}
	if e != nil {
		count, size = count+e.Components(), size+e.Size()
	}
	for _, name := range unset {
		if _, too := set[name]; e != nil && !too && e.Has(name) {
			count--
			size -= e.ComponentSize(name)
		}
	}
	switch {
	case count > limits.Components:
		return fmt.Errorf("an entity has at most %d components", limits.Components)
	case size > limits.EntityBytes:
		return errEntityBytes(limits.EntityBytes)
	}
	return nil
}

// fitsMore returns why an entity would be too large with so many bytes more, and with one
// component more if it has no animations yet.
func (p *Place) fitsMore(e *world.Entity, bytes int) error {
	limits := &p.cfg.Limits
	switch {
	case !e.Has("property_animations") && e.Components() >= limits.Components:
		return fmt.Errorf("an entity has at most %d components", limits.Components)
	case e.Size()+bytes > limits.EntityBytes:
		return errEntityBytes(limits.EntityBytes)
	}
	return nil
}

func errEntityBytes(most int) error {
	return fmt.Errorf("an entity takes at most %d bytes: put large data into an asset", most)
}

func required(key string, is func(any) bool, want string) shape {
	return func(c map[string]any) error {
		if !is(c[key]) {
			return fmt.Errorf("%s must be %s", key, want)
		}
		return nil
	}
}

// optional is required for a key that may be missing, or null.
func optional(key string, is func(any) bool, want string) shape {
	check := required(key, is, want)
	return func(c map[string]any) error {
		if c[key] == nil {
			return nil
		}
		return check(c)
	}
}

func both(shapes ...shape) shape {
	return func(c map[string]any) error {
		for _, check := range shapes {
			if err := check(c); err != nil {
				return err
			}
		}
		return nil
	}
}

// areAnimations reports whether each has a path: agents that animate look there.
func areAnimations(v any) bool {
	list, ok := asObject(v)
	for _, a := range list {
		m, _ := asObject(a)
		ok = ok && isText(m["path"])
	}
	return ok && v != nil
}

func isText(v any) bool { _, ok := v.(string); return ok }

func isNumber(v any) bool {
	f, ok := v.(float64)
	return ok && !math.IsNaN(f) && !math.IsInf(f, 0)
}

func isVector(v any) bool { return isNumbers(v, 3) }

func isMatrix(v any) bool {
	_, ok := v.(netcode.Matrix)
	return ok || isNumbers(v, 16)
}

func isNumbers(v any, n int) bool {
	list, ok := v.([]any)
	if !ok || len(list) != n {
		return false
	}
	for _, item := range list {
		if !isNumber(item) {
			return false
		}
	}
	return true
}
