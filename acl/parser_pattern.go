package acl

import "strings"

// pattern reads one or more patterns that must all match: left = right.
func (p *parser) pattern() (node, error) {
	first, err := p.onePattern()
	if err != nil || !p.peek().is("=") {
		return first, err
	}
	all := []node{first}
	for p.take("=") {
		if err := p.count(); err != nil {
			return nil, err
		}
		n, err := p.onePattern()
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	n := all[len(all)-1]
	for i := len(all) - 2; i >= 0; i-- {
		n = &both{all[i], n}
	}
	return n, nil
}

func (p *parser) onePattern() (node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	switch t := p.peek(); {
	case t.kind == tokenText:
		return p.textPattern()
	case t.kind == tokenName:
		return p.namePattern()
	case t.kind == tokenNumber, t.kind == tokenAtom:
		p.pos++
		return &literal{t.value}, nil
	case t.is("-") || t.is("+"):
		return p.signedNumber()
	case p.take("["):
		return p.list(p.pattern)
	case p.take("%{"):
		return p.mappingPattern(t)
	case p.take("("):
		n, err := p.pattern()
		if err != nil {
			return nil, err
		}
		return n, p.expect(")")
	case t.is("%"):
		return nil, p.errorAt(t.at, `JSON has no structs: write %%{"key" => Value}`)
	default:
		return nil, p.unexpected("a pattern")
	}
}

// mappingPattern reads a map, in which no key may be twice: both would have to
// match.
func (p *parser) mappingPattern(open token) (node, error) {
	m, err := p.mapping(p.pattern)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, e := range m.entries {
		if seen[e.key] {
			return nil, p.errorAt(open.at, "this map has the key %s twice: write both patterns in one, as in %%{\"key\" => A = [_ | _]}", shown(e.key))
		}
		seen[e.key] = true
	}
	return m, nil
}

// signedNumber is -1 or +1.
func (p *parser) signedNumber() (node, error) {
	sign := p.next()
	if p.peek().kind != tokenNumber {
		return nil, p.unexpected("a number")
	}
	value := p.next().value
	if sign.text == "-" {
		value = negative(value)
	}
	return &literal{value}, nil
}

// textPattern is a string, or the beginning of one: "text" <> Rest.
func (p *parser) textPattern() (node, error) {
	text := p.next().value.(string)
	for p.take("<>") {
		switch t := p.peek(); {
		case t.kind == tokenText:
			if err := p.count(); err != nil {
				return nil, err
			}
			text += p.next().value.(string)
		case t.kind == tokenName:
			rest, err := p.namePattern()
			if _, ok := rest.(*literal); ok {
				return nil, p.errorAt(t.at, "after <> comes a name or _, not %s", t.text)
			}
			return &prefix{text, rest}, err
		default:
			return nil, p.unexpected(`a name or _, as in "text" <> Rest`)
		}
	}
	return &literal{text}, nil
}

// namePattern is a variable, _, true, false or nil.
func (p *parser) namePattern() (node, error) {
	t := p.peek()
	if value, ok := atoms[t.text]; ok {
		p.pos++
		return &literal{value}, nil
	}
	if reserved[t.text] {
		return nil, p.unexpected("a pattern")
	}
	p.pos++
	next := p.peek()
	switch {
	case next.is("("):
		return nil, p.errorAt(t.at, "a function cannot be called in the pattern: call it in a guard, after when")
	case next.is("<>"):
		return nil, p.errorAt(next.at, `only what a string begins with can be matched, as in "text" <> Rest: write ends_with(String, "text") in a guard`)
	case next.is(".") || next.is("["):
		return nil, p.errorAt(next.at, "a field cannot be looked up in the pattern: write %%{\"key\" => Value}, or compare in a guard, after when")
	case strings.HasPrefix(t.text, "_"):
		return &wildcard{t.text}, nil
	}
	p.bind(t.text)
	return &variable{t.text}, nil
}
