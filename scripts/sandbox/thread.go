package sandbox

import (
	"time"

	lua "github.com/yuin/gopher-lua"
)

// status is a coroutine's, as coroutine.status names it.
type status string

const (
	suspended status = "suspended"
	running   status = "running"
	normal    status = "normal" // it resumed another one
	dead      status = "dead"
)

// thread is the context of one coroutine, by which it is found again.
type thread struct {
	meter  *meter
	body   *lua.LFunction
	status status
	task   bool // resumed by the host alone
	// protected is how many calls that catch errors run, and guarded the first
	// register of the innermost one, whose upvalues outlive an error.
	protected, guarded int
	known              bool // a script has it as a value
	// results is how many values the call that yielded gives to the script, -1
	// for all.
	results int
}

// Done counts one instruction: gopher-lua's own loop asks it before each. It
// gives nil, on which a select does not wait, or a closed channel after the
// cut-off.
func (t *thread) Done() <-chan struct{} {
	m := t.meter
	m.count++
	if m.count < m.next.Load() {
		return nil
	}
	if m.spent() {
		return closed
	}
	return nil
}

// Err is why the call was cut off, or nil.
func (t *thread) Err() error { return t.meter.cut }

// Deadline and Value are there for context.Context alone.
func (t *thread) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value has none.
func (t *thread) Value(any) any { return nil }

// newThread makes a coroutine of a Lua function. A Go function as the body of
// a coroutine never gives control back in gopher-lua, so callers refuse it.
func (s *State) newThread(body *lua.LFunction) (*lua.LState, *thread) {
	// With a context NewThread would make a cancelable one of it, for nothing.
	main := threadOf(s.lua)
	s.lua.RemoveContext()
	th, _ := s.lua.NewThread()
	s.setThread(s.lua, main)
	t := s.threadFor(body)
	s.setThread(th, t)
	return th, t
}

// threadOf is the context that newThread gave a coroutine.
func threadOf(L *lua.LState) *thread { return L.Context().(*thread) }

// resume runs th until it yields, ends or fails. What th gives may not fit onto
// the stack of L, which is an error of L's that passes through here.
func (s *State) resume(L, th *lua.LState, args []lua.LValue) (lua.ResumeState, []lua.LValue, error) {
	from, t := threadOf(L), threadOf(th)
	from.status, t.status = normal, running
	s.resumes++
	after := dead
	defer func() {
		s.resumes--
		from.status, t.status = running, after
		L.G.CurrentThread = L
	}()
	top := L.GetTop()
	state, err, values := L.Resume(th, t.body, t.given(args)...)
	if state != lua.ResumeError && s.passed == top+1 {
		values = nil // gopher-lua makes a nil of nothing
	}
	if state == lua.ResumeYield {
		after = suspended
	}
	return state, values, err
}

// threadFor is the context of a coroutine that has yet to start.
func (s *State) threadFor(body *lua.LFunction) *thread {
	return &thread{meter: &s.meter, body: body, status: suspended, results: -1}
}

// given makes args as many as the call that yielded gives. gopher-lua puts
// them where the results belong and leaves the rest invalid, no nil.
func (t *thread) given(args []lua.LValue) []lua.LValue {
	if t.results < 0 || t.results == len(args) {
		return args
	}
	given := make([]lua.LValue, t.results)
	for i := copy(given, args); i < len(given); i++ {
		given[i] = lua.LNil
	}
	return given
}
