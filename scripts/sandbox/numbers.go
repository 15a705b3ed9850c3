package sandbox

import (
	"math"
	"math/rand/v2"

	lua "github.com/yuin/gopher-lua"
)

// openMath makes the library: C's functions, and random numbers of the state's
// own.
func (s *State) openMath() {
	functions := map[string]lua.LGFunction{
		"random":     s.mathRandom,
		"randomseed": s.mathRandomseed,
		"fmod":       ofTwo(fmod),
		"mod":        ofTwo(fmod),
		"pow":        ofTwo(func(a, b float64) float64 { return float64(raise(lua.LNumber(a), lua.LNumber(b))) }),
		"atan2":      ofTwo(math.Atan2),
		"ldexp":      ofTwo(func(a, b float64) float64 { return math.Ldexp(a, whole(lua.LNumber(b))) }),
		"frexp":      mathFrexp,
		"modf":       mathModf,
		"max":        func(L *lua.LState) int { return best(L, func(a, b lua.LNumber) bool { return a > b }) },
		"min":        func(L *lua.LState) int { return best(L, func(a, b lua.LNumber) bool { return a < b }) },
	}
	for name, f := range map[string]func(float64) float64{
		"abs": math.Abs, "acos": math.Acos, "asin": math.Asin, "atan": math.Atan, "ceil": math.Ceil,
		"cos": math.Cos, "cosh": math.Cosh, "exp": math.Exp, "floor": math.Floor, "log": math.Log,
		"log10": math.Log10, "sin": math.Sin, "sinh": math.Sinh, "sqrt": math.Sqrt, "tan": math.Tan, "tanh": math.Tanh,
		"deg": func(n float64) float64 { return n / (math.Pi / 180) },
		"rad": func(n float64) float64 { return n * (math.Pi / 180) },
	} {
		functions[name] = func(L *lua.LState) int {
			L.Push(lua.LNumber(f(float64(number(L, 1)))))
			return 1
		}
	}
	library := s.library("math", functions)
	library.RawSetString("pi", lua.LNumber(math.Pi))
	library.RawSetString("huge", lua.LNumber(math.Inf(1)))
}

func ofTwo(f func(a, b float64) float64) lua.LGFunction {
	return func(L *lua.LState) int {
		b := number(L, 2) // first, as in C Lua, whose errors name it
		L.Push(lua.LNumber(f(float64(number(L, 1)), float64(b))))
		return 1
	}
}

// raise is a to the power of b.
func raise(a, b lua.LNumber) lua.LNumber {
	return lua.LNumber(invalid(math.Pow(float64(a), float64(b)), float64(a), float64(b)))
}

func fmod(a, b float64) float64 { return invalid(math.Mod(a, b), a, b) }

// invalid is n, the result of an operation on a and b. Where that is no number but
// both are, it has the sign that the processor gives, which C prints: -nan.
func invalid(n, a, b float64) float64 {
	if math.IsNaN(n) && !math.IsNaN(a) && !math.IsNaN(b) {
		return math.Copysign(n, -1)
	}
	return n
}

func mathFrexp(L *lua.LState) int {
	fraction, exponent := math.Frexp(float64(number(L, 1)))
	L.Push(lua.LNumber(fraction))
	L.Push(lua.LNumber(exponent))
	return 2
}

func mathModf(L *lua.LState) int {
	n := float64(number(L, 1))
	whole, fraction := math.Modf(n)
	if math.IsInf(n, 0) {
		fraction = 0
	}
	L.Push(lua.LNumber(whole))
	L.Push(lua.LNumber(math.Copysign(fraction, n)))
	return 2
}

func best(L *lua.LState, better func(a, b lua.LNumber) bool) int {
	found := number(L, 1)
	for i := 2; i <= L.GetTop(); i++ {
		if n := number(L, i); better(n, found) {
			found = n
		}
	}
	L.Push(found)
	return 1
}

func (s *State) mathRandom(L *lua.LState) int {
	low, high := 1, 0
	switch L.GetTop() {
	case 0:
		L.Push(lua.LNumber(s.random.Float64()))
		return 1
	case 1:
		high = checkInteger(L, 1)
	default:
		low, high = checkInteger(L, 1), checkInteger(L, 2)
	}
	if low > high {
		argumentError(L, L.GetTop(), "interval is empty")
	}
	// integer keeps both within 53 bits, so that the sum fits.
	L.Push(lua.LNumber(low + s.random.IntN(high-low+1)))
	return 1
}

func (s *State) mathRandomseed(L *lua.LState) int {
	seed := uint64(int64(number(L, 1)))
	s.random = rand.New(rand.NewPCG(seed, seed))
	return 0
}
