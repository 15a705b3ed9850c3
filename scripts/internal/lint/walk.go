package lint

import (
	"slices"
	"strings"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/lib"

	"github.com/yuin/gopher-lua/ast"

	"github.com/loci-place/loci/scripts/internal/syntax"
)

// walker goes over one file and finds names that mean nothing.
type walker struct {
	*checker
	name     string
	chunk    []ast.Stmt
	scopes   []map[string]typ // locals by name, the innermost last
	assigned map[string]bool  // names that are assigned somewhere, whose types may change
}

func newWalker(c *checker, file string) *walker {
	return &walker{checker: c, name: file, assigned: map[string]bool{}}
}

// gather finds the globals that the file sets.
func (w *walker) gather(chunk []ast.Stmt) {
	w.chunk = chunk
	w.scopes = []map[string]typ{{}}
	(&setter{w: w}).block(chunk)
}

// file walks over all of it.
func (w *walker) file() {
	w.scopes = []map[string]typ{{}}
	if lib.IsComponent(w.name) {
		w.component()
	}
	w.block(w.chunk)
}

func (w *walker) at(node ast.PositionHolder, format string, args ...any) {
	w.find(w.name, node.Line(), format, args...)
}

func (w *walker) push() { w.scopes = append(w.scopes, map[string]typ{}) }
func (w *walker) pop()  { w.scopes = w.scopes[:len(w.scopes)-1] }

func (w *walker) declare(name string, t typ) {
	if w.assigned[name] {
		t = ""
	}
	w.scopes[len(w.scopes)-1][name] = t
}

func (w *walker) local(name string) (typ, bool) {
	for _, scope := range slices.Backward(w.scopes) {
		if t, ok := scope[name]; ok {
			return t, true
		}
	}
	return "", false
}

func (w *walker) block(statements []ast.Stmt) {
	for _, s := range statements {
		w.statement(s)
	}
}

// inner is a block with locals of its own.
func (w *walker) inner(statements []ast.Stmt) {
	w.push()
	w.block(statements)
	w.pop()
}

func (w *walker) statement(statement ast.Stmt) {
	switch st := statement.(type) {
	case *ast.AssignStmt:
		w.exprs(st.Rhs)
		for _, target := range st.Lhs {
			w.assign(target)
		}
	case *syntax.LocalFunction:
		w.declare(st.Name, "") // before the body, which may call it
		w.function(st.Func, nil)
	case *ast.LocalAssignStmt:
		w.localAssign(st)
	case *ast.FuncCallStmt:
		w.expr(st.Expr)
	case *ast.DoBlockStmt:
		w.inner(st.Stmts)
	case *ast.WhileStmt:
		w.expr(st.Condition)
		w.inner(st.Stmts)
	case *ast.RepeatStmt:
		w.push()
		w.block(st.Stmts)
		w.expr(st.Condition)
		w.pop()
	case *ast.IfStmt:
		w.expr(st.Condition)
		w.inner(st.Then)
		w.inner(st.Else)
	case *ast.NumberForStmt:
		w.exprs([]ast.Expr{st.Init, st.Limit, st.Step})
		w.push()
		w.declare(st.Name, "")
		w.block(st.Stmts)
		w.pop()
	case *ast.GenericForStmt:
		w.genericFor(st)
	case *ast.FuncDefStmt:
		w.functionDefinition(st)
	case *ast.ReturnStmt:
		w.returned(st)
	}
}

func (w *walker) localAssign(st *ast.LocalAssignStmt) {
	w.exprs(st.Exprs)
	for i, name := range st.Names {
		t := typ("")
		if i < len(st.Exprs) {
			t = w.typeOf(st.Exprs[i])
		}
		w.declare(name, t)
	}
}

// genericFor knows what ipairs gives of a list.
func (w *walker) genericFor(st *ast.GenericForStmt) {
	w.exprs(st.Exprs)
	w.push()
	for _, name := range st.Names {
		w.declare(name, "")
	}
	call, ok := st.Exprs[0].(*ast.FuncCallExpr)
	if ok && len(st.Names) > 1 && len(call.Args) == 1 && nameIn(call.Func) == "ipairs" {
		list := w.typeOf(call.Args[0])
		if item, isList := strings.CutSuffix(string(list), "[]"); isList {
			w.declare(st.Names[1], typ(item))
		}
	}
	w.block(st.Stmts)
	w.pop()
}

func (w *walker) functionDefinition(st *ast.FuncDefStmt) {
	if st.Name.Func != nil {
		w.assign(st.Name.Func)
	}
	if st.Name.Receiver != nil {
		w.expr(st.Name.Receiver)
	}
	w.push()
	if st.Name.Method != "" {
		w.declare("self", "")
	}
	w.function(st.Func, nil)
	w.pop()
}

func (w *walker) exprs(list []ast.Expr) {
	for _, e := range list {
		w.expr(e)
	}
}

func (w *walker) expr(expression ast.Expr) {
	switch e := expression.(type) {
	case *ast.IdentExpr:
		w.ident(e)
	case *ast.AttrGetExpr:
		w.expr(e.Object)
		w.expr(e.Key)
		w.attribute(e)
	case *ast.TableExpr:
		for _, f := range e.Fields {
			w.expr(f.Key)
			w.expr(f.Value)
		}
	case *ast.FuncCallExpr:
		w.call(e)
	case *ast.LogicalOpExpr:
		w.exprs([]ast.Expr{e.Lhs, e.Rhs})
	case *ast.RelationalOpExpr:
		w.exprs([]ast.Expr{e.Lhs, e.Rhs})
	case *ast.StringConcatOpExpr:
		w.exprs([]ast.Expr{e.Lhs, e.Rhs})
	case *ast.ArithmeticOpExpr:
		w.exprs([]ast.Expr{e.Lhs, e.Rhs})
	case *ast.UnaryMinusOpExpr:
		w.expr(e.Expr)
	case *ast.UnaryNotOpExpr:
		w.expr(e.Expr)
	case *ast.UnaryLenOpExpr:
		w.expr(e.Expr)
	case *ast.FunctionExpr:
		w.function(e, nil)
	}
}

// function walks over a function's body. Given are its parameters, as far as they are
// known.
func (w *walker) function(fn *ast.FunctionExpr, given []api.Parameter) {
	w.push()
	for i, name := range fn.ParList.Names {
		t := typ("")
		if i < len(given) {
			t = w.checker.known.typeNamed(given[i].Type)
		}
		w.declare(name, t)
	}
	w.block(fn.Stmts)
	w.pop()
}
