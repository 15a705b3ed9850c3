package vec

import (
	"math"

	"github.com/go-gl/mathgl/mgl64"
	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/internal/suggest"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"
)

func matrixClass() api.Class {
	return api.Class{
		Name: matrixName, Is: "{ [integer]: number }", Method: true,
		Doc: "A transform as a matrix: a list of 16 numbers, column after column, as transform.matrix is; 13 to 15 are " +
			"where it moves to. m * n applies n and then m, m * v moves a point; m == n compares the numbers, of two " +
			"values made by loci.vec.",
		Operators: []string{"mul(loci.Matrix): loci.Matrix", "mul(loci.Vector): loci.Vector"},
		Functions: append(asMethods(matrixFunctions()),
			api.Function{Name: "inverse", Signature: "(): loci.Matrix", Doc: "The matrix that undoes this one. One that scales something to nothing has none, which is an error.", Call: vecInverse},
			api.Function{Name: "quat", Signature: "(): loci.Quaternion", Doc: "How it turns, without its scale.", Call: vecQuat}),
	}
}

func matrixMakers(s *bind.State) []api.Function {
	return []api.Function{
		{Name: "matrix", Signature: "(of: loci.Matrix|loci.Quaternion|number[]): loci.Matrix", Doc: "A matrix of a list of 16 numbers, such as `entity.transform.matrix`, which is copied; or of a rotation.", Call: vecMatrix},
		{Name: "identity", Signature: "(): loci.Matrix", Doc: "The matrix that changes nothing.", Call: vecIdentity},
		{Name: "translation", Signature: "(x: number|loci.Vector|number[], y?: number, z?: number): loci.Matrix", Doc: "The matrix that moves.", Call: vecTranslation},
		{Name: "rotation", Signature: "(axis: loci.Vector|loci.Quaternion|number[], angle?: number): loci.Matrix", Doc: "The matrix that turns about an axis by an angle, or as a quaternion does.", Call: vecRotation},
		{Name: "scaling", Signature: "(x: number|loci.Vector|number[], y?: number, z?: number): loci.Matrix", Doc: "The matrix that scales, by one number in all directions.", Call: vecScaling},
		{Name: "compose", Signature: "(transform: {at?: number[], turn?: number[], scale?: number|number[]}): loci.Matrix", Doc: "The matrix of a transform in its short form: it scales, turns about Z, X and Y, and moves.", Call: func(L *lua.LState) int { return vecCompose(s, L) }},
	}
}

// matrixFunctions are those that are methods too.
func matrixFunctions() []api.Function {
	return []api.Function{
		{Name: "point", Signature: "(m: loci.Matrix|number[], p: loci.Vector|number[]): loci.Vector", Doc: "Where a point comes to, as m * p.", Call: vecPoint},
		{Name: "direction", Signature: "(m: loci.Matrix|number[], d: loci.Vector|number[]): loci.Vector", Doc: "A direction, turned and scaled, but not moved.", Call: vecDirection},
		{Name: "position", Signature: "(m: loci.Matrix|number[]): loci.Vector", Doc: "Where it moves to.", Call: vecPosition},
		{Name: "decompose", Signature: "(m: loci.Matrix|number[]): {at: loci.Vector, turn: loci.Vector, scale: loci.Vector}", Doc: "The short form of a transform. What is mirrored has a negative scale in X, and what is skewed is straightened. A matrix that scales something to nothing is an error.", Call: vecDecompose},
	}
}

func vecMatrix(L *lua.LState) int {
	a := numbersOf(L.Get(1))
	switch a.n {
	case 4:
		return pushMatrix(L, a.rotation(L).Mat4())
	case 16:
		return pushMatrix(L, a.matrix())
	}
	unfit(L, 1, "of", "a matrix, 16 numbers, or a quaternion")
	return 0
}

func vecIdentity(L *lua.LState) int { return pushMatrix(L, mgl64.Ident4()) }

func vecTranslation(L *lua.LState) int {
	v := threeArgs(L)
	return pushMatrix(L, mgl64.Translate3D(v[0], v[1], v[2]))
}

func vecRotation(L *lua.LState) int {
	if a := numbersOf(L.Get(1)); a.n == 4 && L.GetTop() == 1 {
		return pushMatrix(L, a.rotation(L).Mat4())
	}
	return pushMatrix(L, axisAngle(L).Mat4())
}

func vecScaling(L *lua.LState) int {
	if L.GetTop() == 1 && L.Get(1).Type() == lua.LTNumber {
		s := numberArg(L, 1, "x")
		return pushMatrix(L, mgl64.Scale3D(s, s, s))
	}
	v := threeArgs(L)
	return pushMatrix(L, mgl64.Scale3D(v[0], v[1], v[2]))
}

func vecCompose(s *bind.State, L *lua.LState) int {
	L.CheckTypes(1, lua.LTTable, lua.LTUserData)
	t, ok := s.ToGo(L, L.Get(1), bind.Component).(map[string]any)
	if !ok {
		unfit(L, 1, "transform", "{ at = …, turn = …, scale = … }")
	}
	for name := range t {
		if name != "at" && name != "turn" && name != "scale" {
			L.ArgError(1, "transform: it has at, turn and scale, but no "+name+suggest.From(name, "at", "turn", "scale"))
		}
	}
	m, err := composed(t)
	bind.Check(L, err)
	return pushMatrix(L, m)
}

func vecPoint(L *lua.LState) int {
	return pushVector(L, mgl64.TransformCoordinate(vectorArg(L, 2, "p"), matrixArg(L, 1, "m")))
}

func vecDirection(L *lua.LState) int {
	return pushVector(L, matrixArg(L, 1, "m").Mul4x1(vectorArg(L, 2, "d").Vec4(0)).Vec3())
}

func vecPosition(L *lua.LState) int {
	return pushVector(L, matrixArg(L, 1, "m").Col(3).Vec3())
}

func vecDecompose(L *lua.LState) int {
	p := poseOf(L, matrixArg(L, 1, "m"))
	mustBeFinite(L, p.at[:])
	mustBeFinite(L, p.scale[:])
	angles := anglesOf(p.turned)
	t := L.CreateTable(0, 3)
	t.RawSetString("at", numberList(L, vectorName, p.at[:]))
	t.RawSetString("turn", numberList(L, vectorName, angles[:]))
	t.RawSetString("scale", numberList(L, vectorName, p.scale[:]))
	L.Push(t)
	return 1
}

// pose is a matrix taken apart.
type pose struct {
	at, scale mgl64.Vec3
	turned    mgl64.Mat3
}

// flatVolume is how large a box of three edges 1 long is, at the most, that counts as flat.
const flatVolume = 1e-9

// poseOf takes a matrix apart. What is skewed keeps its X, and its Y as far as it is at
// right angles to that.
func poseOf(L *lua.LState, m mgl64.Mat4) pose {
	p := pose{at: m.Col(3).Vec3()}
	var edges [3]mgl64.Vec3
	for i := range edges {
		edge := m.Col(i).Vec3()
		p.scale[i], edges[i] = vectorLength(edge), normalized(edge)
	}
	volume := edges[0].Cross(edges[1]).Dot(edges[2])
	if !(math.Abs(volume) > flatVolume) {
		L.RaiseError("the matrix does not say how it turns: it scales something to nothing")
	}
	x := edges[0]
	if volume < 0 {
		x, p.scale[0] = x.Mul(-1), -p.scale[0]
	}
	y := normalized(edges[1].Sub(x.Mul(edges[1].Dot(x))))
	p.turned = mgl64.Mat3FromCols(x, y, x.Cross(y))
	return p
}
