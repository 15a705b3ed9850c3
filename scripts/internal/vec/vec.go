package vec

import (
	"strings"

	"github.com/go-gl/mathgl/mgl64"
	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/internal/suggest"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"
)

// The classes of what loci.vec makes. Each value is a list of numbers with a metatable
// that is registered under the class's name; without it, it works as well.
const (
	vectorName     = "loci.Vector"
	quaternionName = "loci.Quaternion"
	matrixName     = "loci.Matrix"
)

// Class describes the module loci.vec.
func Class() api.Class { return class(nil) }

func class(s *bind.State) api.Class {
	c := api.Class{
		Name: "loci.vec", At: `require "loci.vec"`,
		Doc: "Vectors, quaternions and matrices. Metres and radians; Y is up, -Z ahead and X to the right, " +
			"and a positive angle turns counter-clockwise when its axis points at you. Each is a list of plain " +
			"numbers, 3, 4 or 16 of them, and can be put into a component, place.state and place.store as it is. " +
			"What comes back from there is a plain list, or a part of a component: all functions take these too, " +
			"and so does an operator beside a vector, quaternion or matrix; vec.new, vec.quat and vec.matrix give " +
			"them methods again. Functions and operators change none of what they are given. A result that is " +
			"infinite or not a number is an error.",
	}
	c.Functions = append(c.Functions, vectorMakers()...)
	c.Functions = append(c.Functions, vectorFunctions()...)
	c.Functions = append(c.Functions, quaternionMakers()...)
	c.Functions = append(c.Functions, quaternionFunctions()...)
	c.Functions = append(c.Functions, matrixMakers(s)...)
	c.Functions = append(c.Functions, matrixFunctions()...)
	c.Functions = append(c.Functions, api.Function{
		Name: "inverse", Signature: "(of: loci.Quaternion|loci.Matrix|number[]): loci.Quaternion|loci.Matrix",
		Doc: "What undoes a rotation, or a matrix.", Call: vecInverse,
	})
	return c
}

// Classes describes the module and the values that it makes.
func Classes() []api.Class {
	return []api.Class{Class(), vectorClass(), quaternionClass(), matrixClass()}
}

// Open makes the module in a state.
func Open(s *bind.State) lua.LValue {
	openNumbers(s, vectorClass(), map[string]lua.LGFunction{
		"__add": vecAdd, "__sub": vecSub, "__mul": vecMul, "__div": vecDiv, "__unm": vecUnm,
	})
	openNumbers(s, quaternionClass(), map[string]lua.LGFunction{"__mul": vecMul})
	openNumbers(s, matrixClass(), map[string]lua.LGFunction{"__mul": vecMul})
	return s.Sealed("loci.vec", class(s))
}

// asMethods makes methods of a module's functions: the first parameter is the value
// before the colon.
func asMethods(functions []api.Function) []api.Function {
	out := make([]api.Function, len(functions))
	for i, f := range functions {
		parameters, results, _ := strings.Cut(f.Signature, ")")
		_, parameters, _ = strings.Cut(parameters, ", ")
		f.Signature = "(" + parameters + ")" + results
		out[i] = f
	}
	return out
}

