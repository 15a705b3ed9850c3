package scripts

import (
	"math"

	"github.com/go-gl/mathgl/mgl64"
	lua "github.com/yuin/gopher-lua"
)

func vectorClass() class {
	return class{
		name: vectorName, is: "{ [integer]: number }", method: true,
		doc: "A vector: a list of three numbers. v + w, v - w, -v, v * 2, 2 * v and v / 2 are vectors; v == w compares " +
			"the numbers, of two values made by loci.vec.",
		fields: []field{
			{name: "x", typ: "number", doc: "the same as [1]", writable: true},
			{name: "y", typ: "number", doc: "the same as [2]", writable: true},
			{name: "z", typ: "number", doc: "the same as [3]", writable: true},
		},
		functions: asMethods(vectorFunctions()),
	}
}

func vectorMakers() []function {
	return []function{
		{"new", "(x?: number|loci.Vector|number[], y?: number, z?: number): loci.Vector", "A vector of three numbers, or of a list of three, which is copied. Without arguments it is all 0.", (*generation).vecNew},
	}
}

// vectorFunctions are those that are methods too.
func vectorFunctions() []function {
	return []function{
		{"dot", "(a: loci.Vector|number[], b: loci.Vector|number[]): number", "The dot product.", (*generation).vecDot},
		{"cross", "(a: loci.Vector|number[], b: loci.Vector|number[]): loci.Vector", "The cross product: at right angles to both, counter-clockwise from a to b.", (*generation).vecCross},
		{"length", "(a: loci.Vector|number[]): number", "How long a vector is.", (*generation).vecLength},
		{"distance", "(a: loci.Vector|number[], b: loci.Vector|number[]): number", "How far it is from a to b.", (*generation).vecDistance},
		{"normalize", "(a: loci.Vector|number[]): loci.Vector", "A vector of the same direction that is 1 long. One that is 0 long stays that.", (*generation).vecNormalize},
		{"lerp", "(a: loci.Vector|number[], b: loci.Vector|number[], t: number): loci.Vector", "The point between a, where t is 0, and b, where t is 1, and beyond them on the same line.", (*generation).vecLerp},
		{"angle", "(a: loci.Vector|number[], b: loci.Vector|number[]): number", "The angle between two vectors, 0 to pi. It is 0 if one of them is 0 long.", (*generation).vecAngle},
	}
}

func (g *generation) vecNew(L *lua.LState) int {
	if L.GetTop() == 0 {
		return pushVector(L, mgl64.Vec3{})
	}
	return pushVector(L, threeArgs(L))
}

func (g *generation) vecDot(L *lua.LState) int {
	return pushNumber(L, vectorArg(L, 1, "a").Dot(vectorArg(L, 2, "b")))
}

func (g *generation) vecCross(L *lua.LState) int {
	return pushVector(L, vectorArg(L, 1, "a").Cross(vectorArg(L, 2, "b")))
}

func (g *generation) vecLength(L *lua.LState) int {
	return pushNumber(L, vectorLength(vectorArg(L, 1, "a")))
}

func (g *generation) vecDistance(L *lua.LState) int {
	return pushNumber(L, vectorLength(vectorArg(L, 1, "a").Sub(vectorArg(L, 2, "b"))))
}

func (g *generation) vecNormalize(L *lua.LState) int {
	return pushVector(L, normalized(vectorArg(L, 1, "a")))
}

func (g *generation) vecLerp(L *lua.LState) int {
	a, b, t := vectorArg(L, 1, "a"), vectorArg(L, 2, "b"), numberArg(L, 3, "t")
	return pushVector(L, a.Mul(1-t).Add(b.Mul(t))) // exactly a at 0, and b at 1
}

func (g *generation) vecAngle(L *lua.LState) int {
	a, b := normalized(vectorArg(L, 1, "a")), normalized(vectorArg(L, 2, "b"))
	// The cosine alone says little about small angles.
	return pushNumber(L, math.Atan2(a.Cross(b).Len(), a.Dot(b)))
}

// vectorLength is that of any vector: mgl64's squares are 0 or infinite for very small and
// very large ones.
func vectorLength(v mgl64.Vec3) float64 { return math.Hypot(math.Hypot(v[0], v[1]), v[2]) }

// normalized gives a vector 1 long, or as it is if it is 0 long.
func normalized(v mgl64.Vec3) mgl64.Vec3 {
	if n := vectorLength(v); n > 0 {
		return mgl64.Vec3{v[0] / n, v[1] / n, v[2] / n}
	}
	return v
}
