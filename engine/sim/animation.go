package sim

import (
	"errors"
	"fmt"
	"math"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// Animation moves one property of an entity over time (netcode/PROTOCOL.md, "Property
// animations").
type Animation struct {
	target   target
	from, to world.Numbers
	// start and duration are in seconds of the place's clock.
	start, duration       float64
	ease                  easing
	repeats, autoreverses bool
}

// maxPath is how long an animation's path may be, in bytes.
const maxPath = 1024

// ParseAnimation reads an animation as an agent describes it, a decoded JSON object
// (see [netcode.ParseValue]):
//
//	{"path", "from", "to", "start_at", "duration", "easing"?, "repeats"?, "autoreverses"?}
//
// The error says what is wrong with it. Nothing is wrong with a path that leads
// nowhere, since it may lead somewhere later, nor with the name of an easing that
// does not exist.
func ParseAnimation(v any) (Animation, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return Animation{}, errors.New("an animation must be an object")
	}
	var a Animation
	for _, read := range []func(map[string]any) error{
		a.readPath, a.readValues, a.readTimes, a.readManner,
	} {
		if err := read(m); err != nil {
			return Animation{}, err
		}
	}
	return a, nil
}

// Component is the name of the component that the animation moves.
func (a *Animation) Component() string { return a.target.path[0] }

func (a *Animation) readPath(m map[string]any) error {
	path, ok := m["path"].(string)
	if !ok || path == "" {
		return errors.New(`path must lead to a property, such as "transform.matrix.rotation.y"`)
	}
	if len(path) > maxPath {
		return fmt.Errorf("path has %d bytes, at most %d may be", len(path), maxPath)
	}
	a.target = parseTarget(path)
	switch component := a.Component(); component {
	case "live_media", "property_animations":
		return fmt.Errorf("%s cannot be animated", component)
	}
	return nil
}

func (a *Animation) readValues(m map[string]any) (err error) {
	if a.from, err = numbersOf(m["from"]); err != nil {
		return fmt.Errorf("from %w", err)
	}
	if a.to, err = numbersOf(m["to"]); err != nil {
		return fmt.Errorf("to %w", err)
	}
	if a.from.N != a.to.N {
		return fmt.Errorf("from and to must be of one kind, not %d and %d numbers", a.from.N, a.to.N)
	}
	return nil
}

func (a *Animation) readTimes(m map[string]any) error {
	var ok bool
	if a.start, ok = number(m["start_at"]); !ok {
		return errors.New("start_at must be a number of seconds")
	}
	if a.duration, ok = number(m["duration"]); !ok || a.duration < 0 {
		return errors.New("duration must be a number of seconds, not negative")
	}
	return nil
}

func (a *Animation) readManner(m map[string]any) error {
	name, ok := m["easing"].(string)
	if !ok && m["easing"] != nil {
		return errors.New("easing must be the name of one")
	}
	a.ease = easingOf(name)
	for key, flag := range map[string]*bool{"repeats": &a.repeats, "autoreverses": &a.autoreverses} {
		if *flag, ok = m[key].(bool); !ok && m[key] != nil {
			return fmt.Errorf("%s must be true or false", key)
		}
	}
	if a.repeats && a.duration == 0 {
		return errors.New("duration must be greater than 0 for what repeats")
	}
	return nil
}

var errKind = errors.New("must be a number or a list of 3, 4 or 16 numbers")

// numbersOf reads a value to animate from or to.
func numbersOf(v any) (n world.Numbers, err error) {
	switch v := v.(type) {
	case netcode.Matrix:
		return world.Numbers{V: v, N: len(v), List: true}, nil
	case []any:
		n.N, n.List = len(v), true
		if n.N != 3 && n.N != 4 && n.N != 16 {
			return n, errKind
		}
		for i, item := range v {
			var ok bool
			if n.V[i], ok = number(item); !ok {
				return n, errKind
			}
		}
		return n, nil
	default:
		var ok bool
		if n.V[0], ok = number(v); !ok {
			return n, errKind
		}
		n.N = 1
		return n, nil
	}
}

// number reads a finite number.
func number(v any) (float64, bool) {
	f, ok := v.(float64)
	return f, ok && !math.IsNaN(f) && !math.IsInf(f, 0)
}
