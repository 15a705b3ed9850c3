package acl

import (
	"slices"
	"strings"
)

// guard reads operators that bind at least as tightly as least, and what is
// between them. Chains are loops: only nesting recurses.
func (p *parser) guard(least int) (node, error) {
	start := p.peek().at
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	bareNot := start // where left is a "not" without parentheses
	if u, ok := left.(*unary); !ok || u.op != "not" || !p.wordAt(start, "not") {
		bareNot = -1
	}
	chained := false // left ends in a list behind in
	for {
		op := p.operator()
		if op == "" || precedences[op] < least {
			return left, nil
		}
		if err := p.count(); err != nil {
			return nil, err
		}
		if chained && precedences[op] == precedenceIn {
			return nil, p.errorAt(p.peek().at, "what X in A in B means is unclear: write (X in A) in B")
		}
		p.pos += 1 + strings.Count(op, " ")
		behind := p.peek()
		right, err := p.guard(precedences[op] + 1)
		if err != nil {
			return nil, err
		}
		if l, ok := right.(*literal); ok && precedences[op] == precedenceIn {
			return nil, p.errorAt(behind.at, "after in comes a list, not %s: write [A, B], or contains(String, Part)", shown(l.value))
		}
		if op == "in" && bareNot >= 0 { // not X in List means X not in List
			op, left = "not in", left.(*unary).operand
		}
		left, bareNot, chained = &binary{op, left, right}, -1, precedences[op] == precedenceIn
	}
}

// wordAt reports whether the token at an offset is this word.
func (p *parser) wordAt(at int, word string) bool {
	i, ok := slices.BinarySearchFunc(p.tokens, at, func(t token, at int) int { return t.at - at })
	return ok && p.tokens[i].is(word)
}

// operator returns the binary operator ahead, "" if there is none.
func (p *parser) operator() string {
	t := p.peek()
	if t.is("not") && p.after().is("in") {
		return "not in"
	}
	if _, ok := precedences[t.text]; ok && t.is(t.text) {
		return t.text
	}
	return ""
}

// operand is a value with its signs before it and its keys behind.
func (p *parser) operand() (node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	for _, op := range []string{"not", "-", "+"} {
		if !p.take(op) {
			continue
		}
		n, err := p.operand()
		if err != nil {
			return nil, err
		}
		return signed(op, n), nil
	}
	n, err := p.value()
	if err != nil {
		return nil, err
	}
	return p.keys(n)
}

// signed puts an operator before an operand. A number takes its sign itself.
func signed(op string, operand node) node {
	if l, ok := operand.(*literal); ok && op != "not" && kindOf(l.value) == kindNumber {
		if op == "-" {
			return &literal{negative(l.value)}
		}
		return l
	}
	return &unary{op, operand}
}

// negative gives a literal number with the other sign.
func negative(v any) any {
	if f, ok := v.(float64); ok {
		return 0 - f // not -f: there is no -0
	}
	return v
}

// keys reads what is looked up in n: [key] and .name, any number of them.
func (p *parser) keys(n node) (node, error) {
	for {
		switch t := p.peek(); {
		case p.take("["):
			if err := p.count(); err != nil {
				return nil, err
			}
			key, err := p.guard(precedenceOr)
			if err != nil {
				return nil, err
			}
			n = &index{n, key}
			if err := p.expect("]"); err != nil {
				return nil, err
			}
		case p.take("."):
			if err := p.count(); err != nil {
				return nil, err
			}
			name := p.peek()
			if name.is("(") {
				return nil, p.errorAt(t.at, "there are no functions in variables: call one of the guard functions")
			}
			if name.kind != tokenName {
				return nil, p.unexpected("the name of a field")
			}
			p.pos++
			n = &field{n, name.text}
			if p.peek().is("(") {
				return nil, p.errorAt(name.at, "a field cannot be called: write function(Value)")
			}
		default:
			return n, nil
		}
	}
}

// value is a literal, a variable, a list, a map, a call or something in
// parentheses.
func (p *parser) value() (node, error) {
	switch t := p.peek(); {
	case t.kind == tokenName:
		return p.nameGuard()
	case t.kind == tokenAtom && p.after().is("."):
		p.pos += 2
		return nil, p.moduleCall(t.at, t.text, strings.TrimSuffix(p.peek().text, "?"))
	case t.kind == tokenText, t.kind == tokenNumber, t.kind == tokenAtom:
		p.pos++
		return &literal{t.value}, nil
	case p.take("["):
		return p.list(p.anyGuard)
	case p.take("%{"):
		m, err := p.mapping(p.anyGuard)
		return m, err
	case p.take("("):
		n, err := p.anyGuard()
		if err != nil {
			return nil, err
		}
		return n, p.expect(")")
	default:
		return nil, p.unexpected("a value")
	}
}

func (p *parser) anyGuard() (node, error) { return p.guard(precedenceOr) }

// nameGuard is true, false, nil, a variable or a call.
func (p *parser) nameGuard() (node, error) {
	t := p.peek()
	if value, ok := atoms[t.text]; ok {
		p.pos++
		return &literal{value}, nil
	}
	if reserved[t.text] {
		return nil, p.unexpected("a value")
	}
	p.pos++
	if p.take("(") {
		return p.call(t)
	}
	if p.bound[t.text] {
		return &variable{t.text}, nil
	}
	if p.take(".") {
		return nil, p.moduleOrUnbound(t)
	}
	if p.take("?") && p.peek().is("(") {
		t.text += "?"
		return nil, p.unknown(t)
	}
	return nil, p.unbound(t)
}

// moduleOrUnbound is the error of Name.name, where Name is no variable.
func (p *parser) moduleOrUnbound(t token) error {
	name := p.next()
	p.take("?")
	p.take("!")
	if p.peek().is("(") {
		return p.moduleCall(t.at, t.text, name.text)
	}
	return p.unbound(t)
}

// call reads the arguments of a function, from behind its parenthesis.
func (p *parser) call(t token) (node, error) {
	f, ok := functions[t.text]
	if !ok {
		return nil, p.unknown(t)
	}
	c := &call{function: f}
	err := p.series(func() error {
		n, err := p.anyGuard()
		c.args = append(c.args, n)
		return err
	}, ")")
	if err != nil {
		return nil, err
	}
	if len(c.args) != f.arity() {
		return nil, p.errorAt(t.at, "%s with %s: write %s", f.name, arguments(len(c.args)), f.signature())
	}
	return c, p.expect(")")
}

func arguments(n int) string {
	switch n {
	case 0:
		return "no argument"
	case 1:
		return "1 argument"
	default:
		return "too many or too few arguments"
	}
}
