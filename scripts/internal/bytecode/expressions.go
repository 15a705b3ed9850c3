package bytecode

import (
	"fmt"
	"math"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"

	"github.com/loci-place/loci/scripts/internal/syntax"
)

// expr compiles an expression as far as it can be without knowing where its
// value goes.
func (f *function) expr(expression ast.Expr) expr {
	switch x := expression.(type) {
	case *ast.NilExpr:
		f.line = x.Line()
		return f.described(isNil, 0)
	case *ast.TrueExpr:
		f.line = x.Line()
		return f.described(isTrue, 0)
	case *ast.FalseExpr:
		f.line = x.Line()
		return f.described(isFalse, 0)
	case *ast.NumberExpr:
		f.line = x.Line()
		e := f.described(isNumber, 0)
		e.number, _ = syntax.ParseNumber(x.Value)
		return e
	case *ast.StringExpr:
		f.line = x.Line()
		return f.described(isConstant, f.constant(lua.LString(x.Value)))
	case *ast.IdentExpr:
		f.line = x.Line()
		return f.variable(x.Value)
	case *ast.Comma3Expr:
		f.line = x.Line()
		f.proto.IsVarArg &^= lua.VarArgNeedsArg
		e := f.described(isVarArg, f.emitABC(lua.OP_VARARG, 0, 1, 0))
		if x.AdjustRet {
			f.one(&e)
		}
		return e
	case *ast.AttrGetExpr:
		return f.index(x)
	case *ast.FuncCallExpr:
		e := f.call(x)
		if x.AdjustRet {
			f.one(&e)
		}
		return e
	case *ast.TableExpr:
		return f.table(x)
	case *ast.FunctionExpr:
		return f.closure(x, false)
	case *ast.LogicalOpExpr:
		return f.logical(x)
	case *ast.RelationalOpExpr:
		return f.comparison(x)
	case *ast.StringConcatOpExpr:
		return f.concat(x)
	case *ast.ArithmeticOpExpr:
		return f.arithmetic(x)
	case *ast.UnaryMinusOpExpr:
		e := f.expr(x.Expr)
		if e.isNumeral() {
			e.number = -e.number
			return e
		}
		return f.unary(lua.OP_UNM, &e, x.Line())
	case *ast.UnaryLenOpExpr:
		e := f.expr(x.Expr)
		return f.unary(lua.OP_LEN, &e, x.Line())
	case *ast.UnaryNotOpExpr:
		e := f.expr(x.Expr)
		f.line = x.Line()
		f.not(&e)
		return e
	}
	panic(fmt.Sprintf("unknown expression %T", expression))
}

func (f *function) unary(op int, e *expr, line int) expr {
	f.line = line
	register := f.toAny(e)
	f.releaseExpr(e)
	return f.described(isOpen, f.emitABC(op, 0, register, 0))
}

func (f *function) index(x *ast.AttrGetExpr) expr {
	object := f.expr(x.Object)
	f.toAny(&object)
	key := f.expr(x.Key)
	f.line = x.Line()
	e := f.described(isIndexed, object.info)
	e.key = f.toOperand(&key)
	return e
}

var arithmetic = map[string]int{
	"+": lua.OP_ADD, "-": lua.OP_SUB, "*": lua.OP_MUL, "/": lua.OP_DIV, "%": lua.OP_MOD, "^": lua.OP_POW,
}

func (f *function) arithmetic(x *ast.ArithmeticOpExpr) expr {
	left := f.expr(x.Lhs)
	if !left.isNumeral() {
		f.toOperand(&left)
	}
	right := f.expr(x.Rhs)
	f.line = x.Line()
	if left.isNumeral() && right.isNumeral() {
		if n, ok := fold(x.Operator, left.number, right.number); ok {
			left.number = n
			return left
		}
	}
	c := f.toOperand(&right)
	b := f.toOperand(&left)
	f.releaseTwo(&left, &right)
	return f.described(isOpen, f.emitABC(arithmetic[x.Operator], 0, b, c))
}

// releaseTwo frees the registers of two operands, the later one first.
func (f *function) releaseTwo(a, b *expr) {
	if a.kind == isRegister && b.kind == isRegister && a.info > b.info {
		a, b = b, a
	}
	f.releaseExpr(b)
	f.releaseExpr(a)
}

// fold computes what needs no running, which is what neither has no number nor
// depends on the machine.
func fold(operator string, a, b float64) (n float64, ok bool) {
	switch operator {
	case "+":
		n = a + b
	case "-":
		n = a - b
	case "*":
		n = a * b
	case "/":
		if b == 0 {
			return 0, false
		}
		n = a / b
	default: // the machine has its own idea of these
		return 0, false
	}
	return n, !math.IsNaN(n)
}

