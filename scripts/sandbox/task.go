package sandbox

import lua "github.com/yuin/gopher-lua"

// Task is a coroutine that the host resumes: the body runs until a Go function
// that it calls returns [State.Yield], and goes on at the next Resume.
//
// Scripts may use coroutines of their own inside a task, but only the task's
// own body yields to the host, and no script can resume a task. The L that Go
// functions are given in a task is the next task's after the end of this one,
// so nothing may be kept by it.
type Task struct {
	state  *State
	lua    *lua.LState
	thread *thread
}

// NewTask makes a task of a Lua function, or reports false for a Go function.
func (s *State) NewTask(fn *lua.LFunction) (*Task, bool) {
	if fn.IsG {
		return nil, false
	}
	th, t := s.taskThread(fn)
	return &Task{state: s, lua: th, thread: t}, true
}

// Done reports whether the task has returned or failed.
func (t *Task) Done() bool { return t.thread.status == dead }

// Resume runs the task until it yields or ends, which Done tells, and returns
// what it yielded or returned. args are the body's arguments at first, and
// what the yielding function returns to the script later. Errors are as
// [State.Call]'s; a task that failed is done.
func (t *Task) Resume(b Budget, args ...lua.LValue) ([]lua.LValue, error) {
	s := t.state
	if s.broken != nil {
		return nil, s.broken
	}
	if t.thread.status != suspended {
		return nil, newError(lua.LString("cannot resume a task that is "+string(t.thread.status)), "", nil)
	}
	if s.resumes >= MaxResumes {
		return nil, newError(lua.LString("too many tasks and coroutines inside one another"), "", nil)
	}
	s.meter.start(b)
	defer s.meter.stop()
	state, values, err := s.resume(s.lua, t.lua, args)
	if state == lua.ResumeError {
		if api, ok := err.(*lua.ApiError); ok {
			api.StackTrace = s.trace
		}
		return nil, s.failed(err)
	}
	if state == lua.ResumeOK {
		s.putBack(t)
	}
	return values, nil
}

// Yield suspends the task that L runs; a Go function called by a script
// returns it. It raises an error where L is not a task's own body, and inside
// pcall, a metamethod or an iterator. verb names the function in the error.
func (s *State) Yield(L *lua.LState, verb string, values ...lua.LValue) int {
	if !threadOf(L).task {
		L.RaiseError("%s works in a task only, see place.task", verb)
	}
	if err := beforeYield(L); err != nil {
		L.RaiseError("%s does not work %s", verb, err)
	}
	return L.Yield(values...)
}
