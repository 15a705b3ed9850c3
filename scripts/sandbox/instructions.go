package sandbox

import (
	"math"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// ours are the instructions that a state runs: gopher-lua's, but for those that
// do something else there than in Lua 5.1, or without a bound.
var ours = func() [64]instruction {
	var all [64]instruction // as many as six bits count, so that an index needs no check
	copy(all[:], instructions[:])
	all[lua.OP_CONCAT] = concatenate
	all[lua.OP_LEN] = length
	all[lua.OP_MOD] = arithmetic(lua.OP_MOD, modulo)
	all[lua.OP_POW] = arithmetic(lua.OP_POW, raise)
	all[lua.OP_MUL] = multiply
	all[lua.OP_DIV] = divide
	all[lua.OP_FORPREP] = prepareFor
	all[lua.OP_TAILCALL] = tailCall
	all[lua.OP_VARARG] = varargs
	all[lua.OP_SETTABLE] = setTable
	return all
}()

// box puts a number into an interface, as gopher-lua does: many with one
// allocation.
//
//go:linkname box github.com/yuin/gopher-lua.(*allocator).LNumber2I
func box(allocator unsafe.Pointer, number lua.LNumber) lua.LValue

// An instruction's operands.
func operandA(inst uint32) int { return int(inst>>18) & 0xff }
func operandB(inst uint32) int { return int(inst & 0x1ff) }
func operandC(inst uint32) int { return int(inst>>argumentCShift) & 0x1ff }

// constantBit marks an operand that is a constant.
const constantBit = 256

// operand is a register's value, or a constant.
func (f *frame) operand(r *registers, n int) lua.LValue {
	if n&constantBit != 0 {
		return f.fn.Proto.Constants[n&^constantBit]
	}
	return r.array[f.localBase+n]
}

// set sets a register of a function that runs.
func (r *registers) set(at int, value lua.LValue) {
	r.array[at] = value
	if at >= r.top {
		r.top = at + 1
	}
}

// varargs counts as many as it copies: calls that pass on thousands of values have
// one.
func varargs(L *lua.LState, inst uint32, base unsafe.Pointer) int {
	charge(L, currentFrame(L).nargs/valuesPerInstruction)
	return instructions[lua.OP_VARARG](L, inst, base)
}

// mostGap is how many nils gopher-lua may append to a list one by one.
const mostGap = 64

// setTable sets what a list has already, and makes room at once and counted where
// an index is far beyond its end: gopher-lua appends as many nils as are missing,
// for one instruction.
func setTable(L *lua.LState, inst uint32, base unsafe.Pointer) int {
	f, r := currentFrame(L), registersOf(L)
	t, ok1 := r.array[f.localBase+operandA(inst)].(*lua.LTable)
	key, ok2 := f.operand(r, operandB(inst)).(lua.LNumber)
	if !ok1 || !ok2 {
		return instructions[lua.OP_SETTABLE](L, inst, base)
	}
	list := &insideOf(t).array
	index := int(key)
	switch {
	case lua.LNumber(index) != key || index < 1 || index >= MaxArray:
	case index <= len(*list):
		if t.Metatable == lua.LNil {
			(*list)[index-1] = f.operand(r, operandC(inst))
			return 0
		}
	case index-len(*list) > mostGap && L.GetMetaField(t, "__newindex") == lua.LNil:
		charge(L, (index-len(*list))/valuesPerInstruction)
		longer := make([]lua.LValue, index-1, index)
		for n := copy(longer, *list); n < len(longer); {
			n += copy(longer[n:], nils[:])
		}
		*list = longer
	}
	return instructions[lua.OP_SETTABLE](L, inst, base)
}

// nils are as many as are copied at once.
var nils = func() (all [1024]lua.LValue) {
	for i := range all {
		all[i] = lua.LNil
	}
	return all
}()

// length ignores __len of tables, as Lua 5.1 does.
func length(L *lua.LState, inst uint32, base unsafe.Pointer) int {
	f, r := currentFrame(L), registersOf(L)
	t, ok := r.array[f.localBase+operandB(inst)].(*lua.LTable)
	if !ok {
		return instructions[lua.OP_LEN](L, inst, base)
	}
	r.set(f.localBase+operandA(inst), box(r.allocator, lua.LNumber(lengthOf(t))))
	return 0
}

// lengthOf is #t: also of a list that goes on in the table's map.
func lengthOf(t *lua.LTable) int {
	n := t.Len()
	if n < lua.MaxArrayIndex-1 {
		return n
	}
	has := func(i int) bool { return t.RawGet(lua.LNumber(i)) != lua.LNil }
	beyond := n + 1
	for has(beyond) {
		n, beyond = beyond, 2*beyond
	}
	for beyond-n > 1 {
		if middle := n + (beyond-n)/2; has(middle) {
			n = middle
		} else {
			beyond = middle
		}
	}
	return n
}

// arithmetic makes an instruction that computes with two numbers. gopher-lua's own
// makes 0 of -0, and has no exact remainder.
func arithmetic(op int, compute func(a, b lua.LNumber) lua.LNumber) instruction {
	return func(L *lua.LState, inst uint32, base unsafe.Pointer) int {
		f, r := currentFrame(L), registersOf(L)
		a, ok1 := f.operand(r, operandB(inst)).(lua.LNumber)
		b, ok2 := f.operand(r, operandC(inst)).(lua.LNumber)
		if !ok1 || !ok2 {
			return instructions[op](L, inst, base)
		}
		r.setNumber(f.localBase+operandA(inst), compute(a, b))
		return 0
	}
}

func multiply(L *lua.LState, inst uint32, base unsafe.Pointer) int {
	f, r := currentFrame(L), registersOf(L)
	a, ok1 := f.operand(r, operandB(inst)).(lua.LNumber)
	b, ok2 := f.operand(r, operandC(inst)).(lua.LNumber)
	if !ok1 || !ok2 {
		return instructions[lua.OP_MUL](L, inst, base)
	}
	r.setNumber(f.localBase+operandA(inst), a*b)
	return 0
}

func divide(L *lua.LState, inst uint32, base unsafe.Pointer) int {
	f, r := currentFrame(L), registersOf(L)
	a, ok1 := f.operand(r, operandB(inst)).(lua.LNumber)
	b, ok2 := f.operand(r, operandC(inst)).(lua.LNumber)
	if !ok1 || !ok2 {
		return instructions[lua.OP_DIV](L, inst, base)
	}
	r.setNumber(f.localBase+operandA(inst), a/b)
	return 0
}

// setNumber sets a register to a number.
func (r *registers) setNumber(at int, n lua.LNumber) {
	if n == 0 {
		r.set(at, lua.LNumber(n)) // which may be -0
		return
	}
	r.set(at, box(r.allocator, n))
}

// modulo is exactly Lua's: what is left of a after floor(a/b) times b.
func modulo(a, b lua.LNumber) lua.LNumber {
	return a - lua.LNumber(math.Floor(float64(a/b))*float64(b))
}

// prepareFor takes texts that are numbers, as Lua does.
func prepareFor(L *lua.LState, inst uint32, base unsafe.Pointer) int {
	f, r := currentFrame(L), registersOf(L)
	at := f.localBase + operandA(inst)
	for i, what := range [...]string{"initial value", "limit", "step"} {
		if _, ok := r.array[at+i].(lua.LNumber); ok {
			continue
		}
		n, ok := toNumber(r.array[at+i])
		if !ok {
			L.RaiseError("'for' %s must be a number", what)
		}
		r.array[at+i] = n
	}
	return instructions[lua.OP_FORPREP](L, inst, base)
}

// tailCall returns the frame of the function that returns to one that is written
// in Lua. A function of Go's is called: it may yield, which needs the frame.
func tailCall(L *lua.LState, inst uint32, base unsafe.Pointer) int {
	f, r := currentFrame(L), registersOf(L)
	fn, ok := r.array[f.localBase+operandA(inst)].(*lua.LFunction)
	if ok && !fn.IsG {
		return instructions[lua.OP_TAILCALL](L, inst, base)
	}
	return instructions[lua.OP_CALL](L, inst&^argumentC, base) // a return of all results follows
}

// concatenate is a .. b .. c, bounded. Where one is no text it goes pair by pair
// from the right, as Lua does, for the metamethods.
func concatenate(L *lua.LState, inst uint32, _ unsafe.Pointer) int {
	f, r := currentFrame(L), registersOf(L)
	target := f.localBase + operandA(inst)
	values := r.array[f.localBase+operandB(inst) : f.localBase+operandC(inst)+1]
	size := 0
	for _, value := range values {
		switch value := value.(type) {
		case lua.LString:
			size += len(value)
		case lua.LNumber:
		default:
			result := concatenatePairs(L, values, operandB(inst))
			registersOf(L).set(target, result)
			return 0
		}
	}
	charge(L, bounded(L, size)/bytesPerInstruction)
	var short [128]byte // stays on the stack
	text := short[:0]
	if size > len(short) {
		text = make([]byte, 0, size)
	}
	for _, value := range values {
		text = appendText(text, value)
	}
	bounded(L, len(text))
	r.set(target, lua.LString(text))
	return 0
}

// appendText appends a string, or a number as tostring makes it.
func appendText(text []byte, value lua.LValue) []byte {
	switch value := value.(type) {
	case lua.LString:
		return append(text, value...)
	case lua.LNumber:
		return appendNumber(text, value)
	}
	return text
}

// concatenatePairs concatenates what is in the registers from first on.
func concatenatePairs(L *lua.LState, values []lua.LValue, first int) lua.LValue {
	values = append([]lua.LValue(nil), values...) // calls move the registers
	right := values[len(values)-1]
	for i := len(values) - 2; i >= 0; i-- {
		left := values[i]
		if lua.LVCanConvToString(left) && lua.LVCanConvToString(right) {
			text := appendText(appendText(nil, left), right)
			charge(L, bounded(L, len(text))/bytesPerInstruction)
			right = lua.LString(text)
			continue
		}
		method := L.GetMetaField(left, "__concat")
		if method == lua.LNil {
			method = L.GetMetaField(right, "__concat")
		}
		if method == lua.LNil {
			culprit, register := right, first+i+1
			if !lua.LVCanConvToString(left) {
				culprit, register = left, first+i
			}
			L.RaiseError("%s", currentFrame(L).blameValue("concatenate", culprit, register))
		}
		L.Push(method)
		L.Push(left)
		L.Push(right)
		L.Call(2, 1)
		right = L.Get(-1)
		L.Pop(1)
	}
	return right
}
