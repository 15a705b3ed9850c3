package lint

import (
	"slices"
	"strings"

	"github.com/loci-place/loci/internal/suggest"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/lib"

	"github.com/yuin/gopher-lua/ast"
)

// component checks the table that a component's file returns, and tells what its
// handlers are given.
func (w *walker) component() {
	table := returnedTable(w.chunk)
	if table == nil {
		return
	}
	var names []string
	for _, h := range lib.Handlers {
		names = append(names, h.Name)
	}
	for _, f := range table.Fields {
		key, isName := f.Key.(*ast.StringExpr)
		fn, isFunction := f.Value.(*ast.FunctionExpr)
		if isName && isFunction && !slices.Contains(names, key.Value) && !looksLikeVerb(fn, key.Value) {
			if meant := suggest.From(key.Value, names...); meant != "" {
				w.at(f.Value, "%s is taken for a verb%s", key.Value, meant)
			}
		}
	}
}

// looksLikeVerb reports whether a function is a verb's by its parameters, whatever it is
// called: they are (entity, request). One without a second may be; then it is unless its
// name is a misspelt one.
func looksLikeVerb(fn *ast.FunctionExpr, name string) bool {
	if names := fn.ParList.Names; len(names) > 1 {
		return strings.HasPrefix(names[1], "r")
	}
	return slices.ContainsFunc(lib.Handlers, func(h api.Field) bool { return strings.HasPrefix(h.Name, name) })
}

// returnedTable is the table that a file returns, if it is written out there.
func returnedTable(chunk []ast.Stmt) *ast.TableExpr {
	if len(chunk) == 0 {
		return nil
	}
	end, ok := chunk[len(chunk)-1].(*ast.ReturnStmt)
	if !ok || len(end.Exprs) == 0 {
		return nil
	}
	table, _ := end.Exprs[0].(*ast.TableExpr)
	return table
}

// returned walks over what is returned: a component's handlers are given what the
// handlers of components are.
func (w *walker) returned(st *ast.ReturnStmt) {
	table := returnedTable(w.chunk)
	if !lib.IsComponent(w.name) || table == nil || len(st.Exprs) == 0 || st.Exprs[0] != ast.Expr(table) {
		w.exprs(st.Exprs)
		return
	}
	for _, f := range table.Fields {
		key, _ := f.Key.(*ast.StringExpr)
		fn, ok := f.Value.(*ast.FunctionExpr)
		if !ok || key == nil {
			w.expr(f.Value)
			continue
		}
		given := lib.VerbHandler
		for _, h := range lib.Handlers {
			if h.Name == key.Value {
				given = h.Type
			}
		}
		params, _ := api.Signature(given)
		w.function(fn, params)
	}
}
