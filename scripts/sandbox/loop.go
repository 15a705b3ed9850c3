package sandbox

import (
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// gopher-lua asks a context before each instruction, by a select, which costs a
// third of what code that reads and writes fields takes; counting costs a
// twentieth. So a state runs in a loop of its own, with some instructions of its
// own, see instructions.go. The loop and what it works on are private in
// gopher-lua: this file knows a version's insides, and refuses another's.

// instruction does what one says, and returns 1 where the loop ends.
type instruction = func(L *lua.LState, inst uint32, base unsafe.Pointer) int

// instructions are gopher-lua's, by opcode.
//
//go:linkname instructions github.com/yuin/gopher-lua.jumpTable
var instructions [lua.OP_NOP + 1]instruction

// mainLoop runs the topmost function of a thread, until the frame base returns.
type mainLoop = func(L *lua.LState, base unsafe.Pointer)

// frame is gopher-lua's callFrame.
type frame struct {
	_         int
	fn        *lua.LFunction
	parent    *frame
	pc        int
	_         int
	localBase int
	_         int
	nargs     int
	_         int
	tailCalls int
}

// registers is the begin of gopher-lua's registry.
type registers struct {
	array     []lua.LValue
	top       int
	_         [2]int
	allocator unsafe.Pointer
}

// table is gopher-lua's LTable.
type table struct {
	_     lua.LValue
	array []lua.LValue // the values from 1 on
	_     map[lua.LValue]lua.LValue
	_     map[string]lua.LValue
	keys  []lua.LValue // of the other values, and those that were
	k2i   map[lua.LValue]int
}

func insideOf(t *lua.LTable) *table { return (*table)(unsafe.Pointer(t)) }

// Where a thread has its topmost frame, its registers, its loop, and whether
// errors leave upvalues alone, see [State.raised].
var frameOffset, registersOffset, loopOffset, handledOffset = findInsides()

// findInsides panics where gopher-lua is not as this package knows it: what runs
// is not what was written then.
func findInsides() (current, register, loop, handled uintptr) {
	thread := reflect.TypeFor[lua.LState]()
	field := func(name string) reflect.StructField {
		f, ok := thread.FieldByName(name)
		if !ok {
			panic("sandbox: this version of gopher-lua is not known: its threads have no " + name)
		}
		return f
	}
	sameLayout(reflect.TypeFor[frame](), field("currentFrame").Type.Elem())
	sameLayout(reflect.TypeFor[registers](), field("reg").Type.Elem())
	sameLayout(reflect.TypeFor[table](), reflect.TypeFor[lua.LTable]())
	if field("mainLoop").Type.String() != "func(*lua.LState, *lua.callFrame)" || field("hasErrorFunc").Type.Kind() != reflect.Bool {
		panic("sandbox: this version of gopher-lua is not known: its threads are others")
	}
	return field("currentFrame").Offset, field("reg").Offset, field("mainLoop").Offset, field("hasErrorFunc").Offset
}

// sameLayout panics where ours is not the begin of theirs.
func sameLayout(ours, theirs reflect.Type) {
	for i := range ours.NumField() {
		a := ours.Field(i)
		if a.Name == "_" {
			continue
		}
		b, ok := theirs.FieldByNameFunc(func(name string) bool {
			known := map[string]string{"allocator": "alloc", "tailCalls": "TailCall"}[a.Name]
			return name == known || strings.EqualFold(name, a.Name)
		})
		if !ok || a.Offset != b.Offset || a.Type.Kind() != b.Type.Kind() && b.Type.Kind() != reflect.Pointer {
			panic(fmt.Sprintf("sandbox: this version of gopher-lua is not known: %v.%s", theirs, a.Name))
		}
	}
}

// currentFrame is the topmost frame of a thread, or nil.
func currentFrame(L *lua.LState) *frame {
	return *(**frame)(unsafe.Add(unsafe.Pointer(L), frameOffset))
}

func registersOf(L *lua.LState) *registers {
	return *(**registers)(unsafe.Add(unsafe.Pointer(L), registersOffset))
}

// leaveUpvalues makes errors leave the upvalues of functions that still run
// alone.
func leaveUpvalues(L *lua.LState) {
	*(*bool)(unsafe.Add(unsafe.Pointer(L), handledOffset)) = true
}

func loopOf(L *lua.LState) *mainLoop {
	return (*mainLoop)(unsafe.Add(unsafe.Pointer(L), loopOffset))
}

// newLoop makes a state's loop. plain is gopher-lua's without a context. Base is
// nil in a coroutine's outermost function: what ends that arrives at the one who
// resumed it as a text, so a panic that is not Lua's is told here.
func (s *State) newLoop(plain mainLoop) mainLoop {
	m := &s.meter
	raised := s.raised
	run := func(L *lua.LState, base unsafe.Pointer) {
		current := (**frame)(unsafe.Add(unsafe.Pointer(L), frameOffset))
		if *current == nil || (*current).fn.IsG {
			plain(L, base) // which calls a Go function and returns
			return
		}
		L.Panic = raised
		leaveUpvalues(L)
		for {
			at := *current
			inst := at.fn.Proto.Code[at.pc]
			at.pc++
			count := m.count + 1 // a variable, which the processor need not read back
			m.count = count
			if count >= m.next.Load() && m.spent() {
				L.RaiseError("%s", m.cut)
			}
			if ours[inst>>opcodeShift](L, inst, base) == 1 {
				return
			}
		}
	}
	return func(L *lua.LState, base unsafe.Pointer) {
		if base != nil {
			run(L, base)
			return
		}
		defer s.passOn()
		run(L, base)
		s.passed = L.G.CurrentThread.GetTop()
	}
}

// passOn breaks the state where a coroutine ends in a panic that is not Lua's
// error, and panics on.
func (s *State) passOn() {
	r := recover()
	if r == nil {
		return
	}
	if _, ok := r.(*lua.ApiError); !ok {
		s.breakDown(fmt.Sprint(r))
	}
	panic(r)
}

// setThread makes t the context of a coroutine, and what counts its instructions.
func (s *State) setThread(L *lua.LState, t *thread) {
	L.SetContext(t)
	*loopOf(L) = s.loop
}

// opcodeShift is where an instruction has its opcode; argument C, the number
// of results plus one, is nine bits from bit 9.
const (
	opcodeShift    = 26
	argumentCShift = 9
	argumentC      = 0x1ff << argumentCShift
)
