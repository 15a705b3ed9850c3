package sim

import (
	"strings"

	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/engine/world"
)

// target is the property that an animation moves: component.key.index…, and for a
// matrix one of its parts, and for that one of its axes. Whether "scale" at the end
// of a path is a part of a matrix or the name of a key shows only in the entity.
type target struct {
	path   []string
	matrix []string // the path without part and axis
	part   part
	axis   int // 1 to 3 for x to z; 0 = all of them
}

// part is what of a matrix an animation moves.
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

// set returns the entity's property a value, and reports whether it has such a property,
// of that kind.
func (t *target) set(e *world.Entity, v world.Numbers) bool {
	if t.part != whole {
		if m, ok := e.Numbers(t.matrix); ok && m.N == len(m.V) {
			return t.setPart((*mgl64.Mat4)(&m.V), &v) && e.SetNumbers(t.matrix, m)
		}
	}
	return e.SetNumbers(t.path, v)
}

// setPart gives a part of a matrix a value. For one axis the first number counts: an
// angle or a distance, or the angle of an angle and axis.
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

// rotate replaces all of a matrix but its translation.
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

// interpolate goes from one value to another of its kind.
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
