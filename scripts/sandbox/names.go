package sandbox

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// gopher-lua's errors do not say what it was that could not be called, indexed or
// added. C Lua's do: they look at the instructions before the one that failed for
// the one that gave the value.

// explained is the value of an error as Lua 5.1 has it, where gopher-lua's machine
// raised it; and what the host knows of a nil that cannot be indexed.
func (s *State) explained(L *lua.LState, value lua.LValue) lua.LValue {
	f := currentFrame(L)
	message, ok := value.(lua.LString)
	if f == nil || f.fn.IsG || !ok {
		return value // a function of Go's raised it
	}
	position := fmt.Sprintf("%s:%d: ", f.fn.Proto.SourceName, f.fn.Proto.DbgSourcePositions[f.pc-1])
	text, ok := strings.CutPrefix(string(message), position)
	if !ok {
		return value
	}
	text = f.explain(registersOf(L), text)
	if s.config.Explain != nil && threadOf(L).protected == 0 && strings.HasPrefix(text, "attempt to index ") && strings.Contains(text, "a nil value") {
		if callee, argument := f.indexedCall(); callee != "" {
			if why := s.config.Explain(callee, argument); why != "" {
				text += ": " + why
			}
		}
	}
	return lua.LString(position + text)
}

// indexedCall is the call that returned what the instruction at hand indexes, such
// as "place.entity", or ""; and its first argument where that is a text that is
// written out.
func (f *frame) indexedCall() (callee, argument string) {
	proto, pc := f.fn.Proto, f.pc-1
	inst := proto.Code[pc]
	object := operandB(inst)
	switch int(inst >> opcodeShift) {
	case lua.OP_SETTABLE, lua.OP_SETTABLEKS:
		object = operandA(inst)
	}
	at := lastChange(proto, object, pc)
	for at >= 0 && int(proto.Code[at]>>opcodeShift) == lua.OP_MOVE {
		at = lastChange(proto, operandB(proto.Code[at]), at)
	}
	if at < 0 || int(proto.Code[at]>>opcodeShift) != lua.OP_CALL {
		return "", ""
	}
	first := operandA(proto.Code[at])
	if load := lastChange(proto, first+1, at); load >= 0 && int(proto.Code[load]>>opcodeShift) == lua.OP_LOADK {
		if text, ok := proto.Constants[proto.Code[load]&maxBx].(lua.LString); ok {
			argument = string(text)
		}
	}
	return f.path(first, at), argument
}

// path is what a register has before the instruction at pc as it is written:
// "place.entity", or "".
func (f *frame) path(register, pc int) string {
	if name, ok := f.fn.LocalName(register+1, pc); ok {
		return name
	}
	proto := f.fn.Proto
	at := lastChange(proto, register, pc)
	if at < 0 {
		return ""
	}
	inst := proto.Code[at]
	switch int(inst >> opcodeShift) {
	case lua.OP_MOVE:
		return f.path(operandB(inst), at)
	case lua.OP_GETGLOBAL:
		return proto.Constants[inst&maxBx].String()
	case lua.OP_GETUPVAL:
		return proto.DbgUpvalues[operandB(inst)]
	case lua.OP_GETTABLE, lua.OP_GETTABLEKS:
		if of := f.path(operandB(inst), at); of != "" {
			return of + "." + f.key(operandC(inst))
		}
	}
	return ""
}

func (f *frame) explain(r *registers, text string) string {
	inst := f.fn.Proto.Code[f.pc-1]
	a, b, c := operandA(inst), operandB(inst), operandC(inst)
	is := func(prefix string) bool { return strings.HasPrefix(text, prefix) }
	switch {
	case is("attempt to call a non-function object"):
		switch int(inst >> opcodeShift) {
		case lua.OP_CALL, lua.OP_TAILCALL, lua.OP_TFORLOOP:
			return f.blame(r, "call", a)
		}
		return "attempt to call a value that is no function"
	case is("attempt to index a non-table object("):
		kind, _, _ := strings.Cut(strings.TrimPrefix(text, "attempt to index a non-table object("), ")")
		switch int(inst >> opcodeShift) {
		case lua.OP_GETTABLE, lua.OP_GETTABLEKS, lua.OP_SELF:
			a = b
			fallthrough
		case lua.OP_SETTABLE, lua.OP_SETTABLEKS:
			if f.operand(r, a).Type().String() == kind {
				return f.blame(r, "index", a)
			}
		}
		return fmt.Sprintf("attempt to index a %s value", kind) // an __index's, perhaps
	case is("cannot perform "):
		if _, ok := toNumber(f.operand(r, b)); ok {
			b = c
		}
		return f.blame(r, "perform arithmetic on", b)
	case is("__unm undefined"):
		return f.blame(r, "perform arithmetic on", b)
	case is("__len undefined"):
		return f.blame(r, "get length of", b)
	case is("attempt to compare "):
		kinds := strings.Fields(strings.TrimPrefix(text, "attempt to compare "))
		if len(kinds) == 3 && kinds[0] == kinds[2] {
			return fmt.Sprintf("attempt to compare two %s values", kinds[0])
		}
	case is("too many recursions in "):
		return "loop in " + strings.TrimPrefix(text, "too many recursions in ")
	}
	return text
}

