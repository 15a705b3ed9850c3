package vec

import (
	"math"

	"github.com/go-gl/mathgl/mgl64"
	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/scripts/internal/api"
)

func vectorClass() api.Class {
	return api.Class{
		Name: vectorName, Is: "{ [integer]: number }", Method: true,
		Doc: "A vector: a list of three numbers. v + w, v - w, -v, v * 2, 2 * v and v / 2 are vectors; v == w compares " +
			"the numbers, of two values made by loci.vec.",
		Fields: []api.Field{
			{Name: "x", Type: "number", Doc: "the same as [1]", Writable: true},
			{Name: "y", Type: "number", Doc: "the same as [2]", Writable: true},
			{Name: "z", Type: "number", Doc: "the same as [3]", Writable: true},
		},
		Functions: asMethods(vectorFunctions()),
		Operators: []string{
			"add(loci.Vector|number[]): loci.Vector", "sub(loci.Vector|number[]): loci.Vector", "mul(number): loci.Vector",
			"div(number): loci.Vector", "unm: loci.Vector",
		},
	}
}

func vectorMakers() []api.Function {
	return []api.Function{
		{Name: "new", Signature: "(x?: number|loci.Vector|number[], y?: number, z?: number): loci.Vector", Doc: "A vector of three numbers, or of a list of three, which is copied. Without arguments it is all 0.", Call: vecNew},
	}
}

// vectorFunctions are those that are methods too.
func vectorFunctions() []api.Function {
	return []api.Function{
		{Name: "dot", Signature: "(a: loci.Vector|number[], b: loci.Vector|number[]): number", Doc: "The dot product.", Call: vecDot},
		{Name: "cross", Signature: "(a: loci.Vector|number[], b: loci.Vector|number[]): loci.Vector", Doc: "The cross product: at right angles to both, counter-clockwise from a to b.", Call: vecCross},
		{Name: "length", Signature: "(a: loci.Vector|number[]): number", Doc: "How long a vector is.", Call: vecLength},
		{Name: "distance", Signature: "(a: loci.Vector|number[], b: loci.Vector|number[]): number", Doc: "How far it is from a to b.", Call: vecDistance},
		{Name: "normalize", Signature: "(a: loci.Vector|number[]): loci.Vector", Doc: "A vector of the same direction that is 1 long. One that is 0 long stays that.", Call: vecNormalize},
		{Name: "lerp", Signature: "(a: loci.Vector|number[], b: loci.Vector|number[], t: number): loci.Vector", Doc: "The point between a, where t is 0, and b, where t is 1, and beyond them on the same line.", Call: vecLerp},
		{Name: "angle", Signature: "(a: loci.Vector|number[], b: loci.Vector|number[]): number", Doc: "The angle between two vectors, 0 to pi. It is 0 if one of them is 0 long.", Call: vecAngle},
	}
}

func vecNew(L *lua.LState) int {
	if L.GetTop() == 0 {
		return pushVector(L, mgl64.Vec3{})
	}
	return pushVector(L, threeArgs(L))
}

func vecDot(L *lua.LState) int {
	return pushNumber(L, vectorArg(L, 1, "a").Dot(vectorArg(L, 2, "b")))
}

func vecCross(L *lua.LState) int {
	return pushVector(L, vectorArg(L, 1, "a").Cross(vectorArg(L, 2, "b")))
}

func vecLength(L *lua.LState) int {
	return pushNumber(L, vectorLength(vectorArg(L, 1, "a")))
}

func vecDistance(L *lua.LState) int {
	return pushNumber(L, vectorLength(vectorArg(L, 1, "a").Sub(vectorArg(L, 2, "b"))))
}

func vecNormalize(L *lua.LState) int {
	return pushVector(L, normalized(vectorArg(L, 1, "a")))
}

func vecLerp(L *lua.LState) int {
	a, b, t := vectorArg(L, 1, "a"), vectorArg(L, 2, "b"), numberArg(L, 3, "t")
	return pushVector(L, a.Mul(1-t).Add(b.Mul(t))) // exactly a at 0, and b at 1
}

func vecAngle(L *lua.LState) int {
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
