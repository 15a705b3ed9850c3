package sandbox

import (
	"math/rand/v2"

	lua "github.com/yuin/gopher-lua"
)

// openMath keeps gopher-lua's functions but for random, which is shared by the
// whole process there and panics on an empty range.
func (s *State) openMath() {
	s.open(lua.OpenMath)
	math := s.lua.GetGlobal("math").(*lua.LTable)
	s.lua.SetFuncs(math, map[string]lua.LGFunction{
		"random":     s.mathRandom,
		"randomseed": s.mathRandomseed,
	})
}

func (s *State) mathRandom(L *lua.LState) int {
	low, high := 1, 0
	switch L.GetTop() {
	case 0:
		L.Push(lua.LNumber(s.random.Float64()))
		return 1
	case 1:
		high = integer(L, 1, 0)
	default:
		low, high = integer(L, 1, 0), integer(L, 2, 0)
	}
	if low > high {
		L.ArgError(L.GetTop(), "interval is empty")
	}
	// integer keeps both within 53 bits, so that the sum fits.
	L.Push(lua.LNumber(low + s.random.IntN(high-low+1)))
	return 1
}

func (s *State) mathRandomseed(L *lua.LState) int {
	seed := uint64(int64(L.CheckNumber(1)))
	s.random = rand.New(rand.NewPCG(seed, seed))
	return 0
}
