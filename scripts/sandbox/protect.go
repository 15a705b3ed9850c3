package sandbox

import (
	_ "unsafe" // for go:linkname

	lua "github.com/yuin/gopher-lua"
)

// When an error is raised, gopher-lua closes the upvalues of all functions on the
// stack, also of those that go on running after a pcall has caught it: from then
// on they and their closures have different locals. So errors leave upvalues alone
// here, see [leaveUpvalues], and [State.raised] closes those of the functions that
// the error ends.

// closeUpvalues closes what closures have of a thread's registers from one on.
//
//go:linkname closeUpvalues github.com/yuin/gopher-lua.(*LState).closeUpvalues
func closeUpvalues(L *lua.LState, from int)

// raised is what a thread does with an error: its value is on top of the stack.
func (s *State) raised(L *lua.LState) {
	t := threadOf(L)
	err := &lua.ApiError{Type: lua.ApiErrorRun, Object: s.explained(L, L.Get(-1)), StackTrace: caughtTrace}
	if t.protected == 0 || s.meter.cut != nil {
		s.trace = traceback(L)
		err.StackTrace = s.trace
	}
	closeUpvalues(L, t.guarded)
	panic(err)
}

// caughtTrace stands in place of the traceback of an error that is caught, which
// nobody sees.
const caughtTrace = "caught"

// pcall calls the function below nargs arguments on the stack.
func pcall(L *lua.LState, nargs int) *lua.ApiError {
	t := threadOf(L)
	guarded := t.guarded
	t.guarded = registersOf(L).top - nargs - 1
	err := L.PCall(nargs, lua.MultRet, nil)
	t.guarded = guarded
	leaveUpvalues(L) // which a call that is protected undoes
	if err == nil {
		return nil
	}
	return err.(*lua.ApiError)
}

// protected calls a function for a script, as pcall does. A cut-off and a broken
// state pass through it.
func (s *State) protected(L *lua.LState, nargs int) *lua.ApiError {
	t := threadOf(L)
	t.protected++
	err := pcall(L, nargs)
	t.protected--
	if err == nil {
		return nil
	}
	s.checkPanic(err)
	if s.meter.cut != nil {
		s.rethrow(L, err)
	}
	text, _ := err.Object.(lua.LString)
	s.charge(L, errorPrice+len(text)/bytesPerInstruction+len(err.StackTrace)/tracePerInstruction)
	return err
}

// rethrow passes a cut-off on through a protected call or out of a coroutine.
func (s *State) rethrow(L *lua.LState, err *lua.ApiError) {
	if err.StackTrace == "" {
		err.StackTrace = s.trace
	}
	closeUpvalues(L, threadOf(L).guarded)
	panic(err)
}
