package lint

import (
	"maps"
	"slices"

	"github.com/loci-place/loci/internal/suggest"
	"github.com/loci-place/loci/scripts/internal/lib"

	"github.com/yuin/gopher-lua/ast"
)

// globalNames are those that the file's scripts find.
func (w *walker) globalNames() []string {
	names := slices.Clone(w.checker.known.globals)
	if w.name == lib.ACLFile {
		names = append(names, lib.ACLClass().Names()...)
	}
	return names
}

// ident checks a name that is read.
func (w *walker) ident(e *ast.IdentExpr) {
	if _, isLocal := w.local(e.Value); isLocal || slices.Contains(w.globalNames(), e.Value) || w.checker.globals[e.Value] {
		return
	}
	w.at(e, "there is no %s%s", e.Value, w.meant(e.Value, true))
}

// meant suggests a local or a global for a name.
func (w *walker) meant(name string, globals bool) string {
	var names []string
	for _, scope := range w.scopes {
		names = slices.AppendSeq(names, maps.Keys(scope))
	}
	if globals {
		names = append(names, w.globalNames()...)
		if slices.Contains(removedGlobals, name) {
			return ": scripts run without Lua's " + name
		}
	}
	return suggest.From(name, names...)
}

// removedGlobals are those of Lua 5.1 that scripts do not have, because they reach
// beyond the place.
var removedGlobals = []string{
	"collectgarbage", "debug", "dofile", "getfenv", "io", "load", "loadfile", "loadstring", "module", "newproxy", "package", "setfenv",
}

// attribute checks a name behind a dot that is read.
func (w *walker) attribute(e *ast.AttrGetExpr) {
	key, ok := e.Key.(*ast.StringExpr)
	if !ok {
		return
	}
	if library, ok := e.Object.(*ast.IdentExpr); ok {
		names, isLibrary := w.checker.known.libraries[library.Value]
		if _, isLocal := w.local(library.Value); isLibrary && !isLocal && !slices.Contains(names, key.Value) {
			w.at(e, "there is no %s.%s%s", library.Value, key.Value, suggest.From(key.Value, names...))
		}
	}
	t := w.typeOf(e.Object)
	c, isClass := w.checker.known.class(t)
	if isClass && !c.Open && !slices.Contains(c.Names(), key.Value) {
		w.at(e, "%s has no %s%s", c.Called(), key.Value, suggest.From(key.Value, c.Names()...))
	}
}

// assign checks what is assigned to.
func (w *walker) assign(target ast.Expr) {
	switch e := target.(type) {
	case *ast.IdentExpr:
		if _, isLocal := w.local(e.Value); !isLocal && w.checker.globals[e.Value] {
			delete(w.checker.globals, e.Value) // said once
			w.at(e, "%s is a global: write local %s, or keep it in place.state%s", e.Value, e.Value, w.meant(e.Value, false))
			w.checker.known.globals = append(w.checker.known.globals, e.Value)
		}
	case *ast.AttrGetExpr:
		w.expr(e.Object)
		w.expr(e.Key)
		w.assignField(e)
	default:
		w.expr(e)
	}
}

func (w *walker) assignField(e *ast.AttrGetExpr) {
	key, ok := e.Key.(*ast.StringExpr)
	t := w.typeOf(e.Object)
	c, isClass := w.checker.known.class(t)
	if !ok || !isClass || c.Open && !slices.Contains(c.Names(), key.Value) {
		return
	}
	f, isField := c.Field(key.Value)
	switch {
	case isField && f.Writable:
	case slices.Contains(c.Names(), key.Value):
		w.at(e, "%s of %s cannot be assigned", key.Value, c.Called())
	default:
		w.at(e, "%s has no %s that could be assigned%s", c.Called(), key.Value, suggest.From(key.Value, c.Names()...))
	}
}
