package scripts

import (
	"github.com/go-gl/mathgl/mgl64"
	lua "github.com/yuin/gopher-lua"
)

func vecClass() class {
	return class{
		name: "loci.vec", at: `require "loci.vec"`,
		doc: "Vectors, quaternions and matrices.",
	}
}

// vectors is the module loci.vec.
func (g *generation) vectors() lua.LValue { return g.table(vecClass()) }

// newMatrix makes a loci.Matrix.
func (g *generation) newMatrix(m mgl64.Mat4) *lua.LTable {
	t := g.L.CreateTable(len(m), 0)
	for i, v := range m {
		t.RawSetInt(i+1, lua.LNumber(v))
	}
	return t
}