// blame says what cannot be done with an operand, and what that is.
func (f *frame) blame(r *registers, deed string, operand int) string {
	return f.blameValue(deed, f.operand(r, operand), operand)
}

// blameValue is blame for a value that an operand had.
func (f *frame) blameValue(deed string, value lua.LValue, operand int) string {
	if operand&constantBit == 0 {
		if what := f.whatIs(operand, f.pc-1); what != "" {
			return fmt.Sprintf("attempt to %s %s (a %s value)", deed, what, value.Type())
		}
	}
	return fmt.Sprintf("attempt to %s a %s value", deed, value.Type())
}

// whatIs names what a register has before the instruction at pc: "local 'x'",
// "field 'y'", or "".
func (f *frame) whatIs(register, pc int) string {
	if name, ok := f.fn.LocalName(register+1, pc); ok && !strings.HasPrefix(name, "(") {
		return fmt.Sprintf("local '%s'", name)
	}
	proto := f.fn.Proto
	at := lastChange(proto, register, pc)
	if at < 0 {
		return ""
	}
	inst := proto.Code[at]
	b, c := operandB(inst), operandC(inst)
	switch int(inst >> opcodeShift) {
	case lua.OP_MOVE:
		if b < operandA(inst) {
			return f.whatIs(b, at)
		}
	case lua.OP_GETGLOBAL:
		return fmt.Sprintf("global '%s'", proto.Constants[inst&maxBx])
	case lua.OP_GETUPVAL:
		return fmt.Sprintf("upvalue '%s'", proto.DbgUpvalues[b])
	case lua.OP_GETTABLE, lua.OP_GETTABLEKS:
		return fmt.Sprintf("field '%s'", f.key(c))
	case lua.OP_SELF:
		if register == operandA(inst) {
			return fmt.Sprintf("method '%s'", f.key(c))
		}
	}
	return ""
}

// key is a key that is written out, or "?".
func (f *frame) key(operand int) string {
	if operand&constantBit != 0 {
		if name, ok := f.fn.Proto.Constants[operand&^constantBit].(lua.LString); ok {
			return string(name)
		}
	}
	return "?"
}

// maxBx masks the large argument of an instruction.
const maxBx = 1<<18 - 1

// lastChange is where a register got what it has before the instruction at pc, or
// -1. Jumps that stay before pc are taken.
func lastChange(proto *lua.FunctionProto, register, pc int) int {
	last := -1
	for i := 0; i < pc; i++ {
		inst := proto.Code[i]
		a, b := operandA(inst), operandB(inst)
		changes := a == register
		switch op := int(inst >> opcodeShift); op {
		case lua.OP_LOADNIL:
			changes = a <= register && register <= b
		case lua.OP_TFORLOOP:
			changes = register >= a+2
		case lua.OP_CALL, lua.OP_TAILCALL, lua.OP_VARARG:
			changes = register >= a
		case lua.OP_SELF:
			changes = register == a || register == a+1
		case lua.OP_JMP, lua.OP_FORPREP:
			changes = op == lua.OP_FORPREP && register >= a && register <= a+3
			if to := i + 1 + int(inst&maxBx) - maxBx>>1; to > i && to <= pc {
				i = to - 1
			}
		case lua.OP_CLOSURE:
			i += int(proto.FunctionPrototypes[inst&maxBx].NumUpvalues)
		case lua.OP_SETLIST:
			changes = false
			if operandC(inst) == 0 {
				i++ // the next word is a number
			}
		case lua.OP_SETGLOBAL, lua.OP_SETUPVAL, lua.OP_SETTABLE, lua.OP_SETTABLEKS, lua.OP_EQ, lua.OP_LT, lua.OP_LE,
			lua.OP_RETURN, lua.OP_CLOSE, lua.OP_NOP:
			changes = false
		}
		if changes {
			last = i
		}
	}
	return last
}

