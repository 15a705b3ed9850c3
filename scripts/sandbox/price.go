package sandbox

import lua "github.com/yuin/gopher-lua"

// What the work of library functions counts, in instructions. An instruction is
// taken as 20 ns; prices are measured, and rounded to what is easily remembered.
// What a function does beyond its price it counts by itself.
const (
	// callPrice is for each call of a Go function: its frame and its arguments.
	callPrice = 8
	// valuesPerInstruction is how many values are copied for one instruction.
	valuesPerInstruction = 8
	// bytesPerInstruction is how many bytes of text are.
	bytesPerInstruction = 64
	// errorPrice is for an error that is caught: unwinding, and its message.
	errorPrice = 150
	// tracePerInstruction is how many bytes of its traceback are written for one.
	tracePerInstruction = 4
	// coroutinePrice is for a new coroutine: its stack.
	coroutinePrice = 400
	// valuePrice is for each value or key that is converted to or from plain data.
	valuePrice = 4
	// directivePrice is for each directive of a format.
	directivePrice = 16
)

// priceLibraries has every function of the libraries count what a call costs.
func (s *State) priceLibraries() {
	globals := s.lua.Get(lua.GlobalsIndex).(*lua.LTable)
	globals.ForEach(func(key, value lua.LValue) {
		if library, ok := value.(*lua.LTable); ok && library != globals {
			library.ForEach(func(_, value lua.LValue) { s.price(value) })
			return
		}
		s.price(value)
	})
}

// price has a Go function count what a call costs.
func (s *State) price(value lua.LValue) {
	fn, ok := value.(*lua.LFunction)
	if !ok || !fn.IsG {
		return
	}
	call := fn.GFunction
	fn.GFunction = func(L *lua.LState) int {
		s.charge(L, callPrice+L.GetTop()/valuesPerInstruction)
		return call(L)
	}
}
