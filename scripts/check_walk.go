package scripts

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/yuin/gopher-lua/ast"
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
	if isComponent(w.name) {
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

// globalNames are those that the file's scripts find.
func (w *walker) globalNames() []string {
	names := slices.Clone(w.checker.known.globals)
	if w.name == aclFile {
		names = append(names, aclClass().names()...)
	}
	return names
}

// component checks the table that a component's file returns, and tells what its
// handlers are given.
func (w *walker) component() {
	table := returnedTable(w.chunk)
	if table == nil {
		return
	}
	var names []string
	for _, h := range kindHandlers {
		names = append(names, h.name)
	}
	for _, f := range table.Fields {
		key, isName := f.Key.(*ast.StringExpr)
		fn, isFunction := f.Value.(*ast.FunctionExpr)
		if isName && isFunction && !slices.Contains(names, key.Value) && !looksLikeVerb(fn, key.Value) {
			if meant := suggest(key.Value, names); meant != "" {
				w.at(f.Value, "%s is taken for a verb%s", key.Value, meant)
			}
		}
	}
}

// looksLikeVerb tells whether a function is a verb's by its parameters, whatever it is
// called: they are (entity, request). One without a second may be; then it is unless its
// name is a misspelt one.
func looksLikeVerb(fn *ast.FunctionExpr, name string) bool {
	if names := fn.ParList.Names; len(names) > 1 {
		return strings.HasPrefix(names[1], "r")
	}
	return slices.ContainsFunc(kindHandlers, func(h field) bool { return strings.HasPrefix(h.name, name) })
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
	if len(st.Names) == 1 && len(st.Exprs) == 1 {
		if fn, ok := st.Exprs[0].(*ast.FunctionExpr); ok { // may call itself
			w.declare(st.Names[0], "")
			w.function(fn, nil)
			return
		}
	}
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

// returned walks over what is returned: a component's handlers are given what the
// handlers of components are.
func (w *walker) returned(st *ast.ReturnStmt) {
	table := returnedTable(w.chunk)
	if !isComponent(w.name) || table == nil || len(st.Exprs) == 0 || st.Exprs[0] != ast.Expr(table) {
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
		given := verbHandler
		for _, h := range kindHandlers {
			if h.name == key.Value {
				given = h.typ
			}
		}
		params, _ := signatureOf(given)
		w.function(fn, params)
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
	if !ok || !isClass || t.open() && !slices.Contains(c.names(), key.Value) {
		return
	}
	f, isField := c.field(key.Value)
	switch {
	case isField && f.writable:
	case slices.Contains(c.names(), key.Value):
		w.at(e, "%s of %s cannot be assigned", key.Value, c.called())
	default:
		w.at(e, "%s has no %s that could be assigned%s", c.called(), key.Value, suggest(key.Value, c.names()))
	}
}

// called is what a class's values are called in a script.
func (c class) called() string {
	if c.at != "" && !strings.HasPrefix(c.at, "require") {
		return c.at
	}
	return c.name
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
func (w *walker) function(fn *ast.FunctionExpr, given []parameter) {
	w.push()
	for i, name := range fn.ParList.Names {
		t := typ("")
		if i < len(given) {
			t = w.checker.known.typeNamed(given[i].typ)
		}
		w.declare(name, t)
	}
	w.block(fn.Stmts)
	w.pop()
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
	return suggest(name, names)
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
			w.at(e, "there is no %s.%s%s", library.Value, key.Value, suggest(key.Value, names))
		}
	}
	t := w.typeOf(e.Object)
	c, isClass := w.checker.known.class(t)
	if isClass && !t.open() && !slices.Contains(c.names(), key.Value) {
		w.at(e, "%s has no %s%s", c.called(), key.Value, suggest(key.Value, c.names()))
	}
}

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
	f, known := w.called(e)
	var params []parameter
	if known {
		params, _ = signatureOf(f.signature)
	}
	for i, arg := range e.Args {
		if i < len(params) {
			params[i].typ = w.eventHandler(e, params, i)
		}
		fn, isFunction := arg.(*ast.FunctionExpr)
		if !isFunction || i >= len(params) {
			w.expr(arg)
			continue
		}
		given, _ := signatureOf(params[i].typ)
		w.function(fn, given)
	}
}

// eventHandler is the type of argument i, which for a handler depends on the event that
// is named before it. An event that there is not is a finding.
func (w *walker) eventHandler(e *ast.FuncCallExpr, params []parameter, i int) string {
	if params[i].typ == "loci.Event" {
		name, ok := e.Args[i].(*ast.StringExpr)
		var names []string
		for _, event := range eventNames {
			names = append(names, event.name)
		}
		if ok && !slices.Contains(names, name.Value) {
			w.at(e, "there is no event %q%s", name.Value, suggest(name.Value, names))
		}
	}
	if i > 0 && params[i-1].typ == "loci.Event" {
		name, _ := e.Args[i-1].(*ast.StringExpr)
		for _, event := range eventNames {
			if name != nil && event.name == name.Value {
				return event.typ
			}
		}
	}
	return params[i].typ
}

// method checks a call with a colon.
func (w *walker) method(e *ast.FuncCallExpr, of typ) {
	c, isClass := w.checker.known.class(of)
	if !isClass {
		return
	}
	_, isFunction := c.function(e.Method)
	switch {
	case !isFunction && slices.Contains(c.names(), e.Method):
		w.at(e, "%s of %s is no function", e.Method, c.called())
	case !isFunction:
		w.at(e, "%s has no %s%s", c.called(), e.Method, suggest(e.Method, functionNames(c)))
	case !c.method:
		w.at(e, "%s.%s is called with a dot", c.called(), e.Method)
	}
}

func functionNames(c class) []string {
	c.fields = nil
	return c.names()
}

// called finds the function of the API that is called, and checks that a method is not
// called with a dot.
func (w *walker) called(e *ast.FuncCallExpr) (function, bool) {
	if e.Receiver != nil {
		c, _ := w.checker.known.class(w.typeOf(e.Receiver))
		return c.function(e.Method)
	}
	if name, ok := e.Func.(*ast.IdentExpr); ok && w.name == aclFile {
		return aclClass().function(name.Value)
	}
	attr, ok := e.Func.(*ast.AttrGetExpr)
	if !ok {
		return function{}, false
	}
	key, ok := attr.Key.(*ast.StringExpr)
	if !ok {
		return function{}, false
	}
	c, isClass := w.checker.known.class(w.typeOf(attr.Object))
	if !isClass {
		return function{}, false
	}
	f, isFunction := c.function(key.Value)
	if isFunction && c.method && c.name != trialPlaceClass().name && !handsItself(attr, e) {
		w.at(e, "%s is called with a colon: %s:%s(…)", key.Value, nameIn(attr.Object), key.Value)
	}
	return f, isFunction && !c.method
}

// handsItself tells whether a.f(a) is meant.
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
		if name == "loci.test" && !isTest(w.name) {
			w.at(e, "loci.test is for tests/*_test.lua only")
		}
		return
	}
	if _, chunk, ok := moduleSource(w.sources, name); !ok {
		names := slices.Collect(maps.Keys(w.checker.known.modules))
		for _, file := range w.sources.Paths() {
			if module, ok := strings.CutPrefix(file, "lib/"); ok {
				names = append(names, strings.ReplaceAll(strings.TrimSuffix(module, ".lua"), "/", "."))
			}
		}
		why := suggest(name, names)
		if why == "" {
			why = fmt.Sprintf(": there is no %s", chunk)
		}
		w.at(e, "there is no module %q%s", name, why)
	}
}

// requires gives the name of the module that a call requires.
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
		if e.Value == "place" && !isTest(w.name) {
			return typ(placeClass().name)
		}
	case *ast.AttrGetExpr:
		of := w.typeOf(e.Object)
		c, isClass := k.class(of)
		key, isName := e.Key.(*ast.StringExpr)
		if isClass && isName {
			f, _ := c.field(key.Value)
			return k.typeNamed(f.typ)
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
		if f, ok := quiet.called(e); ok {
			if _, results := signatureOf(f.signature); len(results) > 0 {
				return k.typeNamed(results[0])
			}
		}
	}
	return ""
}
