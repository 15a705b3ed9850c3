package bytecode

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"

	"github.com/loci-place/loci/scripts/internal/syntax"
)

func (f *function) statements(chunk []ast.Stmt) {
	for i, st := range chunk {
		f.line = st.Line()
		if l, ok := st.(*ast.LabelStmt); ok {
			locals := len(f.locals)
			if onlyLabels(chunk[i:]) && !f.block.untilFollows {
				locals = f.block.locals // nothing follows in which a local would be visible
			}
			f.label(l.Name, locals)
			continue
		}
		f.statement(st)
		f.free = len(f.locals)
	}
}

func onlyLabels(chunk []ast.Stmt) bool {
	for _, st := range chunk {
		if _, ok := st.(*ast.LabelStmt); !ok {
			return false
		}
	}
	return true
}

// scope compiles statements in a block of their own.
func (f *function) scope(chunk []ast.Stmt) {
	f.enter(false)
	f.statements(chunk)
	f.leave()
}

func (f *function) statement(statement ast.Stmt) {
	switch st := statement.(type) {
	case *ast.AssignStmt:
		f.assign(st)
	case *ast.LocalAssignStmt:
		f.values(len(st.Names), st.Exprs)
		f.addLocals(st.Names...)
	case *syntax.LocalFunction:
		f.addLocals(st.Name)
		f.reserve(1)
		e := f.closure(st.Func, false)
		f.toRegister(&e, len(f.locals)-1)
	case *ast.FuncCallStmt:
		e := f.expr(st.Expr)
		f.results(&e, 0)
	case *ast.DoBlockStmt:
		f.scope(st.Stmts)
	case *ast.IfStmt:
		f.ifStatement(st)
	case *ast.WhileStmt:
		f.while(st)
	case *ast.RepeatStmt:
		f.repeat(st)
	case *ast.NumberForStmt:
		f.numericFor(st)
	case *ast.GenericForStmt:
		f.genericFor(st)
	case *ast.FuncDefStmt:
		f.define(st)
	case *ast.ReturnStmt:
		f.returns(st)
	case *ast.BreakStmt:
		f.breakLoop()
	case *ast.GotoStmt:
		f.goTo(st.Label)
	default:
		panic(fmt.Sprintf("unknown statement %T", st))
	}
}

// values puts n values of a list of expressions into the next registers.
func (f *function) values(n int, expressions []ast.Expr) {
	base := f.free
	last := f.list(expressions)
	missing := n - len(expressions)
	switch {
	case len(expressions) > 0 && last.hasMany():
		f.results(&last, max(missing+1, 0))
		if missing > 0 {
			f.need(missing)
		}
	case missing > 0:
		f.need(missing)
		f.emitABC(lua.OP_LOADNIL, f.free, f.free+missing-1, 0)
	}
	f.free = base
	f.reserve(n)
}

// assign evaluates all before it stores anything: what is assigned to, from left
// to right, then the values; and stores from right to left, as Lua 5.1 does.
func (f *function) assign(st *ast.AssignStmt) {
	targets := make([]expr, len(st.Lhs))
	for i, x := range st.Lhs {
		targets[i] = f.expr(x)
	}
	if len(targets) > 1 {
		f.protect(targets)
	}
	if len(st.Rhs) == len(st.Lhs) {
		// The last value needs no register of its own.
		for _, x := range st.Rhs[:len(st.Rhs)-1] {
			e := f.expr(x)
			f.toNext(&e)
		}
		e := f.expr(st.Rhs[len(st.Rhs)-1])
		f.one(&e)
		f.line = max(f.line, st.LastLine())
		f.store(&targets[len(targets)-1], &e)
		targets = targets[:len(targets)-1]
	} else {
		f.values(len(st.Lhs), st.Rhs)
	}
	for i := len(targets) - 1; i >= 0; i-- {
		e := f.described(isRegister, f.free-1)
		f.store(&targets[i], &e)
	}
}

// protect copies locals that are assigned to and that another target is indexed
// by, or is a field of.
func (f *function) protect(targets []expr) {
	for i := range targets {
		if targets[i].kind != isLocal {
			continue
		}
		register, copied := targets[i].info, -1
		replace := func(operand *int) {
			if *operand != register {
				return
			}
			if copied < 0 {
				copied = f.free
				f.reserve(1)
				f.emitABC(lua.OP_MOVE, copied, register, 0)
			}
			*operand = copied
		}
		for j := range targets {
			if targets[j].kind == isIndexed {
				replace(&targets[j].info)
				replace(&targets[j].key)
			}
		}
	}
}

