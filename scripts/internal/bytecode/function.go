package bytecode

import (
	"fmt"
	"math"
	"reflect"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// Limits of one function, all but the upvalues' as in Lua 5.1.
const (
	maxLocals    = 200
	maxRegisters = 250
	// maxUpvalues is how many locals of the functions around it a function may
	// use: gopher-lua counts them in a byte.
	maxUpvalues = 255
	maxBx       = 1<<18 - 1
	maxJump     = maxBx >> 1
	// maxKey is the last constant that an operand may name.
	maxKey = 255
	// constantBit marks an operand that is a constant.
	constantBit = 256
)

// Error is what cannot be compiled.
type Error struct {
	Line    int
	Message string
}

// Error returns "line: message".
func (e *Error) Error() string { return fmt.Sprintf("%d: %s", e.Line, e.Message) }

// Fault begins the message of what this package itself does wrong.
const Fault = "fault of the compiler, please report it: "

// Compile compiles a chunk. The error is an *[Error]: also of a fault of its own,
// which must not end a host that loads what others wrote.
func Compile(chunk []ast.Stmt, file string) (proto *lua.FunctionProto, err error) {
	f := newFunction(nil, file, 0)
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Error:
			proto, err = nil, r
		default:
			proto, err = nil, &Error{Line: f.line, Message: fmt.Sprint(Fault, r)}
		}
	}()
	f.proto.IsVarArg = lua.VarArgIsVarArg
	f.body(nil, chunk, lastLine(chunk))
	return f.proto, nil
}

func lastLine(chunk []ast.Stmt) int {
	if len(chunk) == 0 {
		return 1
	}
	return chunk[len(chunk)-1].LastLine()
}

// function is one that is being compiled.
type function struct {
	outer *function
	proto *lua.FunctionProto
	line  int // of what is being compiled
	free  int // the first free register

	constants map[constant]int
	upvalues  map[upvalue]int
	locals    []local // that are visible, by register
	block     *block
	gotos     []pending // gotos whose labels are not known yet
}

// constant is one that is in the function already: a text, or a number or
// another value.
type constant struct {
	kind byte
	text string
	bits uint64
}

func newFunction(outer *function, file string, line int) *function {
	return &function{
		outer: outer, line: line,
		proto:     &lua.FunctionProto{SourceName: file, LineDefined: line, NumUsedRegisters: 2},
		constants: map[constant]int{},
		upvalues:  map[upvalue]int{},
	}
}

// body compiles a function's statements, in which its parameters are the first
// locals, and completes its prototype.
func (f *function) body(parameters []string, chunk []ast.Stmt, last int) {
	f.enter(false)
	f.addLocals(parameters...)
	f.reserve(len(parameters))
	f.statements(chunk)
	f.line = last
	f.proto.LastLineDefined = last
	f.emitABC(lua.OP_RETURN, 0, 1, 0)
	f.leave()
	f.undefinedLabels()
	f.proto.NumUpvalues = uint8(len(f.proto.DbgUpvalues))
	texts := make([]string, len(f.proto.Constants))
	for i, value := range f.proto.Constants {
		if text, ok := value.(lua.LString); ok {
			texts[i] = string(text)
		}
	}
	setStringConstants(f.proto, texts)
}

// The field in which gopher-lua has constants that are strings a second time is
// private, and instructions with a constant key need it.
var stringConstants = func() uintptr {
	field, ok := reflect.TypeFor[lua.FunctionProto]().FieldByName("stringConstants")
	if !ok || field.Type != reflect.TypeFor[[]string]() {
		panic("bytecode: this version of gopher-lua is not known: no string constants in a prototype")
	}
	return field.Offset
}()

func setStringConstants(proto *lua.FunctionProto, texts []string) {
	*(*[]string)(unsafe.Add(unsafe.Pointer(proto), stringConstants)) = texts
}

func (f *function) fail(format string, args ...any) {
	panic(&Error{Line: max(f.line, 1), Message: fmt.Sprintf(format, args...)})
}

// where names the function, for errors.
func (f *function) where() string {
	if f.outer == nil {
		return "the main chunk"
	}
	return fmt.Sprintf("the function at line %d", f.proto.LineDefined)
}

// constant returns the index of a constant.
func (f *function) constant(value lua.LValue) int {
	var c constant
	switch v := value.(type) {
	case lua.LString:
		c = constant{kind: 's', text: string(v)}
	case lua.LNumber:
		c = constant{kind: 'n', bits: math.Float64bits(float64(v))}
	case lua.LBool:
		c = constant{kind: 'b'}
		if v {
			c.bits = 1
		}
	}
	if i, ok := f.constants[c]; ok {
		return i
	}
	i := len(f.proto.Constants)
	if i > maxBx {
		f.fail("more than %d different names, numbers and texts in %s", maxBx+1, f.where())
	}
	f.constants[c] = i
	f.proto.Constants = append(f.proto.Constants, value)
	return i
}

// pc is where the next instruction goes.
func (f *function) pc() int { return len(f.proto.Code) }

func (f *function) emit(inst uint32) int {
	f.proto.Code = append(f.proto.Code, inst)
	f.proto.DbgSourcePositions = append(f.proto.DbgSourcePositions, f.line)
	return f.pc() - 1
}

