package vec

import (
	"math"

	"github.com/go-gl/mathgl/mgl64"
	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/scripts/internal/api"
)

func quaternionClass() api.Class {
	return api.Class{
		Name: quaternionName, Is: "{ [integer]: number }", Method: true,
		Doc: "A rotation as a quaternion: a list of x, y, z and w. Only its direction counts: lists that are not 1 long " +
			"are taken as if they were. q * r turns by r and then by q, q * v turns a vector; q == r compares the " +
			"numbers, of two values made by loci.vec.",
		Fields: []api.Field{
			{Name: "x", Type: "number", Doc: "the same as [1]", Writable: true},
			{Name: "y", Type: "number", Doc: "the same as [2]", Writable: true},
			{Name: "z", Type: "number", Doc: "the same as [3]", Writable: true},
			{Name: "w", Type: "number", Doc: "the same as [4]; 1 if nothing is turned", Writable: true},
		},
		Operators: []string{"mul(loci.Quaternion): loci.Quaternion", "mul(loci.Vector): loci.Vector"},
		Functions: append(asMethods(quaternionFunctions()),
			api.Function{Name: "inverse", Signature: "(): loci.Quaternion", Doc: "The rotation that undoes this one.", Call: vecInverse},
			api.Function{Name: "matrix", Signature: "(): loci.Matrix", Doc: "The matrix that turns alike.", Call: vecMatrix}),
	}
}

func quaternionMakers() []api.Function {
	return []api.Function{
		{Name: "quat", Signature: "(axis: loci.Vector|loci.Quaternion|loci.Matrix|number[], angle?: number): loci.Quaternion", Doc: "The rotation about an axis, of any length but 0, by an angle; or that of a list of x, y, z and w, or of a matrix.", Call: vecQuat},
		{Name: "euler", Signature: "(x: number|loci.Vector|number[], y?: number, z?: number): loci.Quaternion", Doc: "The rotation about Z, then X, then Y by these angles, as a transform's turn has it.", Call: vecEuler},
	}
}

// quaternionFunctions are those that are methods too.
func quaternionFunctions() []api.Function {
	return []api.Function{
		{Name: "slerp", Signature: "(q: loci.Quaternion|number[], r: loci.Quaternion|number[], t: number): loci.Quaternion", Doc: "The rotation on the shortest way from q, where t is 0, to r, where t is 1.", Call: vecSlerp},
		{Name: "rotate", Signature: "(q: loci.Quaternion|number[], v: loci.Vector|number[]): loci.Vector", Doc: "A vector, turned.", Call: vecRotate},
		{Name: "angles", Signature: "(q: loci.Quaternion|number[]): loci.Vector", Doc: "The angles about X, Y and Z of a transform's turn, and of vec.euler: -pi/2 to pi/2 about X, -pi to pi about the others.", Call: vecAngles},
	}
}

func vecQuat(L *lua.LState) int {
	a := numbersOf(L.Get(1))
	if a.n == 3 {
		return pushRotation(L, axisAngle(L))
	}
	switch {
	case L.GetTop() > 1:
		unfit(L, 1, "axis", vectorWanted)
	case a.n == 4:
		return pushRotation(L, a.rotation(L))
	case a.n == 16:
		p := poseOf(L, a.matrix())
		return pushRotation(L, mgl64.Mat4ToQuat(p.turned.Mat4()))
	}
	unfit(L, 1, "axis", "a vector, a quaternion or a matrix")
	return 0
}

// axisAngle is the arguments axis and angle.
func axisAngle(L *lua.LState) mgl64.Quat {
	axis := vectorArg(L, 1, "axis")
	if axis == (mgl64.Vec3{}) {
		L.ArgError(1, "axis: it has no direction, it is 0 long")
	}
	return mgl64.QuatRotate(numberArg(L, 2, "angle"), normalized(axis))
}

func vecEuler(L *lua.LState) int {
	return pushRotation(L, mgl64.Mat4ToQuat(turned(threeArgs(L))))
}

func vecSlerp(L *lua.LState) int {
	return pushRotation(L, mgl64.QuatSlerp(rotationArg(L, 1, "q"), rotationArg(L, 2, "r"), numberArg(L, 3, "t")))
}

func vecRotate(L *lua.LState) int {
	return pushVector(L, rotationArg(L, 1, "q").Rotate(vectorArg(L, 2, "v")))
}

func vecAngles(L *lua.LState) int {
	return pushVector(L, anglesOf(rotationArg(L, 1, "q").Mat4().Mat3()))
}

// anglesOf undoes turned.
func anglesOf(m mgl64.Mat3) mgl64.Vec3 {
	x := math.Atan2(-m.At(1, 2), math.Hypot(m.At(1, 0), m.At(1, 1)))
	y := math.Atan2(m.At(0, 2), m.At(2, 2))
	// What is left when the turn about Y is undone, so that z is right even where X
	// is upright and the two cannot be told apart.
	sin, cos := math.Sincos(y)
	z := math.Atan2(sin*m.At(2, 1)-cos*m.At(0, 1), cos*m.At(0, 0)-sin*m.At(2, 0))
	return mgl64.Vec3{x, y, z}
}