// ifStatement goes along a chain of elseif.
func (f *function) ifStatement(st *ast.IfStmt) {
	ends := noJump
	for {
		f.line = st.Line()
		otherwise := f.branch(st.Condition)
		f.scope(st.Then)
		if len(st.Else) == 0 {
			f.patchHere(otherwise)
			break
		}
		f.join(&ends, f.jump())
		f.patchHere(otherwise)
		next, ok := st.Else[0].(*ast.IfStmt)
		if !ok || len(st.Else) > 1 {
			f.scope(st.Else)
			break
		}
		st = next
	}
	f.patchHere(ends)
}

// branch evaluates a condition and returns the jumps that are taken if it is
// false.
func (f *function) branch(condition ast.Expr) int {
	e := f.expr(condition)
	if e.kind == isNil {
		e.kind = isFalse
	}
	f.goIfTrue(&e)
	return e.exits.whenFalse
}

func (f *function) while(st *ast.WhileStmt) {
	begin := f.pc()
	exit := f.branch(st.Condition)
	f.enter(true)
	f.scope(st.Stmts)
	f.patch(f.jump(), begin)
	f.leave()
	f.patchHere(exit)
}

// repeat has the locals of its body visible in the condition.
func (f *function) repeat(st *ast.RepeatStmt) {
	begin := f.pc()
	f.enter(true)
	f.enter(false)
	f.block.untilFollows = true
	f.statements(st.Stmts)
	f.line = st.LastLine()
	again := f.branch(st.Condition)
	if f.block.captured {
		f.breakLoop() // closes what was captured
		f.patchHere(again)
		f.leave()
		again = f.jump()
	} else {
		f.leave()
	}
	f.patch(again, begin)
	f.leave()
}

func (f *function) numericFor(st *ast.NumberForStmt) {
	f.enter(true)
	base := f.free
	step := st.Step
	if step == nil {
		step = &ast.NumberExpr{Value: "1"}
		step.SetLine(f.line)
	}
	for _, x := range []ast.Expr{st.Init, st.Limit, step} {
		e := f.expr(x)
		f.toNext(&e)
	}
	f.addLocals("(for index)", "(for limit)", "(for step)")
	f.line = st.Line()
	prepare := f.emitJump(lua.OP_FORPREP, base, noJump)
	f.loopBody(st.Stmts, st.Name)
	f.line = st.Line()
	f.setJump(prepare, f.pc())
	f.setJump(f.emitJump(lua.OP_FORLOOP, base, noJump), prepare+1)
	f.leave()
}

func (f *function) genericFor(st *ast.GenericForStmt) {
	f.enter(true)
	base := f.free
	f.values(3, st.Exprs)
	f.addLocals("(for generator)", "(for state)", "(for control)")
	f.need(3) // the call's
	f.line = st.Line()
	prepare := f.jump()
	f.loopBody(st.Stmts, st.Names...)
	f.line = st.Line()
	f.patchHere(prepare)
	f.emitABC(lua.OP_TFORLOOP, base, 0, len(st.Names))
	f.patch(f.jump(), prepare+1)
	f.leave()
}

// loopBody compiles what is between the instructions of a for.
func (f *function) loopBody(chunk []ast.Stmt, names ...string) {
	f.enter(false)
	f.addLocals(names...)
	f.reserve(len(names))
	f.statements(chunk)
	f.leave()
}

func (f *function) define(st *ast.FuncDefStmt) {
	line := f.line
	if st.Name.Method == "" {
		to := f.expr(st.Name.Func)
		e := f.closure(st.Func, false)
		f.line = line
		f.store(&to, &e)
		return
	}
	object := f.expr(st.Name.Receiver)
	f.toAny(&object)
	to := f.described(isIndexed, object.info)
	key := f.described(isConstant, f.constant(lua.LString(st.Name.Method)))
	to.key = f.toOperand(&key)
	e := f.closure(st.Func, true)
	f.line = line
	f.store(&to, &e)
}

func (f *function) returns(st *ast.ReturnStmt) {
	if len(st.Exprs) == 1 {
		e := f.expr(st.Exprs[0])
		switch {
		case e.kind == isCall:
			f.results(&e, allValues)
			inst := f.proto.Code[e.info]
			f.proto.Code[e.info] = abc(lua.OP_TAILCALL, aOf(inst), bOf(inst), cOf(inst))
			f.emitABC(lua.OP_RETURN, aOf(inst), 0, 0)
		case e.kind == isVarArg:
			f.results(&e, allValues)
			f.emitABC(lua.OP_RETURN, len(f.locals), 0, 0)
		default:
			f.emitABC(lua.OP_RETURN, f.toAny(&e), 2, 0)
		}
		return
	}
	first := len(f.locals)
	last := f.list(st.Exprs)
	count := len(st.Exprs) + 1
	if len(st.Exprs) > 0 && last.hasMany() {
		f.results(&last, allValues)
		count = 0
	}
	f.emitABC(lua.OP_RETURN, first, count, 0)
}
