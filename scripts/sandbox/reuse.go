package sandbox

import (
	"reflect"

	lua "github.com/yuin/gopher-lua"
)

// Most of what starting a task takes is the memory of a thread: 20 KB, with two
// tables that gopher-lua makes for every one and drops. So the threads of tasks
// that came to their end serve again.
const (
	// maxSpare is how many threads wait to serve again.
	maxSpare = 64
	// maxSpareRegistry is how many values a spare thread's stack has at most.
	maxSpareRegistry = 4096
)

// The private fields of a thread that tell whether it is as good as new.
var (
	openUpvalues = private("uvcache")
	threadStack  = private("currentFrame")
	registry     = private("reg")
)

// private is the index of one of a gopher-lua thread's fields.
func private(name string) int {
	field, ok := reflect.TypeFor[lua.LState]().FieldByName(name)
	if !ok {
		panic("gopher-lua's LState has no field " + name)
	}
	return field.Index[0]
}

// taskThread is a thread for a task: a spare one, or a new one.
func (s *State) taskThread(body *lua.LFunction) (*lua.LState, *thread) {
	n := len(s.spare)
	if n == 0 {
		th, t := s.newThread(body)
		t.task = true
		return th, t
	}
	th := s.spare[n-1]
	s.spare = s.spare[:n-1]
	t := s.threadFor(body)
	t.task = true
	s.setThread(th, t)
	th.Dead = false
	return th, t
}

// putBack keeps the thread of a task that returned, unless a script could tell
// that it serves again: because it has it as a value, or because of a closure
// that still reads its locals from the stack.
func (s *State) putBack(t *Task) {
	th := t.lua
	t.lua = nil
	if len(s.spare) >= maxSpare || t.thread.known || !asNew(th) {
		return
	}
	th.SetTop(0) // what the locals had is garbage from now on
	s.spare = append(s.spare, th)
}

func asNew(th *lua.LState) bool {
	v := reflect.ValueOf(th).Elem()
	return v.Field(openUpvalues).IsNil() && v.Field(threadStack).IsNil() &&
		v.Field(registry).Elem().FieldByName("array").Len() <= maxSpareRegistry
}
