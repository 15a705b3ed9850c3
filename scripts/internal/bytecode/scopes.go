package bytecode

import (
	lua "github.com/yuin/gopher-lua"
)

// local is a variable; its register is its index in function.locals.
type local struct {
	name string
	info *lua.DbgLocalInfo
}

// upvalue is where the function around has a variable that is used here: in a
// register, or as an upvalue of its own.
type upvalue struct {
	register bool
	index    int
}

// block is a scope of locals and labels.
type block struct {
	outer    *block
	locals   int  // how many there are around it
	loop     bool // a break leaves it
	breaks   int  // the jumps of those
	captured bool // a closure has a local of its
	labels   map[string]label
	gotos    int // how many pending gotos there are around it
	// untilFollows: a condition follows the statements, in which locals are
	// visible.
	untilFollows bool
}

type label struct {
	pc, locals, line int
}

// pending is a goto whose label is not known yet. Before its jump is an
// instruction that closes upvalues, from the label's locals on.
type pending struct {
	name         string
	close        int // that instruction's pc
	locals, line int
}

func (f *function) enter(loop bool) {
	f.block = &block{outer: f.block, locals: len(f.locals), loop: loop, breaks: noJump, gotos: len(f.gotos)}
}

func (f *function) leave() {
	b := f.block
	f.block = b.outer
	f.removeLocals(b.locals)
	if b.captured && b.outer != nil {
		f.emitABC(lua.OP_CLOSE, b.locals, 0, 0)
	}
	f.free = b.locals
	f.patchHere(b.breaks)
	for i := b.gotos; i < len(f.gotos); i++ { // perhaps the label comes in the block around
		f.gotos[i].locals = min(f.gotos[i].locals, b.locals)
	}
}

// addLocals makes the values in the registers behind the last local locals.
func (f *function) addLocals(names ...string) {
	for _, name := range names {
		if len(f.locals) >= maxLocals {
			f.fail("more than %d local variables in %s", maxLocals, f.where())
		}
		// gopher-lua sees a local from the instruction after StartPc on.
		info := &lua.DbgLocalInfo{Name: name, StartPc: f.pc() - 1}
		f.proto.DbgLocals = append(f.proto.DbgLocals, info)
		f.locals = append(f.locals, local{name, info})
	}
}

func (f *function) removeLocals(left int) {
	for _, l := range f.locals[left:] {
		l.info.EndPc = f.pc()
	}
	f.locals = f.locals[:left]
}

func (f *function) findLocal(name string) (register int, ok bool) {
	for i := len(f.locals) - 1; i >= 0; i-- {
		if f.locals[i].name == name {
			return i, true
		}
	}
	return 0, false
}

// variable describes a name: a local, an upvalue or a global.
func (f *function) variable(name string) expr {
	if register, ok := f.findLocal(name); ok {
		return f.described(isLocal, register)
	}
	if index, ok := f.findUpvalue(name); ok {
		return f.described(isUpvalue, index)
	}
	return f.described(isGlobal, f.constant(lua.LString(name)))
}

// findUpvalue finds a variable in the functions around, and makes it an upvalue
// of those in between.
func (f *function) findUpvalue(name string) (index int, ok bool) {
	if f.outer == nil {
		return 0, false
	}
	var from upvalue
	if register, ok := f.outer.findLocal(name); ok {
		f.outer.capture(register)
		from = upvalue{register: true, index: register}
	} else if index, ok := f.outer.findUpvalue(name); ok {
		from = upvalue{index: index}
	} else {
		return 0, false
	}
	if index, ok := f.upvalues[from]; ok {
		return index, true
	}
	index = len(f.upvalues)
	f.upvalues[from] = index
	f.proto.DbgUpvalues = append(f.proto.DbgUpvalues, name)
	if len(f.upvalues) > maxUpvalues {
		f.line = f.proto.LineDefined
		f.fail("the function uses %d locals from around it, %d are possible", len(f.upvalues), maxUpvalues)
	}
	return index, true
}

// capture marks the block of a local that a closure uses.
func (f *function) capture(register int) {
	b := f.block
	for b.locals > register {
		b = b.outer
	}
	b.captured = true
}

func (f *function) breakLoop() {
	captured := false
	b := f.block
	for ; !b.loop; b = b.outer {
		// With a label a closure may come from further down.
		captured = captured || b.captured || b.labels != nil
	}
	if captured {
		f.emitABC(lua.OP_CLOSE, b.locals, 0, 0)
	}
	f.join(&b.breaks, f.jump())
}

// label defines one, behind which locals are visible.
func (f *function) label(name string, locals int) {
	b := f.block
	if old, ok := b.labels[name]; ok {
		f.fail("label '%s' already defined at line %d", name, old.line)
	}
	if b.labels == nil {
		b.labels = map[string]label{}
	}
	l := label{f.pc(), locals, f.line}
	b.labels[name] = l
	left := f.gotos[:b.gotos]
	for _, g := range f.gotos[b.gotos:] {
		if g.name == name {
			f.resolve(g, l)
		} else {
			left = append(left, g)
		}
	}
	f.gotos = left
}

func (f *function) goTo(name string) {
	g := pending{name, f.emitABC(lua.OP_CLOSE, 0, 0, 0), len(f.locals), f.line}
	f.jump()
	for b := f.block; b != nil; b = b.outer {
		if l, ok := b.labels[name]; ok {
			f.resolve(g, l)
			return
		}
	}
	f.gotos = append(f.gotos, g)
}

func (f *function) resolve(g pending, l label) {
	if l.locals > g.locals {
		f.line = g.line
		f.fail("goto %s jumps into the scope of local '%s'", g.name, f.locals[g.locals].name)
	}
	f.setA(g.close, l.locals)
	f.setJump(g.close+1, l.pc)
}

func (f *function) undefinedLabels() {
	for _, g := range f.gotos {
		f.line = g.line
		f.fail("no visible label '%s' for goto", g.name)
	}
}
