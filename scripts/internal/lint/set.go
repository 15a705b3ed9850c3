package lint

import (
	"slices"

	"github.com/yuin/gopher-lua/ast"

	"github.com/loci-place/loci/scripts/internal/syntax"
)

// setter goes over a file before a walker does, to find which names are assigned in it:
// the locals whose types may change, and the globals.
type setter struct {
	w *walker
}

func (s *setter) block(statements []ast.Stmt) {
	for _, st := range statements {
		s.statement(st)
	}
}

func (s *setter) inner(names []string, statements []ast.Stmt, more ...ast.Expr) {
	s.w.push()
	for _, name := range names {
		s.w.declare(name, "")
	}
	s.block(statements)
	s.exprs(more)
	s.w.pop()
}

func (s *setter) set(target ast.Expr) {
	name, ok := target.(*ast.IdentExpr)
	if !ok {
		s.exprs([]ast.Expr{target})
		return
	}
	s.w.assigned[name.Value] = true
	if _, isLocal := s.w.local(name.Value); !isLocal && !slices.Contains(s.w.globalNames(), name.Value) {
		s.w.checker.globals[name.Value] = true
	}
}

func (s *setter) statement(statement ast.Stmt) {
	switch st := statement.(type) {
	case *ast.AssignStmt:
		s.exprs(st.Rhs)
		for _, target := range st.Lhs {
			s.set(target)
		}
	case *syntax.LocalFunction:
		s.w.declare(st.Name, "")
		s.exprs([]ast.Expr{st.Func})
	case *ast.LocalAssignStmt:
		s.exprs(st.Exprs)
		for _, name := range st.Names {
			s.w.declare(name, "")
		}
	case *ast.FuncCallStmt:
		s.exprs([]ast.Expr{st.Expr})
	case *ast.DoBlockStmt:
		s.inner(nil, st.Stmts)
	case *ast.WhileStmt:
		s.inner(nil, st.Stmts, st.Condition)
	case *ast.RepeatStmt:
		s.inner(nil, st.Stmts, st.Condition)
	case *ast.IfStmt:
		s.exprs([]ast.Expr{st.Condition})
		s.inner(nil, st.Then)
		s.inner(nil, st.Else)
	case *ast.NumberForStmt:
		s.exprs([]ast.Expr{st.Init, st.Limit, st.Step})
		s.inner([]string{st.Name}, st.Stmts)
	case *ast.GenericForStmt:
		s.exprs(st.Exprs)
		s.inner(st.Names, st.Stmts)
	case *ast.FuncDefStmt:
		if st.Name.Func != nil {
			s.set(st.Name.Func)
		}
		s.exprs([]ast.Expr{st.Func})
	case *ast.ReturnStmt:
		s.exprs(st.Exprs)
	}
}

// exprs looks into functions, the only expressions that assign.
func (s *setter) exprs(list []ast.Expr) {
	for _, expression := range list {
		switch e := expression.(type) {
		case *ast.FunctionExpr:
			s.inner(e.ParList.Names, e.Stmts)
		case *ast.AttrGetExpr:
			s.exprs([]ast.Expr{e.Object, e.Key})
		case *ast.TableExpr:
			for _, f := range e.Fields {
				s.exprs([]ast.Expr{f.Key, f.Value})
			}
		case *ast.FuncCallExpr:
			s.exprs([]ast.Expr{e.Func, e.Receiver})
			s.exprs(e.Args)
		case *ast.LogicalOpExpr:
			s.exprs([]ast.Expr{e.Lhs, e.Rhs})
		case *ast.RelationalOpExpr:
			s.exprs([]ast.Expr{e.Lhs, e.Rhs})
		case *ast.StringConcatOpExpr:
			s.exprs([]ast.Expr{e.Lhs, e.Rhs})
		case *ast.ArithmeticOpExpr:
			s.exprs([]ast.Expr{e.Lhs, e.Rhs})
		case *ast.UnaryMinusOpExpr:
			s.exprs([]ast.Expr{e.Expr})
		case *ast.UnaryNotOpExpr:
			s.exprs([]ast.Expr{e.Expr})
		case *ast.UnaryLenOpExpr:
			s.exprs([]ast.Expr{e.Expr})
		}
	}
}
