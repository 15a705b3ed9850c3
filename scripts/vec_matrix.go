package scripts

import (
	"math"

	"github.com/go-gl/mathgl/mgl64"
	lua "github.com/yuin/gopher-lua"
)

func matrixClass() class {
	return class{
		name: matrixName, is: "{ [integer]: number }", method: true,
		doc: "A transform as a matrix: a list of 16 numbers, column after column, as transform.matrix is; 13 to 15 are " +
			"where it moves to. m * n applies n and then m, m * v moves a point; m == n compares the numbers, of two " +
			"values made by loci.vec.",
		functions: append(asMethods(matrixFunctions()),
			function{"inverse", "(): loci.Matrix", "The matrix that undoes this one. One that scales something to nothing has none, which is an error.", (*generation).vecInverse},
			function{"quat", "(): loci.Quaternion", "How it turns, without its scale.", (*generation).vecQuat}),
	}
}

func matrixMakers() []function {
	return []function{
		{"matrix", "(of: loci.Matrix|loci.Quaternion|number[]): loci.Matrix", "A matrix of a list of 16 numbers, such as `entity.transform.matrix`, which is copied; or of a rotation.", (*generation).vecMatrix},
		{"identity", "(): loci.Matrix", "The matrix that changes nothing.", (*generation).vecIdentity},
		{"translation", "(x: number|loci.Vector|number[], y?: number, z?: number): loci.Matrix", "The matrix that moves.", (*generation).vecTranslation},
		{"rotation", "(axis: loci.Vector|loci.Quaternion|number[], angle?: number): loci.Matrix", "The matrix that turns about an axis by an angle, or as a quaternion does.", (*generation).vecRotation},
		{"scaling", "(x: number|loci.Vector|number[], y?: number, z?: number): loci.Matrix", "The matrix that scales, by one number in all directions.", (*generation).vecScaling},
		{"compose", "(transform: {at?: number[], turn?: number[], scale?: number|number[]}): loci.Matrix", "The matrix of a transform in its short form: it scales, turns about Z, X and Y, and moves.", (*generation).vecCompose},
	}
}

// matrixFunctions are those that are methods too.
func matrixFunctions() []function {
	return []function{
		{"point", "(m: loci.Matrix|number[], p: loci.Vector|number[]): loci.Vector", "Where a point comes to, as m * p.", (*generation).vecPoint},
		{"direction", "(m: loci.Matrix|number[], d: loci.Vector|number[]): loci.Vector", "A direction, turned and scaled, but not moved.", (*generation).vecDirection},
		{"position", "(m: loci.Matrix|number[]): loci.Vector", "Where it moves to.", (*generation).vecPosition},
		{"decompose", "(m: loci.Matrix|number[]): {at: loci.Vector, turn: loci.Vector, scale: loci.Vector}", "The short form of a transform. What is mirrored has a negative scale in X, and what is skewed is straightened. A matrix that scales something to nothing is an error.", (*generation).vecDecompose},
	}
}

func (g *generation) vecMatrix(L *lua.LState) int {
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

func (g *generation) vecIdentity(L *lua.LState) int { return pushMatrix(L, mgl64.Ident4()) }

func (g *generation) vecTranslation(L *lua.LState) int {
	v := threeArgs(L)
	return pushMatrix(L, mgl64.Translate3D(v[0], v[1], v[2]))
}

func (g *generation) vecRotation(L *lua.LState) int {
	if a := numbersOf(L.Get(1)); a.n == 4 && L.GetTop() == 1 {
		return pushMatrix(L, a.rotation(L).Mat4())
	}
	return pushMatrix(L, axisAngle(L).Mat4())
}

func (g *generation) vecScaling(L *lua.LState) int {
	if L.GetTop() == 1 && L.Get(1).Type() == lua.LTNumber {
		s := numberArg(L, 1, "x")
		return pushMatrix(L, mgl64.Scale3D(s, s, s))
	}
	v := threeArgs(L)
	return pushMatrix(L, mgl64.Scale3D(v[0], v[1], v[2]))
}

func (g *generation) vecCompose(L *lua.LState) int {
	L.CheckTypes(1, lua.LTTable, lua.LTUserData)
	t, ok := g.toGo(L, L.Get(1), component).(map[string]any)
	if !ok {
		unfit(L, 1, "transform", "{ at = …, turn = …, scale = … }")
	}
	for name := range t {
		if name != "at" && name != "turn" && name != "scale" {
			L.ArgError(1, "transform: it has at, turn and scale, but no "+name+suggest(name, []string{"at", "turn", "scale"}))
		}
	}
	m, err := composed(t)
	g.check(L, err)
	return pushMatrix(L, m)
}

func (g *generation) vecPoint(L *lua.LState) int {
	return pushVector(L, mgl64.TransformCoordinate(vectorArg(L, 2, "p"), matrixArg(L, 1, "m")))
}

func (g *generation) vecDirection(L *lua.LState) int {
	return pushVector(L, matrixArg(L, 1, "m").Mul4x1(vectorArg(L, 2, "d").Vec4(0)).Vec3())
}

func (g *generation) vecPosition(L *lua.LState) int {
	return pushVector(L, matrixArg(L, 1, "m").Col(3).Vec3())
}

func (g *generation) vecDecompose(L *lua.LState) int {
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
