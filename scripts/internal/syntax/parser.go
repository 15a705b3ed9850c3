package syntax

import (
	"errors"
	"fmt"
	"strings"

	"github.com/yuin/gopher-lua/ast"
)

// Limits of a source.
const (
	// MaxSource is the longest source, in bytes. A tree takes memory of a few
	// hundred times its source.
	MaxSource = 256 << 10
	// MaxNesting is how deep blocks, brackets, unary and right-associative
	// operators may nest. Lua's own limit is the same.
	MaxNesting = 200
	// MaxChain is how many operators or suffixes may follow one another without
	// nesting: a + b + c, a.b.c, f()()().
	MaxChain = 10_000
)

// ErrLimit is the cause of an error that is about one of the limits.
var ErrLimit = errors.New("source refused")

// Error is what is wrong with a source.
type Error struct {
	Line    int // from 1
	Message string
	Cause   error // ErrLimit or nil
}

// Error returns "line: message".
func (e *Error) Error() string { return fmt.Sprintf("%d: %s", e.Line, e.Message) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// LocalFunction is the statement local function f: the function may call itself
// by that name, which local f = function may not.
type LocalFunction struct {
	ast.StmtBase
	Name string
	Func *ast.FunctionExpr
}

// Parse reads a chunk. The error is an *[Error]. A node's line is that of its
// last token, of a call that of the bracket before its arguments, as Lua 5.1
// counts; a statement's is that of its first token.
func Parse(source string) (chunk []ast.Stmt, err error) {
	defer func() {
		if r := recover(); r != nil {
			wrong, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			chunk, err = nil, wrong
		}
	}()
	if len(source) > MaxSource {
		return nil, &Error{Line: 1, Cause: ErrLimit,
			Message: fmt.Sprintf("the source has %d bytes, %d are allowed", len(source), MaxSource)}
	}
	p := &parser{lexer: newLexer(source), vararg: true}
	p.advance()
	chunk = p.block()
	if p.token.kind != endOfFile {
		p.expected(endOfFile)
	}
	return chunk, nil
}

type parser struct {
	lexer    *lexer
	token    token // the current one
	ahead    *token
	lastLine int // of the token before the current one
	depth    int
	vararg   bool // the function at hand has ...
	loops    int  // around the current statement, in its function
	// doubtful is the first block whose end stands further left than its begin:
	// where an end is missing in the end, it is likely that one's.
	doubtful *opener
}

// opener is the token that began a block.
type opener struct {
	token
	indent int
}

func (p *parser) fail(format string, args ...any) {
	panic(&Error{Line: p.token.line, Message: fmt.Sprintf(format, args...)})
}

// near says where the parser is, for errors.
func (p *parser) near() string {
	token := p.token.kind
	switch token {
	case endOfFile:
		return "at the end of the file"
	case name, number:
		token = p.token.text
	case text:
		token = p.lexer.source[p.token.at:p.token.end]
	}
	return "near '" + token + "'"
}

func (p *parser) expected(kind string) {
	p.fail("'%s' expected %s", kind, p.near())
}

func (p *parser) advance() {
	p.lastLine = p.token.line
	if p.ahead != nil {
		p.token, p.ahead = *p.ahead, nil
		return
	}
	p.token = p.lexer.next()
}

// peek returns the kind of the token after the current one.
func (p *parser) peek() string {
	if p.ahead == nil {
		t := p.lexer.next()
		p.ahead = &t
	}
	return p.ahead.kind
}

func (p *parser) is(kind string) bool { return p.token.kind == kind }

// accept passes a token of that kind, if it is here.
func (p *parser) accept(kind string) bool {
	if p.token.kind != kind {
		return false
	}
	p.advance()
	return true
}

func (p *parser) expect(kind string) {
	if !p.accept(kind) {
		p.expected(kind)
	}
}

func (p *parser) name() string {
	if p.token.kind != name {
		p.expected(name)
	}
	text := p.token.text
	p.advance()
	return text
}

// open notes the current token as one that begins a block.
func (p *parser) open() opener {
	return opener{p.token, p.indent(p.token)}
}

// indent is how much white space precedes the first token in a token's line.
func (p *parser) indent(t token) int {
	line := p.lexer.source[t.lineAt:t.at]
	return len(line) - len(strings.TrimLeft(line, " \t"))
}

// close passes the token that ends what began at from.
func (p *parser) close(kind string, from opener) {
	if p.is(kind) {
		if p.doubtful == nil && p.token.line != from.line && p.indent(p.token) < from.indent {
			p.doubtful = &from
		}
		p.advance()
		return
	}
	if p.token.line == from.line {
		p.expected(kind)
	}
	message := fmt.Sprintf("'%s' expected (to close '%s' at line %d) %s", kind, from.kind, from.line, p.near())
	if d := p.doubtful; d != nil && d.line != from.line {
		message += fmt.Sprintf("; is the '%s' at line %d closed?", d.kind, d.line)
	}
	panic(&Error{Line: p.token.line, Message: message})
}

func (p *parser) enter() {
	if p.depth++; p.depth > MaxNesting {
		panic(&Error{Line: p.token.line, Cause: ErrLimit,
			Message: fmt.Sprintf("nested deeper than %d; split the expression or the block", MaxNesting)})
	}
}

func (p *parser) leave() { p.depth-- }

// at gives a node its line.
func at[N ast.PositionHolder](node N, line, last int) N {
	node.SetLine(line)
	node.SetLastLine(last)
	return node
}

// block reads statements up to a token that ends a block.
func (p *parser) block() []ast.Stmt {
	p.enter()
	defer p.leave()
	statements := []ast.Stmt{}
	for {
		switch p.token.kind {
		case endOfFile, "end", "else", "elseif", "until", ")", "}", "]":
			return statements // what closes the block says if that is no end
		case "return", "break":
			last := p.last()
			p.accept(";")
			statements = append(statements, last)
			switch p.token.kind {
			case endOfFile, "end", "else", "elseif", "until":
				return statements
			}
			p.fail("'%s' must be the last statement of its block; %s", lastWord(last), p.near())
		}
		statements = append(statements, p.statement())
		p.accept(";")
	}
}

func lastWord(st ast.Stmt) string {
	if _, ok := st.(*ast.BreakStmt); ok {
		return "break"
	}
	return "return"
}

// last reads a statement that ends its block.
func (p *parser) last() ast.Stmt {
	line := p.token.line
	if p.accept("break") {
		if p.loops == 0 {
			panic(&Error{Line: line, Message: "no loop to break " + p.near()})
		}
		return at(&ast.BreakStmt{}, line, line)
	}
	p.expect("return")
	st := &ast.ReturnStmt{}
	switch p.token.kind {
	case endOfFile, "end", "else", "elseif", "until", ";":
	default:
		st.Exprs = p.exprs()
	}
	return at(st, line, p.lastLine)
}

func (p *parser) statement() ast.Stmt {
	line := p.token.line
	st := p.plain()
	return at(st, line, p.lastLine)
}

func (p *parser) plain() ast.Stmt {
	switch p.token.kind {
	case "if":
		return p.ifStatement()
	case "while":
		from := p.open()
		p.advance()
		st := &ast.WhileStmt{Condition: p.expr()}
		p.expect("do")
		st.Stmts = p.loop()
		p.close("end", from)
		return st
	case "do":
		from := p.open()
		p.advance()
		st := &ast.DoBlockStmt{Stmts: p.block()}
		p.close("end", from)
		return st
	case "for":
		return p.forStatement()
	case "repeat":
		from := p.open()
		p.advance()
		st := &ast.RepeatStmt{Stmts: p.loop()}
		p.close("until", from)
		st.Condition = p.expr()
		return st
	case "function":
		return p.functionStatement()
	case "local":
		p.advance()
		if p.is("function") {
			from := p.open()
			p.advance()
			return &LocalFunction{Name: p.name(), Func: p.body(from)}
		}
		return p.local()
	case "::":
		p.advance()
		st := &ast.LabelStmt{Name: p.name()}
		p.expect("::")
		return st
	}
	if p.is(name) && p.token.text == "goto" && p.peek() == name {
		p.advance()
		return &ast.GotoStmt{Label: p.name()}
	}
	return p.expressionStatement()
}

func (p *parser) loop() []ast.Stmt {
	p.loops++
	defer func() { p.loops-- }()
	return p.block()
}

// ifStatement reads a whole chain of elseif: each is the Else of the one before.
func (p *parser) ifStatement() ast.Stmt {
	from := p.open()
	first := &ast.IfStmt{}
	for st, n := first, 0; ; n++ {
		if n >= MaxChain {
			p.tooLong()
		}
		line := p.token.line
		p.advance() // if or elseif
		st.Condition = p.expr()
		p.expect("then")
		st.Then = p.block()
		at(st, line, p.lastLine)
		if !p.is("elseif") {
			if p.accept("else") {
				st.Else = p.block()
			}
			break
		}
		next := &ast.IfStmt{}
		st.Else = []ast.Stmt{next}
		st = next
	}
	p.close("end", from)
	return first
}

func (p *parser) forStatement() ast.Stmt {
	from := p.open()
	p.advance()
	names := []string{p.name()}
	switch p.token.kind {
	case "=":
		p.advance()
		st := &ast.NumberForStmt{Name: names[0], Init: p.expr()}
		p.expect(",")
		st.Limit = p.expr()
		if p.accept(",") {
			st.Step = p.expr()
		}
		p.expect("do")
		st.Stmts = p.loop()
		p.close("end", from)
		return st
	case ",", "in":
		for p.accept(",") {
			names = append(names, p.name())
		}
		p.expect("in")
		st := &ast.GenericForStmt{Names: names, Exprs: p.exprs()}
		p.expect("do")
		st.Stmts = p.loop()
		p.close("end", from)
		return st
	}
	p.fail("'=' or 'in' expected %s", p.near())
	return nil
}

func (p *parser) functionStatement() ast.Stmt {
	from := p.open()
	p.advance()
	var target ast.Expr = p.ident()
	for n := 0; p.accept("."); n++ {
		if n >= MaxChain {
			p.tooLong()
		}
		target = p.field(target)
	}
	st := &ast.FuncDefStmt{Name: &ast.FuncName{Func: target}}
	if p.accept(":") {
		st.Name = &ast.FuncName{Receiver: target, Method: p.name()}
	}
	st.Func = p.body(from)
	return st
}

func (p *parser) ident() *ast.IdentExpr {
	line := p.token.line
	return at(&ast.IdentExpr{Value: p.name()}, line, line)
}

// field reads the name after a dot.
func (p *parser) field(of ast.Expr) ast.Expr {
	line := p.token.line
	key := at(&ast.StringExpr{Value: p.name()}, line, line)
	return at(&ast.AttrGetExpr{Object: of, Key: key}, line, line)
}

func (p *parser) local() ast.Stmt {
	st := &ast.LocalAssignStmt{Names: []string{p.name()}}
	for p.accept(",") {
		st.Names = append(st.Names, p.name())
	}
	if p.accept("=") {
		st.Exprs = p.exprs()
	}
	return st
}

// expressionStatement reads a call or an assignment.
func (p *parser) expressionStatement() ast.Stmt {
	first, assignable := p.suffixed()
	if call, ok := first.(*ast.FuncCallExpr); ok && !call.AdjustRet && !p.is("=") && !p.is(",") {
		return &ast.FuncCallStmt{Expr: call}
	}
	st := &ast.AssignStmt{Lhs: []ast.Expr{first}}
	for n := 1; ; n++ {
		if !assignable {
			p.fail("syntax error %s", p.near())
		}
		if !p.accept(",") {
			break
		}
		if n >= MaxNesting {
			panic(&Error{Line: p.token.line, Cause: ErrLimit,
				Message: fmt.Sprintf("more than %d variables in one assignment", MaxNesting)})
		}
		var target ast.Expr
		target, assignable = p.suffixed()
		st.Lhs = append(st.Lhs, target)
	}
	p.expect("=")
	st.Rhs = p.exprs()
	return st
}

func (p *parser) exprs() []ast.Expr {
	list := []ast.Expr{p.expr()}
	for p.accept(",") {
		list = append(list, p.expr())
	}
	return list
}

// suffixed reads a name or an expression in brackets with its suffixes, and
// reports whether it can be assigned to.
func (p *parser) suffixed() (e ast.Expr, assignable bool) {
	switch p.token.kind {
	case name:
		e, assignable = p.ident(), true
	case "(":
		from := p.open()
		p.advance()
		e = single(p.expr())
		p.close(")", from)
	default:
		p.fail("unexpected symbol %s", p.near())
	}
	for n := 0; ; n++ {
		if n >= MaxChain {
			p.tooLong()
		}
		switch p.token.kind {
		case ".":
			p.advance()
			e, assignable = p.field(e), true
		case "[":
			p.advance()
			key := p.expr()
			p.expect("]")
			e, assignable = at(&ast.AttrGetExpr{Object: e, Key: key}, p.lastLine, p.lastLine), true
		case ":":
			p.advance()
			call := &ast.FuncCallExpr{Receiver: e, Method: p.name()}
			e, assignable = p.arguments(call), false
		case "(", "{", text:
			e, assignable = p.arguments(&ast.FuncCallExpr{Func: e}), false
		default:
			return e, assignable
		}
	}
}

func (p *parser) tooLong() {
	panic(&Error{Line: p.token.line, Cause: ErrLimit,
		Message: fmt.Sprintf("more than %d in a row in one expression or condition; split it", MaxChain)})
}

// single makes of an expression in brackets one that has one value.
func single(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
	return e
}

func (p *parser) arguments(call *ast.FuncCallExpr) ast.Expr {
	line := p.token.line
	switch p.token.kind {
	case text:
		call.Args = []ast.Expr{at(&ast.StringExpr{Value: p.token.text}, line, line)}
		p.advance()
	case "{":
		call.Args = []ast.Expr{p.table()}
	case "(":
		if line != p.lastLine {
			p.fail("ambiguous syntax (function call x new statement) near '('")
		}
		from := p.open()
		p.advance()
		if !p.is(")") {
			call.Args = p.exprs()
		}
		p.close(")", from)
	default:
		p.fail("function arguments expected %s", p.near())
	}
	return at(call, line, p.lastLine)
}

func (p *parser) table() ast.Expr {
	from := p.open()
	line := p.token.line
	p.expect("{")
	table := &ast.TableExpr{}
	for !p.is("}") {
		field := &ast.Field{}
		switch {
		case p.is(name) && p.peek() == "=":
			key := p.token
			p.advance()
			p.advance()
			field.Key = at(&ast.StringExpr{Value: key.text}, key.line, key.line)
		case p.is("["):
			p.advance()
			field.Key = p.expr()
			p.expect("]")
			p.expect("=")
		}
		field.Value = p.expr()
		table.Fields = append(table.Fields, field)
		if !p.accept(",") && !p.accept(";") {
			break
		}
	}
	p.close("}", from)
	return at(table, line, p.lastLine)
}

// body reads a function from its parameters on.
func (p *parser) body(from opener) *ast.FunctionExpr {
	vararg, loops := p.vararg, p.loops
	parameters := &ast.ParList{}
	p.expect("(")
	for more := !p.is(")"); more; more = p.accept(",") {
		if p.accept("...") {
			parameters.HasVargs = true
			break
		}
		if !p.is(name) {
			p.fail("<name> or '...' expected %s", p.near())
		}
		parameters.Names = append(parameters.Names, p.name())
	}
	p.expect(")")
	p.vararg, p.loops = parameters.HasVargs, 0
	fn := &ast.FunctionExpr{ParList: parameters, Stmts: p.block()}
	p.vararg, p.loops = vararg, loops
	last := p.token.line
	p.close("end", from)
	return at(fn, from.line, last)
}

// Binary operators bind as tightly to their left and right as this says.
var priorities = map[string][2]int{
	"or": {1, 1}, "and": {2, 2},
	"<": {3, 3}, ">": {3, 3}, "<=": {3, 3}, ">=": {3, 3}, "~=": {3, 3}, "==": {3, 3},
	"..": {5, 4}, "+": {6, 6}, "-": {6, 6}, "*": {7, 7}, "/": {7, 7}, "%": {7, 7},
	"^": {10, 9},
}

const unaryPriority = 8

func (p *parser) expr() ast.Expr { return p.operation(0) }

// operation reads operators that bind more tightly than limit.
func (p *parser) operation(limit int) ast.Expr {
	p.enter()
	defer p.leave()
	left := p.unary()
	for n := 0; ; n++ {
		priority, ok := priorities[p.token.kind]
		if !ok || priority[0] <= limit {
			return left
		}
		if n >= MaxChain {
			p.tooLong()
		}
		operator := p.token.kind
		p.advance()
		right := p.operation(priority[1])
		left = at(binary(operator, left, right), p.lastLine, p.lastLine)
	}
}

func binary(operator string, left, right ast.Expr) ast.Expr {
	switch operator {
	case "and", "or":
		return &ast.LogicalOpExpr{Operator: operator, Lhs: left, Rhs: right}
	case "==", "~=", "<", "<=", ">", ">=":
		return &ast.RelationalOpExpr{Operator: operator, Lhs: left, Rhs: right}
	case "..":
		return &ast.StringConcatOpExpr{Lhs: left, Rhs: right}
	}
	return &ast.ArithmeticOpExpr{Operator: operator, Lhs: left, Rhs: right}
}

func (p *parser) unary() ast.Expr {
	var e ast.Expr
	switch p.token.kind {
	case "not":
		p.advance()
		e = &ast.UnaryNotOpExpr{Expr: p.operation(unaryPriority)}
	case "-":
		p.advance()
		e = &ast.UnaryMinusOpExpr{Expr: p.operation(unaryPriority)}
	case "#":
		p.advance()
		e = &ast.UnaryLenOpExpr{Expr: p.operation(unaryPriority)}
	default:
		return p.simple()
	}
	return at(e, p.lastLine, p.lastLine)
}

func (p *parser) simple() ast.Expr {
	line := p.token.line
	var e ast.Expr
	switch p.token.kind {
	case number:
		e = &ast.NumberExpr{Value: p.token.text}
	case text:
		e = &ast.StringExpr{Value: p.token.text}
	case "nil":
		e = &ast.NilExpr{}
	case "true":
		e = &ast.TrueExpr{}
	case "false":
		e = &ast.FalseExpr{}
	case "...":
		if !p.vararg {
			p.fail("cannot use '...' outside a vararg function near '...'")
		}
		e = &ast.Comma3Expr{}
	case "{":
		return p.table()
	case "function":
		from := p.open()
		p.advance()
		return p.body(from)
	default:
		e, _ = p.suffixed()
		return e
	}
	p.advance()
	return at(e, line, line)
}
