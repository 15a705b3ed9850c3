package bytecode

import (
	lua "github.com/yuin/gopher-lua"
)

// kind is where an expression's value is.
type kind int

const (
	isNil kind = iota
	isTrue
	isFalse
	isNumber   // in expr.number
	isConstant // info is its index
	isLocal    // info is its register
	isUpvalue  // info is its index
	isGlobal   // info is the constant of its name
	isIndexed  // info is the table's register, key an operand
	isJump     // a comparison; info is the pc of the jump
	isOpen     // info is the pc of an instruction that has no register yet
	isRegister // info is the register
	isCall     // info is the pc of the call
	isVarArg   // info is the pc of the instruction
)

// expr describes an expression whose value is not yet where it will be needed.
type expr struct {
	kind   kind
	info   int
	key    int
	number float64
	line   int
	exits  exits
}

// exits are jumps out of an expression, where its value is known to be true or
// false.
type exits struct{ whenTrue, whenFalse int }

func (f *function) described(k kind, info int) expr {
	return expr{kind: k, info: info, line: f.line, exits: exits{noJump, noJump}}
}

func (e *expr) hasJumps() bool { return e.exits.whenTrue != e.exits.whenFalse }

// isNumeral reports whether it is a number that is known now.
func (e *expr) isNumeral() bool {
	return e.kind == isNumber && !e.hasJumps()
}

// hasMany reports whether it may have any number of values.
func (e *expr) hasMany() bool { return e.kind == isCall || e.kind == isVarArg }

const allValues = -1

// results says how many values are wanted of a call or of the varargs, which
// then go to the registers from the first free one on.
func (f *function) results(e *expr, n int) {
	switch e.kind {
	case isCall:
		f.setC(e.info, n+1)
	case isVarArg:
		f.setB(e.info, n+1)
		f.setA(e.info, f.free)
		f.reserve(1)
	}
}

// one makes a call, or the varargs, an expression with one value.
func (f *function) one(e *expr) {
	switch e.kind {
	case isCall:
		e.kind, e.info = isRegister, aOf(f.proto.Code[e.info])
	case isVarArg:
		// Not into a local right away: the machine clears all registers behind.
		f.setB(e.info, 2)
		f.setA(e.info, f.free)
		f.reserve(1)
		e.kind, e.info = isRegister, f.free-1
	}
}

// read emits what reads a variable.
func (f *function) read(e *expr) {
	line := f.line
	defer func() { f.line = line }()
	f.line = max(f.line, e.line)
	switch e.kind {
	case isLocal:
		e.kind = isRegister
	case isUpvalue:
		e.kind, e.info = isOpen, f.emitABC(lua.OP_GETUPVAL, 0, e.info, 0)
	case isGlobal:
		e.kind, e.info = isOpen, f.emitABx(lua.OP_GETGLOBAL, 0, e.info)
	case isIndexed:
		f.line = e.line
		f.release(e.key)
		f.release(e.info)
		op := lua.OP_GETTABLE
		if f.isTextKey(e.key) {
			op = lua.OP_GETTABLEKS
		}
		e.kind, e.info = isOpen, f.emitABC(op, 0, e.info, e.key)
	case isCall, isVarArg:
		f.one(e)
	}
}

// isTextKey reports whether an operand is a constant string, for which there
// are faster instructions.
func (f *function) isTextKey(key int) bool {
	if key&constantBit == 0 {
		return false
	}
	_, ok := f.proto.Constants[key&^constantBit].(lua.LString)
	return ok
}

// into puts the value of e without its exits into a register.
func (f *function) into(e *expr, register int) {
	f.read(e)
	switch e.kind {
	case isNil:
		f.emitABC(lua.OP_LOADNIL, register, register, 0)
	case isTrue:
		f.emitABC(lua.OP_LOADBOOL, register, 1, 0)
	case isFalse:
		f.emitABC(lua.OP_LOADBOOL, register, 0, 0)
	case isConstant:
		f.emitABx(lua.OP_LOADK, register, e.info)
	case isNumber:
		f.emitABx(lua.OP_LOADK, register, f.constant(lua.LNumber(e.number)))
	case isOpen:
		f.setA(e.info, register)
	case isRegister:
		if e.info != register {
			f.emitABC(lua.OP_MOVE, register, e.info, 0)
		}
	case isJump:
		return
	}
	e.kind, e.info = isRegister, register
}

// intoAny puts the value of e without its exits into some register.
func (f *function) intoAny(e *expr) {
	if e.kind != isRegister {
		f.reserve(1)
		f.into(e, f.free-1)
	}
}

// toRegister puts the value of e into a register, whichever way it comes about.
func (f *function) toRegister(e *expr, register int) {
	f.into(e, register)
	if e.kind == isJump {
		f.join(&e.exits.whenTrue, e.info)
	}
	if e.hasJumps() {
		whenFalse, whenTrue := noJump, noJump
		if f.needsValue(e.exits.whenTrue) || f.needsValue(e.exits.whenFalse) {
			past := noJump
			if e.kind != isJump {
				past = f.jump()
			}
			whenFalse = f.emitABC(lua.OP_LOADBOOL, register, 0, 1)
			whenTrue = f.emitABC(lua.OP_LOADBOOL, register, 1, 0)
			f.patchHere(past)
		}
		end := f.pc()
		f.patchValues(e.exits.whenFalse, end, register, whenFalse)
		f.patchValues(e.exits.whenTrue, end, register, whenTrue)
	}
	*e = f.described(isRegister, register)
}

func (f *function) toNext(e *expr) {
	f.read(e)
	f.releaseExpr(e)
	f.reserve(1)
	f.toRegister(e, f.free-1)
}

// toAny puts the value of e into some register and returns that.
func (f *function) toAny(e *expr) int {
	f.read(e)
	if e.kind == isRegister {
		if !e.hasJumps() {
			return e.info
		}
		if e.info >= len(f.locals) {
			f.toRegister(e, e.info)
			return e.info
		}
	}
	f.toNext(e)
	return e.info
}

// toOperand makes e a register or a constant, as operands are, and returns that.
func (f *function) toOperand(e *expr) int {
	if e.hasJumps() {
		return f.toAny(e)
	}
	value := lua.LNil
	switch e.kind {
	case isNil:
	case isTrue:
		value = lua.LTrue
	case isFalse:
		value = lua.LFalse
	case isNumber:
		value = lua.LNumber(e.number)
	case isConstant:
		value = f.proto.Constants[e.info]
	default:
		return f.toAny(e)
	}
	index := f.constant(value)
	if index > maxKey {
		return f.toAny(e)
	}
	*e = f.described(isConstant, index)
	return index | constantBit
}

func (f *function) releaseExpr(e *expr) {
	if e.kind == isRegister {
		f.release(e.info)
	}
}

// store assigns e to a variable.
func (f *function) store(to, e *expr) {
	switch to.kind {
	case isLocal:
		f.releaseExpr(e)
		f.toRegister(e, to.info)
		return
	case isUpvalue:
		f.emitABC(lua.OP_SETUPVAL, f.toAny(e), to.info, 0)
	case isGlobal:
		f.emitABx(lua.OP_SETGLOBAL, f.toAny(e), to.info)
	case isIndexed:
		value := f.toOperand(e)
		op := lua.OP_SETTABLE
		if f.isTextKey(to.key) {
			op = lua.OP_SETTABLEKS
		}
		f.emitABC(op, to.info, to.key, value)
	}
	f.releaseExpr(e)
}
