package sim

import (
	"math"

	"github.com/go-gl/mathgl/mgl64"
)

// rotation is an angle, in radians, about an axis of length 1. The axis is zero
// where nothing turns.
type rotation struct {
	angle float64
	axis  mgl64.Vec3
}

// rotationOf finds the rotation in a matrix, whose scale does not matter as long as
// it is the same along all axes. The angle is from 0 to pi; it is not a number if
// the matrix is flat.
func rotationOf(m mgl64.Mat4) rotation {
	var trace float64
	for i := range 3 {
		column := m.Col(i).Vec3()
		trace += column[i] / column.Len()
	}
	angle := math.Acos(max(-1, min(1, (trace-1)/2)))
	axis := mgl64.Vec3{m[6] - m[9], m[8] - m[2], m[1] - m[4]}
	switch length := axis.Len(); {
	case angle > math.Pi-halfTurn:
		axis = halfTurnAxis(m, axis)
	case length > 0:
		axis = axis.Mul(1 / length)
	}
	return rotation{angle, axis}
}

// halfTurn is how close to half a turn a rotation's axis gets lost in what is left
// of the difference between a matrix and its transpose.
const halfTurn = 1e-5

// halfTurnAxis finds the axis of (almost) half a turn, where R + Rᵀ + 2 = 4 axis·axisᵀ.
// Its sign is that of hint, as far as that has one.
func halfTurnAxis(m mgl64.Mat4, hint mgl64.Vec3) mgl64.Vec3 {
	scale, both, best := m.Col(0).Vec3().Len(), m.Add(m.Transpose()), mgl64.Vec3{}
	for i := range 3 {
		v := both.Col(i).Vec3()
		v[i] += 2 * scale
		if v.Len() > best.Len() {
			best = v
		}
	}
	best = best.Normalize()
	if best.Dot(hint) < 0 {
		return best.Mul(-1)
	}
	return best
}

func (r rotation) matrix() mgl64.Mat4 {
	if r.axis == (mgl64.Vec3{}) {
		r.angle *= 0 // what is not a number remains that
	}
	return mgl64.HomogRotate3D(r.angle, r.axis)
}

// quat returns the rotation as a quaternion. An axis of any other length means the
// same; without one, nothing turns.
func (r rotation) quat() mgl64.Quat {
	length := r.axis.Len()
	if length == 0 {
		return mgl64.QuatIdent()
	}
	return mgl64.QuatRotate(r.angle, r.axis.Mul(1/length))
}

// slerp turns from one rotation to another at an even pace, the short way.
func slerp(from, to rotation, progress float64) rotation {
	q := mgl64.QuatSlerp(from.quat(), to.quat(), progress)
	if q.W < 0 {
		q = q.Scale(-1)
	}
	length := q.V.Len()
	if length == 0 {
		return rotation{axis: from.axis}
	}
	return rotation{2 * math.Atan2(length, q.W), q.V.Mul(1 / length)}
}
