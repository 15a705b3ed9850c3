package vec

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/go-gl/mathgl/mgl64"
	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/scripts/internal/bind"
)

// numbers are what loci.vec works on: n is 1 for a number, 3 for a vector, 4 for a
// quaternion, 16 for a matrix, and 0 for what is none of these.
type numbers struct {
	n  int
	at [16]float64
}

// What errors call the lists that were expected.
const (
	vectorWanted     = "a vector, {x, y, z},"
	quaternionWanted = "a quaternion, {x, y, z, w},"
	matrixWanted     = "a matrix, 16 numbers,"
)

// numbersOf takes the numbers of any Lua value: of a list, with a metatable or without, or of
// a part of a component.
func numbersOf(v lua.LValue) (out numbers) {
	n := 0
	switch v := v.(type) {
	case lua.LNumber:
		n, out.at[0] = 1, float64(v)
	case *lua.LTable:
		if n = listed(v.Len()); n == 0 {
			return out
		}
		for i := range n {
			f, ok := v.RawGetInt(i + 1).(lua.LNumber)
			if !ok {
				return numbers{}
			}
			out.at[i] = float64(f)
		}
	case *lua.LUserData:
		value, ok := v.Value.(bind.Plain)
		if !ok {
			return out
		}
		list, _ := value.Plain().([]any)
		n = listed(len(list))
		for i := range n {
			if out.at[i], ok = list[i].(float64); !ok {
				return numbers{}
			}
		}
	}
	out.n = n
	return out
}

// listed gives a list's length if it is one of those that mean something.
func listed(n int) int {
	if n == 3 || n == 4 || n == 16 {
		return n
	}
	return 0
}

func (a *numbers) vector() mgl64.Vec3 { return mgl64.Vec3{a.at[0], a.at[1], a.at[2]} }

func (a *numbers) matrix() mgl64.Mat4 { return a.at }

// rotation is a quaternion with the length 1: all others of the same direction turn
// alike.
func (a *numbers) rotation(L *lua.LState) mgl64.Quat {
	q := mgl64.Quat{V: a.vector(), W: a.at[3]}
	if n := q.Len(); !(n > 0) || math.IsInf(n, 0) {
		L.RaiseError("quaternion%s is no rotation", listText(a.at[:4]))
	}
	return q.Normalize()
}

func vectorArg(L *lua.LState, n int, name string) mgl64.Vec3 {
	a := numbersOf(L.Get(n))
	if a.n != 3 {
		unfit(L, n, name, vectorWanted)
	}
	return a.vector()
}

func rotationArg(L *lua.LState, n int, name string) mgl64.Quat {
	a := numbersOf(L.Get(n))
	if a.n != 4 {
		unfit(L, n, name, quaternionWanted)
	}
	return a.rotation(L)
}

func matrixArg(L *lua.LState, n int, name string) mgl64.Mat4 {
	a := numbersOf(L.Get(n))
	if a.n != 16 {
		unfit(L, n, name, matrixWanted)
	}
	return a.matrix()
}

func numberArg(L *lua.LState, n int, name string) float64 {
	f, ok := L.Get(n).(lua.LNumber)
	if !ok || !isFinite(float64(f)) {
		unfit(L, n, name, "a finite number")
	}
	return float64(f)
}

// threeArgs is x, y, z, or one vector.
func threeArgs(L *lua.LState) mgl64.Vec3 {
	if L.GetTop() == 1 && L.Get(1).Type() != lua.LTNumber {
		return vectorArg(L, 1, "x")
	}
	return mgl64.Vec3{numberArg(L, 1, "x"), numberArg(L, 2, "y"), numberArg(L, 3, "z")}
}

// unfit raises the error about an argument, which has a name because its number is
// another one in a method.
func unfit(L *lua.LState, n int, name, want string) {
	L.ArgError(n, fmt.Sprintf("%s: %s expected, got %s", name, want, describe(L.Get(n))))
}

// undefined raises the error about an operator that does not take what it is given.
func undefined(L *lua.LState, operator string) {
	hint := ""
	if operator == "*" && numbersOf(L.Get(1)).n == 3 && numbersOf(L.Get(2)).n == 3 {
		hint = "; there are vec.dot and vec.cross"
	}
	L.RaiseError("%s %s %s is not defined%s", describe(L.Get(1)), operator, describe(L.Get(2)), hint)
}

// describe says what a value is, for people.
func describe(v lua.LValue) string {
	a := numbersOf(v)
	switch a.n {
	case 1:
		return strings.Trim(listText(a.at[:1]), "()")
	case 3:
		return "a vector"
	case 4:
		return "a quaternion"
	case 16:
		return "a matrix"
	}
	switch v := v.(type) {
	case *lua.LNilType:
		return "nothing"
	case *lua.LUserData:
		return bind.NameOf(v)
	case *lua.LTable:
		if n := v.Len(); listed(n) > 0 {
			return fmt.Sprintf("a list of %d that are not all numbers", n)
		} else if n > 0 {
			return fmt.Sprintf("a list of %d", n)
		}
	}
	return "a " + v.Type().String()
}

func isFinite(f float64) bool { return !math.IsInf(f, 0) && !math.IsNaN(f) }

// listText writes numbers for people: nine digits are a micrometre in a kilometre.
func listText(values []float64) string {
	b := []byte("(")
	for i, v := range values {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendFloat(b, v, 'g', 9, 64)
	}
	return string(append(b, ')'))
}

// plainName is a class's name for people: "vector".
func plainName(class string) string { return strings.ToLower(strings.TrimPrefix(class, "loci.")) }

// numberList makes a value of a class.
func numberList(L *lua.LState, class string, values []float64) *lua.LTable {
	t := L.CreateTable(len(values), 0)
	for i, v := range values {
		t.RawSetInt(i+1, lua.LNumber(v))
	}
	t.Metatable = L.GetTypeMetatable(class)
	return t
}

// pushList gives a result, unless it is one that no component could hold.
func pushList(L *lua.LState, class string, values []float64) int {
	mustBeFinite(L, values)
	L.Push(numberList(L, class, values))
	return 1
}

func mustBeFinite(L *lua.LState, values []float64) {
	for _, v := range values {
		if !isFinite(v) {
			L.RaiseError("the result is not finite: %s", listText(values))
		}
	}
}

func pushVector(L *lua.LState, v mgl64.Vec3) int { return pushList(L, vectorName, v[:]) }

func pushMatrix(L *lua.LState, m mgl64.Mat4) int { return pushList(L, matrixName, m[:]) }

func pushRotation(L *lua.LState, q mgl64.Quat) int {
	q = q.Normalize()
	return pushList(L, quaternionName, []float64{q.V[0], q.V[1], q.V[2], q.W})
}

func pushNumber(L *lua.LState, f float64) int {
	mustBeFinite(L, []float64{f})
	L.Push(lua.LNumber(f))
	return 1
}
