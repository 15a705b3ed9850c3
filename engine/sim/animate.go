package sim

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/go-gl/mathgl/mgl64"
	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// Animate sets every animated property to its value at now, in seconds of the place's clock,
// and removes finished animations (netcode/PROTOCOL.md, "Property animations"). Animations of
// one entity apply in the order of their ids, each to the result of those before it. Invalid
// ones, and those whose path leads to no property of their kind, are skipped.
func Animate(w *world.World, now float64) {
	all := w.Animated()
	for i := len(all) - 1; i >= 0; i-- {
		AnimateSome(all[i], len(all[i].Entities), len(all[i].Entities), now)
	}
}

// AnimateSome is [Animate] for n entities of one owner: those before the given index,
// backwards.
func AnimateSome(by *world.AnimatedBy, before, n int, now float64) {
	for i := before - 1; i >= before-n; i-- {
		animate(by.Entities[i], now)
	}
}

// playing is one of an entity's animations.
type playing struct {
	id string
	Animation
	ended bool
}

func animate(a *world.Animated, now float64) {
	list, ok := a.Parsed.(*[]playing)
	if !ok {
		list = parsePlaying(a.Entity)
		a.Parsed = list
	}
	for _, id := range a.Edited {
		reparse(list, id, a.Entity.Animation(id))
	}
	a.Edited = a.Edited[:0]
	var ended []string
	for i := range *list {
		p := &(*list)[i]
		if p.ended = p.step(a.Entity, now); p.ended {
			ended = append(ended, p.id)
		}
	}
	if ended != nil {
		*list = slices.DeleteFunc(*list, func(p playing) bool { return p.ended })
		a.Entity.EndAnimations(ended...)
	}
}

func parsePlaying(e *world.Entity) *[]playing {
	component, _ := e.Component("property_animations")
	animations, _ := component["animations"].(map[string]any)
	list := []playing{}
	for _, id := range slices.Sorted(maps.Keys(animations)) {
		if a, err := ParseAnimation(animations[id]); err == nil {
			list = append(list, playing{id: id, Animation: a})
		}
	}
	return &list
}

// reparse updates the list after one animation was added, changed or removed.
func reparse(list *[]playing, id string, description any) {
	i, found := slices.BinarySearchFunc(*list, id, func(p playing, id string) int { return strings.Compare(p.id, id) })
	if found {
		*list = slices.Delete(*list, i, i+1)
	}
	if a, err := ParseAnimation(description); err == nil {
		*list = slices.Insert(*list, i, playing{id: id, Animation: a})
	}
}

// Ends returns the component that the animation moves with its first and its last value, and
// nothing if the entity does not have the property.
func (a *Animation) Ends(e *world.Entity) (ends []map[string]any) {
	component := a.Component()
	c, ok := e.Component(component)
	if !ok {
		return nil
	}
	for _, progress := range []float64{0, 1} {
		aside, err := world.New(1).Spawn("aside", "", map[string]any{component: c})
		if err != nil || !a.target.set(aside, interpolate(&a.from, &a.to, progress)) {
			return nil
		}
		end, _ := aside.Component(component)
		ends = append(ends, end)
	}
	return ends
}

// step sets the property to its value at now, and reports whether the animation is finished.
func (a *Animation) step(e *world.Entity, now float64) (arrived bool) {
	elapsed := now - a.start
	if !(elapsed >= 0) {
		return false
	}
	from, to, progress := &a.from, &a.to, elapsed/a.duration
	switch {
	case a.repeats:
		if a.autoreverses && math.Mod(math.Trunc(progress), 2) == 1 {
			from, to = to, from
		}
		progress = math.Mod(elapsed, a.duration) / a.duration
	case !(progress <= 1): // also 0 divided by 0
		progress, arrived = 1, true
	}
	return a.target.set(e, interpolate(from, to, a.ease(progress))) && arrived
}

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

// maxPath is the maximum length of an animation's path, in bytes.
const maxPath = 1024