// concat makes one instruction of a .. b .. c, which goes from right to left.
func (f *function) concat(x *ast.StringConcatOpExpr) expr {
	first := f.free
	count := 0
	var last ast.Expr = x
	for {
		pair, ok := last.(*ast.StringConcatOpExpr)
		if !ok {
			break
		}
		e := f.expr(pair.Lhs)
		f.toNext(&e)
		count++
		last = pair.Rhs
	}
	e := f.expr(last)
	f.toNext(&e)
	f.line = x.Line()
	f.free = first
	return f.described(isOpen, f.emitABC(lua.OP_CONCAT, 0, first, first+count))
}

func (f *function) comparison(x *ast.RelationalOpExpr) expr {
	left := f.expr(x.Lhs)
	b := f.toOperand(&left)
	right := f.expr(x.Rhs)
	f.line = x.Line()
	c := f.toOperand(&right)
	f.releaseTwo(&left, &right)
	op, wanted := lua.OP_EQ, 1
	switch x.Operator {
	case "~=":
		wanted = 0
	case "<":
		op = lua.OP_LT
	case "<=":
		op = lua.OP_LE
	case ">":
		op, b, c = lua.OP_LT, c, b
	case ">=":
		op, b, c = lua.OP_LE, c, b
	}
	return f.described(isJump, f.condition(op, wanted, b, c))
}

// condition emits a test and the jump that is taken if it holds.
func (f *function) condition(op, a, b, c int) int {
	f.emitABC(op, a, b, c)
	return f.jump()
}

func (f *function) logical(x *ast.LogicalOpExpr) expr {
	left := f.expr(x.Lhs)
	f.line = x.Line()
	if x.Operator == "and" {
		f.goIfTrue(&left)
		right := f.expr(x.Rhs)
		f.read(&right)
		f.join(&right.exits.whenFalse, left.exits.whenFalse)
		return right
	}
	f.goIfFalse(&left)
	right := f.expr(x.Rhs)
	f.read(&right)
	f.join(&right.exits.whenTrue, left.exits.whenTrue)
	return right
}

// goIfTrue goes on only if e is true, and leaves otherwise.
func (f *function) goIfTrue(e *expr) {
	f.read(e)
	jump := noJump
	switch e.kind {
	case isConstant, isNumber, isTrue:
	case isFalse:
		jump = f.jump()
	case isJump:
		f.invert(e)
		jump = e.info
	default:
		jump = f.jumpIf(e, false)
	}
	f.join(&e.exits.whenFalse, jump)
	f.patchHere(e.exits.whenTrue)
	e.exits.whenTrue = noJump
}

// goIfFalse goes on only if e is false, and leaves otherwise.
func (f *function) goIfFalse(e *expr) {
	f.read(e)
	jump := noJump
	switch e.kind {
	case isNil, isFalse:
	case isTrue:
		jump = f.jump()
	case isJump:
		jump = e.info
	default:
		jump = f.jumpIf(e, true)
	}
	f.join(&e.exits.whenTrue, jump)
	f.patchHere(e.exits.whenFalse)
	e.exits.whenFalse = noJump
}

// invert makes a comparison jump where it did not.
func (f *function) invert(e *expr) {
	at := f.control(e.info)
	f.setA(at, 1-aOf(f.proto.Code[at]))
}

// jumpIf emits a jump that is taken if e is true, or false.
func (f *function) jumpIf(e *expr, is bool) int {
	if e.kind == isOpen {
		if inst := f.proto.Code[e.info]; opOf(inst) == lua.OP_NOT && e.info == f.pc()-1 {
			f.removeLast()
			return f.condition(lua.OP_TEST, bOf(inst), 0, bit(!is))
		}
	}
	f.intoAny(e)
	f.releaseExpr(e)
	return f.condition(lua.OP_TESTSET, noRegister, e.info, bit(is))
}

