package sim

import (
	"math"

	"github.com/go-gl/mathgl/mgl64"
)

// rotation is an angle, in radians, about an axis of length 1. The axis of no rotation is
// zero.
type rotation struct {
	angle float64
	axis  mgl64.Vec3
}

// rotationOf returns the rotation in a matrix with uniform scale. The angle is from 0 to
// pi, and NaN if the matrix is flat.
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

// halfTurn is the distance from half a turn below which the difference between a matrix and
// its transpose is too small to find the axis.
const halfTurn = 1e-5

// halfTurnAxis returns the axis of (almost) half a turn, for which R + Rᵀ + 2 = 4 axis·axisᵀ.
// Its sign follows hint, if hint is not zero.
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

// quat returns the rotation as a quaternion. The length of the axis does not matter; a zero
// axis means no rotation.
func (r rotation) quat() mgl64.Quat {
	length := r.axis.Len()
	if length == 0 {
		return mgl64.QuatIdent()
	}
	return mgl64.QuatRotate(r.angle, r.axis.Mul(1/length))
}

// slerp interpolates between two rotations at constant speed, the short way.
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
