package sandbox

import (
	"errors"

	lua "github.com/yuin/gopher-lua"
)

func (s *State) openCoroutine() {
	s.library("coroutine", map[string]lua.LGFunction{
		"create": func(L *lua.LState) int {
			L.Push(s.create(L))
			return 1
		},
		"resume":  s.coroutineResume,
		"running": coroutineRunning,
		"status":  coroutineStatus,
		"wrap":    s.coroutineWrap,
		"yield":   coroutineYield,
	})
}

// library makes a global table of functions.
func (s *State) library(name string, functions map[string]lua.LGFunction) *lua.LTable {
	t := s.lua.NewTable()
	s.lua.SetFuncs(t, functions)
	s.lua.SetGlobal(name, t)
	return t
}

func (s *State) create(L *lua.LState) *lua.LState {
	body, ok := L.Get(1).(*lua.LFunction)
	if !ok || body.IsG {
		argumentError(L, 1, "Lua function expected")
	}
	s.charge(L, coroutinePrice)
	th, _ := s.newThread(body)
	return th
}

// arguments are those from the nth on.
func arguments(L *lua.LState, n int) []lua.LValue {
	var args []lua.LValue
	for i := n; i <= L.GetTop(); i++ {
		args = append(args, L.Get(i))
	}
	return args
}

// advance resumes a coroutine on a script's behalf.
func (s *State) advance(L, th *lua.LState, args []lua.LValue) ([]lua.LValue, lua.LValue) {
	switch t := threadOf(th); {
	case t.status == dead:
		return nil, lua.LString("cannot resume dead coroutine")
	case t.status != suspended:
		return nil, lua.LString("cannot resume non-suspended coroutine")
	case t.task:
		return nil, lua.LString("cannot resume a task: it goes on by itself")
	case s.resumes >= MaxResumes:
		return nil, lua.LString("too many coroutines inside one another")
	}
	s.charge(L, len(args)/valuesPerInstruction)
	state, values, err := s.resume(L, th, args)
	if state != lua.ResumeError {
		s.charge(L, len(values)/valuesPerInstruction)
		return values, nil
	}
	api := err.(*lua.ApiError)
	s.checkPanic(api)
	if s.meter.cut != nil {
		s.rethrow(L, api)
	}
	s.charge(L, errorPrice)
	return nil, api.Object
}

func checkThread(L *lua.LState) *lua.LState {
	th, ok := L.Get(1).(*lua.LState)
	if !ok {
		argumentError(L, 1, "coroutine expected")
	}
	return th
}

func (s *State) coroutineResume(L *lua.LState) int {
	values, thrown := s.advance(L, checkThread(L), arguments(L, 2))
	if thrown != nil {
		L.Push(lua.LFalse)
		L.Push(thrown)
		return 2
	}
	L.Push(lua.LTrue)
	return 1 + pushAll(L, values)
}

// coroutineWrap resumes like resume and throws what that returns: gopher-lua's
// own leaves a coroutine that failed in it resumable, and panics then.
func (s *State) coroutineWrap(L *lua.LState) int {
	th := s.create(L)
	L.Push(L.NewFunction(func(L *lua.LState) int {
		values, thrown := s.advance(L, th, arguments(L, 1))
		if thrown != nil {
			L.Error(thrown, 0)
		}
		return pushAll(L, values)
	}))
	return 1
}

func pushAll(L *lua.LState, values []lua.LValue) int {
	reserve(L, len(values))
	for _, value := range values {
		L.Push(value)
	}
	return len(values)
}

func coroutineStatus(L *lua.LState) int {
	L.Push(lua.LString(threadOf(checkThread(L)).status))
	return 1
}

func coroutineRunning(L *lua.LState) int {
	t := threadOf(L)
	if t.body == nil {
		L.Push(lua.LNil)
		return 1
	}
	t.known = true
	L.Push(L)
	return 1
}

func coroutineYield(L *lua.LState) int {
	if threadOf(L).task {
		L.RaiseError("coroutine.yield outside a coroutine; a task waits by itself")
	}
	if err := beforeYield(L); err != nil {
		L.RaiseError("cannot yield %s", err)
	}
	return -1
}

// Where a yield is no use: gopher-lua would lose the Go frames in between, and
// panic later.
var (
	errYieldMain     = errors.New("outside a coroutine")
	errYieldFunction = errors.New("inside a library function such as pcall, require or table.sort")
	errYieldIterator = errors.New("inside an iterator")
	errYieldMeta     = errors.New("inside a metamethod")
)

// beforeYield walks the stack of a coroutine that is about to yield. Each frame
// must have been called by a call instruction of a Lua function. It notes how many
// values the yielding call gives.
func beforeYield(L *lua.LState) error {
	t := threadOf(L)
	f := currentFrame(L)
	if t.body == nil || f == nil {
		return errYieldMain
	}
	for innermost := true; f.parent != nil; innermost = false {
		f = f.parent
		if f.fn.IsG {
			return errYieldFunction
		}
		inst := f.fn.Proto.Code[f.pc-1]
		results := operandC(inst) - 1
		switch int(inst >> opcodeShift) {
		case lua.OP_CALL:
		case lua.OP_TAILCALL:
			results = lua.MultRet
		case lua.OP_TFORLOOP:
			return errYieldIterator
		default:
			return errYieldMeta
		}
		if innermost {
			t.results = results
		}
	}
	return nil
}