func (f *function) removeLast() {
	f.proto.Code = f.proto.Code[:f.pc()-1]
	f.proto.DbgSourcePositions = f.proto.DbgSourcePositions[:f.pc()]
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (f *function) not(e *expr) {
	f.read(e)
	switch e.kind {
	case isNil, isFalse:
		e.kind = isTrue
	case isConstant, isNumber, isTrue:
		e.kind = isFalse
	case isJump:
		f.invert(e)
	default:
		f.intoAny(e)
		f.releaseExpr(e)
		e.info, e.kind = f.emitABC(lua.OP_NOT, 0, e.info, 0), isOpen
	}
	e.exits.whenTrue, e.exits.whenFalse = e.exits.whenFalse, e.exits.whenTrue
	f.dropValues(e.exits.whenTrue)
	f.dropValues(e.exits.whenFalse)
}

// dropValues makes conditions only test.
func (f *function) dropValues(list int) {
	for ; list != noJump; list = f.next(list) {
		f.patchTest(list, noRegister)
	}
}

func (f *function) call(x *ast.FuncCallExpr) expr {
	base := f.free
	if x.Func != nil {
		callee := f.expr(x.Func)
		f.toNext(&callee)
	} else {
		f.self(x)
	}
	arguments := f.list(x.Args)
	f.line = x.Line()
	count := f.free - base // of the arguments and one more
	if arguments.hasMany() {
		f.results(&arguments, allValues)
		count = 0
	}
	e := f.described(isCall, f.emitABC(lua.OP_CALL, base, count, 2))
	f.proto.DbgCalls = append(f.proto.DbgCalls, lua.DbgCall{Pc: e.info, Name: calleeName(x)})
	f.free = base + 1 // the first result
	return e
}

func calleeName(x *ast.FuncCallExpr) string {
	switch callee := x.Func.(type) {
	case nil:
		return x.Method
	case *ast.IdentExpr:
		return callee.Value
	case *ast.AttrGetExpr:
		if key, ok := callee.Key.(*ast.StringExpr); ok {
			return key.Value
		}
	}
	return "?"
}

// self puts a method and the object into the next two registers.
func (f *function) self(x *ast.FuncCallExpr) {
	object := f.expr(x.Receiver)
	f.toAny(&object)
	f.line = x.Line()
	f.releaseExpr(&object)
	base := f.free
	f.reserve(2)
	key := f.described(isConstant, f.constant(lua.LString(x.Method)))
	operand := f.toOperand(&key)
	f.emitABC(lua.OP_SELF, base, object.info, operand)
	f.releaseExpr(&key)
}

// list puts the values of expressions into the next registers, all but the last
// one if it may have many values, which is returned.
func (f *function) list(expressions []ast.Expr) (last expr) {
	for i, x := range expressions {
		last = f.expr(x)
		if i < len(expressions)-1 || !last.hasMany() {
			f.toNext(&last)
		}
	}
	return last
}

func (f *function) table(x *ast.TableExpr) expr {
	f.line = x.Line()
	pc := f.emitABC(lua.OP_NEWTABLE, 0, 0, 0)
	e := f.described(isOpen, pc)
	f.toNext(&e)
	table := e.info
	items, waiting, named := 0, 0, 0
	for i, field := range x.Fields {
		if field.Key != nil {
			f.field(table, field)
			named++
			continue
		}
		item := f.expr(field.Value)
		items++
		waiting++
		if item.hasMany() && i == len(x.Fields)-1 {
			f.results(&item, allValues)
			f.setList(table, items, 0)
			items, waiting = items-1, 0
			break
		}
		f.toNext(&item)
		if waiting == lua.FieldsPerFlush {
			f.setList(table, items, waiting)
			waiting = 0
		}
	}
	if waiting > 0 {
		f.setList(table, items, waiting)
	}
	f.setB(pc, min(items, 0x1ff))
	f.setC(pc, min(named, 0x1ff))
	return e
}

// field sets one that has a key.
func (f *function) field(table int, field *ast.Field) {
	free := f.free
	key := f.expr(field.Key)
	to := f.described(isIndexed, table)
	to.key = f.toOperand(&key)
	value := f.expr(field.Value)
	f.store(&to, &value)
	f.free = free
}

// setList puts the waiting items, or all up to the top of the stack, into a
// table that has items with them.
func (f *function) setList(table, items, waiting int) {
	block := (items-1)/lua.FieldsPerFlush + 1
	if block <= 0x1ff {
		f.emitABC(lua.OP_SETLIST, table, waiting, block)
	} else {
		f.emitABC(lua.OP_SETLIST, table, waiting, 0)
		f.emit(uint32(block))
	}
	f.free = table + 1
}

// closure compiles a function; a method has the parameter self before others.
func (f *function) closure(x *ast.FunctionExpr, method bool) expr {
	inner := newFunction(f, f.proto.SourceName, x.Line())
	var names []string
	if method {
		names = append(names, "self")
	}
	names = append(names, x.ParList.Names...)
	inner.proto.NumParameters = uint8(len(names))
	if x.ParList.HasVargs {
		inner.proto.IsVarArg = lua.VarArgIsVarArg
		if lua.CompatVarArg {
			inner.proto.IsVarArg |= lua.VarArgHasArg | lua.VarArgNeedsArg
			names = append(names, "arg")
		}
	}
	inner.body(names, x.Stmts, x.LastLine())
	f.proto.FunctionPrototypes = append(f.proto.FunctionPrototypes, inner.proto)
	f.line = max(f.line, x.LastLine())
	e := f.described(isOpen, f.emitABx(lua.OP_CLOSURE, 0, len(f.proto.FunctionPrototypes)-1))
	from := make([]upvalue, len(inner.upvalues))
	for u, index := range inner.upvalues {
		from[index] = u
	}
	for _, u := range from {
		if u.register {
			f.emitABC(lua.OP_MOVE, 0, u.index, 0)
		} else {
			f.emitABC(lua.OP_GETUPVAL, 0, u.index, 0)
		}
	}
	return e
}