// ParseAnimation parses an animation from decoded JSON (see [netcode.ParseValue]):
//
//	{"path", "from", "to", "start_at", "duration", "easing"?, "repeats"?, "autoreverses"?}
//
// A path that leads nowhere is valid, since it may lead somewhere later. So is the name of
// an unknown easing.
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

// Component returns the name of the component that the animation moves.
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

// target is the property that an animation moves: component.key.index…, for a matrix
// optionally a part of it, and an axis of that. Only the entity shows whether "scale" at
// the end of a path is a part of a matrix or the name of a key.
type target struct {
	path   []string
	matrix []string // the path without part and axis
	part   part
	axis   int // 1 to 3 for x to z; 0 = all of them
}

// part is the part of a matrix that an animation moves.
type part int

const (
	whole part = iota
	rotationPart
	translationPart
	scalePart
)

var (
	parts = map[string]part{"rotation": rotationPart, "translation": translationPart, "scale": scalePart}
	axes  = map[string]int{"x": 1, "y": 2, "z": 3}
)

func parseTarget(path string) target {
	t := target{path: strings.Split(path, ".")}
	last := len(t.path) - 1
	if last > 0 && parts[t.path[last-1]] != whole {
		if t.axis = axes[t.path[last]]; t.axis > 0 {
			last--
		}
	}
	t.part, t.matrix = parts[t.path[last]], t.path[:last]
	return t
}

// set sets the entity's property, and reports whether it has such a property of the value's
// kind.
func (t *target) set(e *world.Entity, v world.Numbers) bool {
	if t.part != whole {
		if m, ok := e.Numbers(t.matrix); ok && m.N == len(m.V) {
			return t.setPart((*mgl64.Mat4)(&m.V), &v) && e.SetNumbers(t.matrix, m)
		}
	}
	return e.SetNumbers(t.path, v)
}

// setPart sets a part of a matrix. For a single axis it uses the first number: an angle or
// a distance, or the angle of an angle and axis.
func (t *target) setPart(m *mgl64.Mat4, v *world.Numbers) bool {
	kind := 3
	if t.part == rotationPart {
		kind = 4
	}
	if v.N != kind && (v.N != 1 || t.axis == 0) {
		return false
	}
	switch t.part {
	case rotationPart:
		t.rotate(m, v)
	case translationPart:
		t.overwrite(v, &m[12], &m[13], &m[14])
	case scalePart:
		t.overwrite(v, &m[0], &m[5], &m[10])
	}
	return true
}

// rotate replaces everything in a matrix except its translation.
func (t *target) rotate(m *mgl64.Mat4, v *world.Numbers) {
	r := rotationIn(v)
	if t.axis > 0 {
		r.axis = mgl64.Vec3{}
		r.axis[t.axis-1] = 1
	}
	turned := r.matrix()
	turned.SetCol(3, position(*m).Vec4(1))
	*m = turned
}

func (t *target) overwrite(v *world.Numbers, elements ...*float64) {
	if t.axis > 0 {
		*elements[t.axis-1] = v.V[0]
		return
	}
	for i, e := range elements {
		*e = v.V[i]
	}
}

// interpolate interpolates between two values of one kind.
func interpolate(from, to *world.Numbers, progress float64) world.Numbers {
	v := *from
	switch v.N {
	case 4:
		r := slerp(rotationIn(from), rotationIn(to), progress)
		copy(v.V[:], []float64{r.angle, r.axis[0], r.axis[1], r.axis[2]})
	case 16:
		// Agents go from to back to from, and apps count on it.
		for i := range v.N {
			v.V[i] = to.V[i]*(1-progress) + from.V[i]*progress
		}
	default:
		for i := range v.N {
			v.V[i] += (to.V[i] - from.V[i]) * progress
		}
	}
	return v
}

func rotationIn(v *world.Numbers) rotation {
	return rotation{v.V[0], mgl64.Vec3{v.V[1], v.V[2], v.V[3]}}
}
