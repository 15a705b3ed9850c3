package sandbox

import (
	"crypto/rand"
	"fmt"
	"strconv"

	"github.com/yuin/gopher-lua/ast"
)

// concatMark stands for the concatenation function in a source's tree. It is a
// string constant that no script can guess.
var concatMark = "\x00concatenate " + rand.Text()

// rewriter walks a tree: it refuses one that is too deep for the compiler,
// which is recursive, or has too many constants for it, and makes a..b a call.
type rewriter struct {
	depth     int
	constants map[constant]bool // of the present function
	lookups   int               // of constants, in all functions
}

// constant is a number, as written, a text or a name.
type constant struct {
	number bool
	text   string
}

// maxLookups bounds the time of compiling: for each use of a constant the
// compiler compares it with those that the function has so far, which takes
// 100 ms for so many. A function with 5,000 different constants needs fewer.
const maxLookups = 16_000_000

func (r *rewriter) constant(line int, c constant) {
	r.constants[c] = true
	r.lookups += len(r.constants)
	if r.lookups > maxLookups {
		panic(&Error{Line: line, Cause: ErrSource, Message: fmt.Sprintf(
			"too many different names, numbers and texts in one function (%d here); split it", len(r.constants))})
	}
}

// function walks a function's body, or a chunk.
func (r *rewriter) function(body []ast.Stmt) {
	outer := r.constants
	r.constants = map[constant]bool{}
	r.block(body)
	r.constants = outer
}

func (r *rewriter) enter(line int) {
	r.depth++
	if r.depth > MaxNesting {
		panic(&Error{Line: line, Cause: ErrSource,
			Message: fmt.Sprintf("nested deeper than %d; split the expression or the block", MaxNesting)})
	}
}

func (r *rewriter) block(statements []ast.Stmt) {
	for i, statement := range statements {
		r.enter(statement.Line())
		r.statement(statement)
		if assignment, ok := statement.(*ast.AssignStmt); ok && needsLocals(assignment) {
			statements[i] = throughLocals(assignment)
		}
		r.depth--
	}
}

// needsLocals reports whether an assignment has a call that the compiler might
// put into the register of a parameter before it reads the parameter. It does
// so with any call but a last one that may give several values.
func needsLocals(st *ast.AssignStmt) bool {
	for i, e := range st.Rhs {
		if call, ok := e.(*ast.FuncCallExpr); ok && (i < len(st.Rhs)-1 || call.AdjustRet) {
			return true
		}
	}
	return false
}

// throughLocals makes a, b = f(a), 1 a block: local x, y = f(a), 1 a, b = x, y.
func throughLocals(st *ast.AssignStmt) ast.Stmt {
	locals := &ast.LocalAssignStmt{Exprs: st.Rhs}
	assign := &ast.AssignStmt{Lhs: st.Lhs}
	for i := range st.Lhs {
		name := &ast.IdentExpr{Value: fmt.Sprintf(" value %d", i)} // no name of a script's
		name.SetLine(st.Line())
		name.SetLastLine(st.LastLine())
		locals.Names = append(locals.Names, name.Value)
		assign.Rhs = append(assign.Rhs, name)
	}
	block := &ast.DoBlockStmt{Stmts: []ast.Stmt{locals, assign}}
	for _, node := range []ast.Stmt{locals, assign, block} {
		node.SetLine(st.Line())
		node.SetLastLine(st.LastLine())
	}
	return block
}

func (r *rewriter) statement(statement ast.Stmt) {
	switch st := statement.(type) {
	case *ast.AssignStmt:
		r.list(st.Lhs)
		r.list(st.Rhs)
	case *ast.LocalAssignStmt:
		r.list(st.Exprs)
	case *ast.FuncCallStmt:
		r.expr(&st.Expr)
	case *ast.DoBlockStmt:
		r.block(st.Stmts)
	case *ast.WhileStmt:
		r.expr(&st.Condition)
		r.block(st.Stmts)
	case *ast.RepeatStmt:
		r.expr(&st.Condition)
		r.block(st.Stmts)
	case *ast.IfStmt:
		r.expr(&st.Condition)
		r.block(st.Then)
		r.block(st.Else)
	case *ast.NumberForStmt:
		r.expr(&st.Init)
		r.expr(&st.Limit)
		r.expr(&st.Step)
		r.block(st.Stmts)
	case *ast.GenericForStmt:
		r.list(st.Exprs)
		r.block(st.Stmts)
	case *ast.FuncDefStmt:
		r.functionName(st.Name)
		r.function(st.Func.Stmts)
	case *ast.ReturnStmt:
		r.list(st.Exprs)
	case *ast.BreakStmt, *ast.LabelStmt, *ast.GotoStmt:
	default:
		panic(fmt.Sprintf("unknown statement %T", st))
	}
}