// An instruction has its operation in 6 bits from bit 26 on, A in 8 bits from 18
// on, C in 9 bits from 9 on and B in 9 bits; or instead of B and C one number,
// which may have a sign.
func abc(op, a, b, c int) uint32 { return uint32(op)<<26 | uint32(a)<<18 | uint32(c)<<9 | uint32(b) }

func (f *function) emitABC(op, a, b, c int) int { return f.emit(abc(op, a, b, c)) }

func (f *function) emitABx(op, a, bx int) int {
	return f.emit(uint32(op)<<26 | uint32(a)<<18 | uint32(bx))
}

func (f *function) emitJump(op, a, distance int) int { return f.emitABx(op, a, distance+maxJump) }

func opOf(inst uint32) int { return int(inst >> 26) }
func aOf(inst uint32) int  { return int(inst>>18) & 0xff }
func bOf(inst uint32) int  { return int(inst & 0x1ff) }
func cOf(inst uint32) int  { return int(inst>>9) & 0x1ff }

func (f *function) setA(pc, a int) {
	f.proto.Code[pc] = f.proto.Code[pc]&^(0xff<<18) | uint32(a)<<18
}

func (f *function) setB(pc, b int) {
	f.proto.Code[pc] = f.proto.Code[pc]&^0x1ff | uint32(b)
}

func (f *function) setC(pc, c int) {
	f.proto.Code[pc] = f.proto.Code[pc]&^(0x1ff<<9) | uint32(c)<<9
}

// A list of jumps to one target that is not known yet: each has the distance to
// the next one in place of its own.
const noJump = -1

func (f *function) jump() int { return f.emitJump(lua.OP_JMP, 0, noJump) }

func (f *function) next(pc int) int {
	distance := int(f.proto.Code[pc]&maxBx) - maxJump
	if distance == noJump {
		return noJump
	}
	return pc + 1 + distance
}

func (f *function) setJump(pc, target int) {
	distance := target - (pc + 1)
	if distance > maxJump || distance < -maxJump {
		f.fail("a loop or condition is too long in %s", f.where())
	}
	f.proto.Code[pc] = f.proto.Code[pc]&^maxBx | uint32(distance+maxJump)
}

// join appends list b to list a.
func (f *function) join(a *int, b int) {
	switch {
	case b == noJump:
	case *a == noJump:
		*a = b
	default:
		last := *a
		for next := f.next(last); next != noJump; next = f.next(last) {
			last = next
		}
		f.setJump(last, b)
	}
}

// patch makes all jumps of a list go to target.
func (f *function) patch(list, target int) {
	f.patchValues(list, target, noRegister, target)
}

func (f *function) patchHere(list int) { f.patch(list, f.pc()) }

// noRegister stands where a value of a condition is not wanted.
const noRegister = 255

// control returns where the instruction is that decides on a jump.
func (f *function) control(pc int) int {
	if pc > 0 {
		switch opOf(f.proto.Code[pc-1]) {
		case lua.OP_EQ, lua.OP_LT, lua.OP_LE, lua.OP_TEST, lua.OP_TESTSET:
			return pc - 1
		}
	}
	return pc
}

// needsValue reports whether a list has a jump whose condition leaves no value.
func (f *function) needsValue(list int) bool {
	for ; list != noJump; list = f.next(list) {
		if opOf(f.proto.Code[f.control(list)]) != lua.OP_TESTSET {
			return true
		}
	}
	return false
}

// patchTest makes the condition of a jump put its value into a register, or
// only test it. It reports whether the condition has a value.
func (f *function) patchTest(pc, register int) bool {
	at := f.control(pc)
	inst := f.proto.Code[at]
	if opOf(inst) != lua.OP_TESTSET {
		return false
	}
	if register != noRegister && register != bOf(inst) {
		f.setA(at, register)
	} else {
		f.proto.Code[at] = abc(lua.OP_TEST, bOf(inst), 0, cOf(inst))
	}
	return true
}

// patchValues makes jumps whose conditions have values put them into a register
// and go to values, and the others go to target.
func (f *function) patchValues(list, values, register, target int) {
	for list != noJump {
		next := f.next(list)
		if f.patchTest(list, register) {
			f.setJump(list, values)
		} else {
			f.setJump(list, target)
		}
		list = next
	}
}

// reserve takes the next n registers.
func (f *function) reserve(n int) {
	f.need(n)
	f.free += n
}

// need makes sure that there are n more registers.
func (f *function) need(n int) {
	most := f.free + n
	if most > maxRegisters {
		f.fail("an expression, or the whole, is too complex in %s", f.where())
	}
	// One more than are used: a tail call of gopher-lua's loses the last register of the function
	// that is called, which may be its last argument.
	f.proto.NumUsedRegisters = max(f.proto.NumUsedRegisters, uint8(most+1))
}

// release frees a register that no local has. Registers are freed in the
// opposite order to that in which they were taken.
func (f *function) release(register int) {
	if register&constantBit == 0 && register >= len(f.locals) {
		f.free--
		if register != f.free {
			panic(fmt.Sprintf("register %d is freed before %d", register, f.free))
		}
	}
}