// openNumbers makes the metatable of a class whose values are lists of numbers, its
// fields names of the first of them.
func openNumbers(s *bind.State, c api.Class, operators map[string]lua.LGFunction) {
	called := s.Table(c)
	meta := s.Metatable(c.Name, map[string]lua.LGFunction{
		"__index": func(L *lua.LState) int {
			name, ok := L.Get(2).(lua.LString)
			if !ok {
				return 0 // beyond the list
			}
			if i := axisIndex(string(name), len(c.Fields)); i > 0 {
				L.Push(L.CheckTable(1).RawGetInt(i))
				return 1
			}
			method := called.RawGetString(string(name))
			if method == lua.LNil {
				L.RaiseError("a %s has no %s%s", plainName(c.Name), name, suggest.From(string(name), c.Names()...))
			}
			L.Push(method)
			return 1
		},
		"__newindex": func(L *lua.LState) int {
			i := axisIndex(L.Get(2).String(), len(c.Fields))
			if i == 0 {
				L.RaiseError("a %s has no place for %s", plainName(c.Name), L.Get(2).String())
			}
			v, ok := L.Get(3).(lua.LNumber)
			if !ok || !isFinite(float64(v)) {
				L.RaiseError("%s must be a finite number, not %s", L.Get(2).String(), describe(L.Get(3)))
			}
			L.CheckTable(1).RawSetInt(i, v)
			return 0
		},
		"__eq": func(L *lua.LState) int {
			a, b := numbersOf(L.Get(1)), numbersOf(L.Get(2))
			L.Push(lua.LBool(a.n > 0 && a == b))
			return 1
		},
		"__tostring": func(L *lua.LState) int {
			a := numbersOf(L.Get(1))
			L.Push(lua.LString(plainName(c.Name) + listText(a.at[:a.n])))
			return 1
		},
	})
	for name, f := range operators {
		meta.RawSetString(name, s.L.NewFunction(f))
	}
	s.L.SetField(s.L.Get(lua.RegistryIndex), c.Name, meta)
}

// axisIndex is the index of x, y, z or w in a list of n numbers, 0 if it is none of them.
func axisIndex(name string, n int) int {
	if i := strings.Index("xyzw", name); len(name) == 1 && i < n {
		return i + 1
	}
	return 0
}

// NewMatrix makes a loci.Matrix.
func NewMatrix(L *lua.LState, m mgl64.Mat4) *lua.LTable { return numberList(L, matrixName, m[:]) }

func vecAdd(L *lua.LState) int {
	a, b := numbersOf(L.Get(1)), numbersOf(L.Get(2))
	if a.n != 3 || b.n != 3 {
		undefined(L, "+")
	}
	return pushVector(L, a.vector().Add(b.vector()))
}

func vecSub(L *lua.LState) int {
	a, b := numbersOf(L.Get(1)), numbersOf(L.Get(2))
	if a.n != 3 || b.n != 3 {
		undefined(L, "-")
	}
	return pushVector(L, a.vector().Sub(b.vector()))
}

func vecDiv(L *lua.LState) int {
	a, b := numbersOf(L.Get(1)), numbersOf(L.Get(2))
	if a.n != 3 || b.n != 1 {
		undefined(L, "/")
	}
	v := a.vector()
	for i := range v {
		v[i] /= b.at[0]
	}
	return pushVector(L, v)
}

func vecUnm(L *lua.LState) int {
	a := numbersOf(L.Get(1))
	if a.n != 3 {
		L.RaiseError("-%s is not defined", describe(L.Get(1)))
	}
	return pushVector(L, mgl64.Vec3{}.Sub(a.vector())) // which has no -0
}

// vecMul scales vectors, and applies rotations and matrices to what follows.
func vecMul(L *lua.LState) int {
	a, b := numbersOf(L.Get(1)), numbersOf(L.Get(2))
	switch [2]int{a.n, b.n} {
	case [2]int{1, 3}:
		return pushVector(L, b.vector().Mul(a.at[0]))
	case [2]int{3, 1}:
		return pushVector(L, a.vector().Mul(b.at[0]))
	case [2]int{4, 4}:
		return pushRotation(L, a.rotation(L).Mul(b.rotation(L)))
	case [2]int{4, 3}:
		return pushVector(L, a.rotation(L).Rotate(b.vector()))
	case [2]int{16, 16}:
		return pushMatrix(L, a.matrix().Mul4(b.matrix()))
	case [2]int{16, 3}:
		return pushVector(L, mgl64.TransformCoordinate(b.vector(), a.matrix()))
	}
	undefined(L, "*")
	return 0
}

func vecInverse(L *lua.LState) int {
	a := numbersOf(L.Get(1))
	switch a.n {
	case 4:
		return pushRotation(L, a.rotation(L).Conjugate())
	case 16:
		inverse := a.matrix().Inv()
		if inverse == (mgl64.Mat4{}) {
			L.RaiseError("the matrix has no inverse: it scales something to nothing")
		}
		return pushMatrix(L, inverse)
	}
	unfit(L, 1, "of", "a quaternion or a matrix")
	return 0
}
