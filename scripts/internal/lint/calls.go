package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/loci-place/loci/internal/suggest"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/lib"

	"github.com/yuin/gopher-lua/ast"

	"github.com/loci-place/loci/acl"
)

// call checks a call: that what is called is there, how it is called, and what the
// functions are given that it is called with.
func (w *walker) call(e *ast.FuncCallExpr) {
	w.require(e)
	var of typ
	if e.Receiver != nil {
		w.expr(e.Receiver)
		of = w.typeOf(e.Receiver)
		w.method(e, of)
	} else {
		w.expr(e.Func)
	}
	f, known := w.callee(e)
	var params []api.Parameter
	if known {
		params, _ = api.Signature(f.Signature)
	}
	for i, arg := range e.Args {
		if i < len(params) {
			params[i].Type = w.eventHandler(e, params, i)
			w.pattern(params[i], arg)
		}
		fn, isFunction := arg.(*ast.FunctionExpr)
		if !isFunction || i >= len(params) {
			w.expr(arg)
			continue
		}
		given, _ := api.Signature(params[i].Type)
		w.function(fn, given)
	}
}

// eventHandler is the type of argument i, which for a handler depends on the event that
// is named before it. An event that there is not is a finding.
func (w *walker) eventHandler(e *ast.FuncCallExpr, params []api.Parameter, i int) string {
	if params[i].Type == "loci.Event" {
		name, ok := e.Args[i].(*ast.StringExpr)
		var names []string
		for _, event := range lib.EventNames {
			names = append(names, event.Name)
		}
		if ok && !slices.Contains(names, name.Value) {
			w.at(e, "there is no event %q%s", name.Value, suggest.From(name.Value, names...))
		}
	}
	if i > 0 && params[i-1].Type == "loci.Event" {
		name, _ := e.Args[i-1].(*ast.StringExpr)
		for _, event := range lib.EventNames {
			if name != nil && event.Name == name.Value {
				return event.Type
			}
		}
	}
	return params[i].Type
}

// pattern checks a pattern that is written out: of a rule or a subscription.
func (w *walker) pattern(p api.Parameter, arg ast.Expr) {
	text, isText := arg.(*ast.StringExpr)
	if !isText || p.Name != "pattern" {
		return
	}
	if _, err := acl.Compile(text.Value, acl.At(w.name, text.Line())); err != nil {
		w.failed(w.name, err)
	}
}

// method checks a call with a colon.
func (w *walker) method(e *ast.FuncCallExpr, of typ) {
	c, isClass := w.checker.known.class(of)
	if !isClass {
		return
	}
	_, isFunction := c.Function(e.Method)
	switch {
	case !isFunction && slices.Contains(c.Names(), e.Method):
		w.at(e, "%s of %s is no function", e.Method, c.Called())
	case !isFunction:
		w.at(e, "%s has no %s%s", c.Called(), e.Method, suggest.From(e.Method, c.FunctionNames()...))
	case !c.Method:
		w.at(e, "%s.%s is called with a dot", c.Called(), e.Method)
	}
}

// callee finds the function of the API that is called, and checks that a method is not
// called with a dot.
func (w *walker) callee(e *ast.FuncCallExpr) (api.Function, bool) {
	if e.Receiver != nil {
		c, _ := w.checker.known.class(w.typeOf(e.Receiver))
		return c.Function(e.Method)
	}
	if name, ok := e.Func.(*ast.IdentExpr); ok && w.name == lib.ACLFile {
		return lib.ACLClass().Function(name.Value)
	}
	attr, ok := e.Func.(*ast.AttrGetExpr)
	if !ok {
		return api.Function{}, false
	}
	key, ok := attr.Key.(*ast.StringExpr)
	if !ok {
		return api.Function{}, false
	}
	c, isClass := w.checker.known.class(w.typeOf(attr.Object))
	if !isClass {
		return api.Function{}, false
	}
	f, isFunction := c.Function(key.Value)
	if isFunction && c.Method && c.Name != testPlace && !handsItself(attr, e) {
		w.at(e, "%s is called with a colon: %s:%s(…)", key.Value, nameIn(attr.Object), key.Value)
	}
	return f, isFunction && !c.Method
}

// handsItself reports whether a.f(a) is meant.
func handsItself(attr *ast.AttrGetExpr, e *ast.FuncCallExpr) bool {
	self, isName := attr.Object.(*ast.IdentExpr)
	if !isName || len(e.Args) == 0 {
		return false
	}
	first, ok := e.Args[0].(*ast.IdentExpr)
	return ok && first.Value == self.Value
}

func nameIn(e ast.Expr) string {
	if name, ok := e.(*ast.IdentExpr); ok {
		return name.Value
	}
	return "…"
}

// require checks that there is what is required.
func (w *walker) require(e *ast.FuncCallExpr) {
	name, ok := requires(e)
	if !ok {
		return
	}
	if _, isModule := w.checker.known.modules[name]; isModule {
		if name == "loci.test" && !lib.IsTest(w.name) {
			w.at(e, "loci.test is for tests/*_test.lua only")
		}
		return
	}
	if _, chunk, ok := lib.ModuleSource(w.sources, name, true); !ok {
		names := slices.Collect(maps.Keys(w.checker.known.modules))
		for _, file := range w.sources.Paths() {
			if module, ok := strings.CutPrefix(file, "lib/"); ok {
				names = append(names, strings.ReplaceAll(strings.TrimSuffix(module, ".lua"), "/", "."))
			}
		}
		why := suggest.From(name, names...)
		if why == "" {
			why = fmt.Sprintf(": there is no %s", chunk)
		}
		w.at(e, "there is no module %q%s", name, why)
	}
}

// requires returns the name of the module that a call requires.
func requires(e *ast.FuncCallExpr) (string, bool) {
	f, ok := e.Func.(*ast.IdentExpr)
	if !ok || f.Value != "require" || len(e.Args) != 1 {
		return "", false
	}
	name, ok := e.Args[0].(*ast.StringExpr)
	if !ok {
		return "", false
	}
	return name.Value, true
}

// typeOf is the type of an expression, as far as it is known.
func (w *walker) typeOf(expression ast.Expr) typ {
	k := w.checker.known
	switch e := expression.(type) {
	case *ast.IdentExpr:
		if t, isLocal := w.local(e.Value); isLocal {
			return t
		}
		if e.Value == "place" && !lib.IsTest(w.name) {
			return typ(lib.PlaceClass().Name)
		}
	case *ast.AttrGetExpr:
		of := w.typeOf(e.Object)
		c, isClass := k.class(of)
		key, isName := e.Key.(*ast.StringExpr)
		if isClass && isName {
			f, _ := c.Field(key.Value)
			return k.typeNamed(f.Type)
		}
		if item, isList := strings.CutSuffix(string(of), "[]"); isList && !isName {
			return typ(item)
		}
	case *ast.FuncCallExpr:
		if name, ok := requires(e); ok {
			return typ(k.modules[name])
		}
		quiet := *w
		quiet.checker = &checker{sources: w.sources, known: k}
		if f, ok := quiet.callee(e); ok {
			if _, results := api.Signature(f.Signature); len(results) > 0 {
				return k.typeNamed(results[0])
			}
		}
	}
	return ""
}
