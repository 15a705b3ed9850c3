package scripts

import (
	"math"

	"github.com/go-gl/mathgl/mgl64"
	lua "github.com/yuin/gopher-lua"
)

func quaternionClass() class {
	return class{
		name: quaternionName, is: "{ [integer]: number }", method: true,
		doc: "A rotation as a quaternion: a list of x, y, z and w. Only its direction counts: lists that are not 1 long " +
			"are taken as if they were. q * r turns by r and then by q, q * v turns a vector; q == r compares the " +
			"numbers, of two values made by loci.vec.",
		fields: []field{
			{name: "x", typ: "number", doc: "the same as [1]", writable: true},
			{name: "y", typ: "number", doc: "the same as [2]", writable: true},
			{name: "z", typ: "number", doc: "the same as [3]", writable: true},
			{name: "w", typ: "number", doc: "the same as [4]; 1 if nothing is turned", writable: true},
		},
		functions: append(asMethods(quaternionFunctions()),
			function{"inverse", "(): loci.Quaternion", "The rotation that undoes this one.", (*generation).vecInverse},
			function{"matrix", "(): loci.Matrix", "The matrix that turns alike.", (*generation).vecMatrix}),
	}
}

func quaternionMakers() []function {
	return []function{
		{"quat", "(axis: loci.Vector|loci.Quaternion|loci.Matrix|number[], angle?: number): loci.Quaternion", "The rotation about an axis, of any length but 0, by an angle; or that of a list of x, y, z and w, or of a matrix.", (*generation).vecQuat},
		{"euler", "(x: number|loci.Vector|number[], y?: number, z?: number): loci.Quaternion", "The rotation about Z, then X, then Y by these angles, as a transform's turn has it.", (*generation).vecEuler},
	}
}

// quaternionFunctions are those that are methods too.
func quaternionFunctions() []function {
	return []function{
		{"slerp", "(q: loci.Quaternion|number[], r: loci.Quaternion|number[], t: number): loci.Quaternion", "The rotation on the shortest way from q, where t is 0, to r, where t is 1.", (*generation).vecSlerp},
		{"rotate", "(q: loci.Quaternion|number[], v: loci.Vector|number[]): loci.Vector", "A vector, turned.", (*generation).vecRotate},
		{"angles", "(q: loci.Quaternion|number[]): loci.Vector", "The angles about X, Y and Z of a transform's turn, and of vec.euler: -pi/2 to pi/2 about X, -pi to pi about the others.", (*generation).vecAngles},
	}
}

func (g *generation) vecQuat(L *lua.LState) int {
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

func (g *generation) vecEuler(L *lua.LState) int {
	return pushRotation(L, mgl64.Mat4ToQuat(turned(threeArgs(L))))
}

func (g *generation) vecSlerp(L *lua.LState) int {
	return pushRotation(L, mgl64.QuatSlerp(rotationArg(L, 1, "q"), rotationArg(L, 2, "r"), numberArg(L, 3, "t")))
}

func (g *generation) vecRotate(L *lua.LState) int {
	return pushVector(L, rotationArg(L, 1, "q").Rotate(vectorArg(L, 2, "v")))
}

func (g *generation) vecAngles(L *lua.LState) int {
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