func (r *rewriter) functionName(name *ast.FuncName) {
	if name.Func != nil {
		r.expr(&name.Func)
	}
	if name.Receiver != nil {
		r.expr(&name.Receiver)
		r.constant(name.Receiver.Line(), constant{text: name.Method})
	}
}

func (r *rewriter) list(exprs []ast.Expr) {
	for i := range exprs {
		r.expr(&exprs[i])
	}
}

// expr walks one expression, which may be nil, and puts its replacement back.
func (r *rewriter) expr(at *ast.Expr) {
	if *at == nil {
		return
	}
	r.enter((*at).Line())
	defer func() { r.depth-- }()
	switch e := (*at).(type) {
	case *ast.StringConcatOpExpr:
		*at = r.concat(e)
	case *ast.AttrGetExpr:
		r.expr(&e.Object)
		r.index(e.Key)
		r.expr(&e.Key)
	case *ast.TableExpr:
		for _, field := range e.Fields {
			r.index(field.Key)
			r.expr(&field.Key)
			r.expr(&field.Value)
		}
	case *ast.FuncCallExpr:
		r.expr(&e.Func)
		r.expr(&e.Receiver)
		r.constant(e.Line(), constant{text: e.Method})
		r.list(e.Args)
	case *ast.LogicalOpExpr:
		r.expr(&e.Lhs)
		r.expr(&e.Rhs)
	case *ast.RelationalOpExpr:
		r.expr(&e.Lhs)
		r.expr(&e.Rhs)
	case *ast.ArithmeticOpExpr:
		r.expr(&e.Lhs)
		r.expr(&e.Rhs)
	case *ast.UnaryMinusOpExpr:
		r.expr(&e.Expr)
	case *ast.UnaryNotOpExpr:
		r.expr(&e.Expr)
	case *ast.UnaryLenOpExpr:
		r.expr(&e.Expr)
	case *ast.FunctionExpr:
		r.function(e.Stmts)
	case *ast.NumberExpr:
		r.constant(e.Line(), constant{number: true, text: e.Value})
	case *ast.StringExpr:
		r.constant(e.Line(), constant{text: e.Value})
	case *ast.IdentExpr:
		r.constant(e.Line(), constant{text: e.Value})
	case *ast.TrueExpr, *ast.FalseExpr, *ast.NilExpr, *ast.Comma3Expr:
	default:
		panic(fmt.Sprintf("unknown expression %T", e))
	}
}

// concat makes a .. b .. c one call.
func (r *rewriter) concat(e *ast.StringConcatOpExpr) ast.Expr {
	function := &ast.StringExpr{Value: concatMark}
	call := &ast.FuncCallExpr{Func: function}
	for _, node := range []ast.Expr{function, call} {
		node.SetLine(e.Line())
		node.SetLastLine(e.LastLine())
	}
	var last ast.Expr = e
	for depth := r.depth; ; r.enter(e.Line()) {
		pair, ok := last.(*ast.StringConcatOpExpr)
		if !ok {
			call.Args = append(call.Args, last)
			r.depth = depth
			break
		}
		call.Args = append(call.Args, pair.Lhs)
		last = pair.Rhs
	}
	r.list(call.Args)
	switch last := call.Args[len(call.Args)-1].(type) {
	case *ast.FuncCallExpr:
		last.AdjustRet = true
	case *ast.Comma3Expr:
		last.AdjustRet = true
	}
	return call
}

// index refuses a number that would make a huge array: gopher-lua fills the
// hole, in one instruction.
func (r *rewriter) index(key ast.Expr) {
	number, ok := key.(*ast.NumberExpr)
	if !ok {
		return
	}
	n, err := strconv.ParseFloat(number.Value, 64)
	if err == nil && n > MaxArray {
		panic(&Error{Line: key.Line(), Cause: ErrSource,
			Message: fmt.Sprintf("index %s is above %d", number.Value, MaxArray)})
	}
}
