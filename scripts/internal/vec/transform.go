package vec

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/go-gl/mathgl/mgl64"
)

// WriteOutAll writes out the short transforms in a description of an entity and its
// children.
func WriteOutAll(spec map[string]any) error {
	from := spec
	if nested, ok := spec["components"].(map[string]any); ok {
		from = nested
	}
	if t, ok := from["transform"].(map[string]any); ok {
		if err := WriteOut(t); err != nil {
			return err
		}
	}
	children, _ := spec["children"].([]any)
	named, _ := spec["children"].(map[string]any)
	for _, child := range slices.AppendSeq(slices.Clone(children), maps.Values(named)) {
		if child, ok := child.(map[string]any); ok {
			if err := WriteOutAll(child); err != nil {
				return err
			}
		}
	}
	return nil
}

// WriteOut makes a matrix of { at = {x, y, z}, turn = {rx, ry, rz}, scale = s }.
func WriteOut(t map[string]any) error {
	_, hasAt := t["at"]
	_, hasTurn := t["turn"]
	_, hasScale := t["scale"]
	if !hasAt && !hasTurn && !hasScale {
		return nil
	}
	if t["matrix"] != nil {
		return errors.New("a transform has either a matrix, or at, turn and scale")
	}
	m, err := composed(t)
	if err != nil {
		return err
	}
	matrix := make([]any, len(m))
	for i, v := range m {
		matrix[i] = v
	}
	delete(t, "at")
	delete(t, "turn")
	delete(t, "scale")
	t["matrix"] = matrix
	return nil
}

// composed is the matrix of a short transform: scaled, turned and then moved. Metres and
// radians.
func composed(t map[string]any) (mgl64.Mat4, error) {
	position, err := vector(t["at"], 0)
	if err != nil {
		return mgl64.Mat4{}, fmt.Errorf("transform.at %w", err)
	}
	angles, err := vector(t["turn"], 0)
	if err != nil {
		return mgl64.Mat4{}, fmt.Errorf("transform.turn %w", err)
	}
	size, err := vector(t["scale"], 1)
	if err != nil {
		return mgl64.Mat4{}, fmt.Errorf("transform.scale %w", err)
	}
	return mgl64.Translate3D(position[0], position[1], position[2]).
		Mul4(turned(angles)).
		Mul4(mgl64.Scale3D(size[0], size[1], size[2])), nil
}

// turned turns about Z, then X, then Y, counter-clockwise.
func turned(angles mgl64.Vec3) mgl64.Mat4 {
	return mgl64.HomogRotate3DY(angles[1]).
		Mul4(mgl64.HomogRotate3DX(angles[0])).
		Mul4(mgl64.HomogRotate3DZ(angles[2]))
}

// vector reads three numbers; where there is nothing, or one number, all are the same.
func vector(v any, otherwise float64) (mgl64.Vec3, error) {
	switch v := v.(type) {
	case nil:
		return mgl64.Vec3{otherwise, otherwise, otherwise}, nil
	case float64:
		if otherwise == 1 {
			return mgl64.Vec3{v, v, v}, nil
		}
	case []any:
		var out mgl64.Vec3
		for i := range v {
			f, ok := v[i].(float64)
			if !ok || i >= len(out) || math.IsInf(f, 0) || math.IsNaN(f) {
				return out, errors.New("must be three numbers")
			}
			out[i] = f
		}
		if len(v) == len(out) {
			return out, nil
		}
	}
	return mgl64.Vec3{}, errors.New("must be three numbers")
}
