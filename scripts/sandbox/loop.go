package sandbox

import (
	"reflect"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// gopher-lua asks a context before each instruction, by a select, which costs a
// third of what code that reads and writes fields takes; counting costs a
// twentieth. So a state runs in a loop of its own, which is gopher-lua's but for
// the count. The loop is private there: where its insides are not what this file
// knows, in a version to come, the context counts, see [thread.Done].

// instructions are gopher-lua's, by opcode.
//
//go:linkname instructions github.com/yuin/gopher-lua.jumpTable
var instructions [lua.OP_NOP + 1]func(L *lua.LState, inst uint32, base unsafe.Pointer) int

// mainLoop runs the topmost function of a thread, until the frame base returns.
type mainLoop = func(L *lua.LState, base unsafe.Pointer)

// frame is the begin of gopher-lua's callFrame.
type frame struct {
	_  int
	fn *lua.LFunction
	_  unsafe.Pointer
	pc int
}

// Where a thread has its topmost frame and its loop.
var (
	frameOffset, loopOffset uintptr
	knowsLoop               = findLoop()
)

// findLoop reports whether gopher-lua is as this file knows it.
func findLoop() bool {
	thread := reflect.TypeFor[lua.LState]()
	current, ok1 := thread.FieldByName("currentFrame")
	loop, ok2 := thread.FieldByName("mainLoop")
	if !ok1 || !ok2 || loop.Type.String() != "func(*lua.LState, *lua.callFrame)" || loop.Type.In(1) != current.Type {
		return false
	}
	frameOffset, loopOffset = current.Offset, loop.Offset
	theirs := current.Type.Elem()
	fn, ok1 := theirs.FieldByName("Fn")
	pc, ok2 := theirs.FieldByName("Pc")
	return ok1 && ok2 &&
		fn.Offset == unsafe.Offsetof(frame{}.fn) && fn.Type == reflect.TypeFor[*lua.LFunction]() &&
		pc.Offset == unsafe.Offsetof(frame{}.pc) && pc.Type.Kind() == reflect.Int
}

func loopOf(L *lua.LState) *mainLoop {
	return (*mainLoop)(unsafe.Add(unsafe.Pointer(L), loopOffset))
}

// newLoop makes a state's loop. plain is gopher-lua's without a context.
func newLoop(m *meter, plain mainLoop) mainLoop {
	return func(L *lua.LState, base unsafe.Pointer) {
		current := (**frame)(unsafe.Add(unsafe.Pointer(L), frameOffset))
		if *current == nil || (*current).fn.IsG {
			plain(L, base) // which calls a Go function and returns
			return
		}
		for {
			at := *current
			inst := at.fn.Proto.Code[at.pc]
			at.pc++
			count := m.count + 1 // a variable, which the processor need not read back
			m.count = count
			if count >= m.next.Load() && m.spent() {
				L.RaiseError("%s", m.cut)
			}
			if instructions[inst>>opcodeShift](L, inst, base) == 1 {
				return
			}
		}
	}
}

// setThread makes t the context of a coroutine, and what counts its instructions.
func (s *State) setThread(L *lua.LState, t *thread) {
	L.SetContext(t)
	if s.loop != nil {
		*loopOf(L) = s.loop
	}
}