// maxFrames is how many lines of a traceback are shown: the innermost and the
// outermost.
const maxFrames = 20

// traceback lists the functions that run on a thread and are written in Lua, the
// innermost first: "file:line: in function 'name'" each.
func traceback(L *lua.LState) string {
	var lines []string
	for f := currentFrame(L); f != nil; f = f.parent {
		if !f.fn.IsG {
			proto := f.fn.Proto
			line := proto.DbgSourcePositions[max(f.pc-1, 0)]
			lines = append(lines, fmt.Sprintf("%s:%d: in %s", proto.SourceName, line, f.name()))
		}
	}
	if len(lines) > maxFrames {
		lines = append(append(lines[:maxFrames/2:maxFrames/2], "..."), lines[len(lines)-maxFrames/2:]...)
	}
	return strings.Join(lines, "\n")
}

// calledAs is what a function was called as, such as "global 'print'", or "".
func (f *frame) calledAs() string {
	p := f.parent
	if p == nil || p.fn.IsG || f.tailCalls > 0 {
		return ""
	}
	inst := p.fn.Proto.Code[p.pc-1]
	switch int(inst >> opcodeShift) {
	case lua.OP_CALL, lua.OP_TAILCALL:
		return p.whatIs(operandA(inst), p.pc-1)
	}
	return ""
}

// name is what a traceback calls a function: by the name that it was called by,
// or by where it stands.
func (f *frame) name() string {
	if what := f.calledAs(); what != "" && what != "field '?'" {
		_, name, _ := strings.Cut(what, " ")
		return "function " + name
	}
	if proto := f.fn.Proto; proto.LineDefined > 0 {
		return fmt.Sprintf("function at %s:%d", proto.SourceName, proto.LineDefined)
	}
	return "main chunk"
}

// arithmeticOfTexts adds metamethods to those of strings: gopher-lua's machine asks
// them where an operand is no number.
func (s *State) arithmeticOfTexts(methods *lua.LTable) {
	for event, compute := range map[string]func(a, b lua.LNumber) lua.LNumber{
		"__add": func(a, b lua.LNumber) lua.LNumber { return a + b },
		"__sub": func(a, b lua.LNumber) lua.LNumber { return a - b },
		"__mul": func(a, b lua.LNumber) lua.LNumber { return a * b },
		"__div": func(a, b lua.LNumber) lua.LNumber { return a / b },
		"__mod": modulo,
		"__pow": raise,
	} {
		methods.RawSetString(event, s.lua.NewFunction(func(L *lua.LState) int {
			a, ok1 := toNumber(L.Get(1))
			b, ok2 := toNumber(L.Get(2))
			if ok1 && ok2 {
				L.Push(compute(a, b))
				return 1
			}
			for _, operand := range []lua.LValue{L.Get(1), L.Get(2)} {
				if _, isText := operand.(lua.LString); isText {
					continue
				}
				if method := L.GetMetaField(operand, event); method != lua.LNil {
					L.SetTop(2)
					L.Insert(method, 1)
					L.Call(2, 1)
					return 1
				}
			}
			noArithmetic(L)
			return 0
		}))
	}
	methods.RawSetString("__unm", s.lua.NewFunction(func(L *lua.LState) int {
		n, ok := toNumber(L.Get(1))
		if !ok {
			noArithmetic(L)
		}
		L.Push(-n)
		return 1
	}))
}

// noArithmetic raises what the instruction that asked for arithmetic fails with.
func noArithmetic(L *lua.LState) {
	message := "attempt to perform arithmetic on a string value"
	if f := currentFrame(L).parent; f != nil && !f.fn.IsG {
		message = f.explain(registersOf(L), "cannot perform ")
		if int(f.fn.Proto.Code[f.pc-1]>>opcodeShift) == lua.OP_UNM {
			message = f.explain(registersOf(L), "__unm undefined")
		}
	}
	L.RaiseError("%s", message)
}
