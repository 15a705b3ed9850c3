package acl

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/loci-place/loci/internal/suggest"
)

// parser makes a tree of tokens, one token ahead. What it gives is checked: all
// variables are bound, all functions known.
type parser struct {
	*source
	tokens    []token
	pos       int
	depth     int
	nodes     int
	variables []string // those of the pattern, in order of appearance
	bound     map[string]bool
}

// parse returns the tree of a pattern and its variables.
func parse(s *source) (*rule, []string, error) {
	if len(s.text) > MaxSource {
		return nil, nil, &Error{File: s.file, Line: s.line, Column: 1,
			Message: "the pattern is longer than 8 KB"}
	}
	if at := invalidUTF8(s.text); at >= 0 {
		return nil, nil, s.errorAt(at, "this is not UTF-8")
	}
	tokens, err := tokenize(s)
	if err != nil {
		return nil, nil, err
	}
	p := &parser{source: s, tokens: tokens, bound: map[string]bool{}}
	r, err := p.rule()
	return r, p.variables, err
}

// invalidUTF8 returns the place of the first byte that is not, or -1.
func invalidUTF8(text string) int {
	if utf8.ValidString(text) {
		return -1
	}
	for i, r := range text {
		if r != utf8.RuneError {
			continue
		}
		if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
			return i
		}
	}
	return -1
}

func (p *parser) rule() (*rule, error) {
	pattern, err := p.pattern()
	if err != nil {
		return nil, err
	}
	r := &rule{pattern: pattern}
	for p.peek().isWhen() {
		if len(r.guards) == MaxGuards {
			return nil, p.errorAt(p.peek().at, "more than %d guards: join some with or", MaxGuards)
		}
		p.pos++
		guard, err := p.guard(precedenceOr)
		if err != nil {
			return nil, err
		}
		r.guards = append(r.guards, guard)
	}
	if p.peek().kind != tokenEnd {
		return nil, p.unexpected("the end, or when and a guard")
	}
	return r, nil
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) after() token { return p.tokens[min(p.pos+1, len(p.tokens)-1)] }

// next takes a token. The last is never taken.
func (p *parser) next() token {
	t := p.tokens[p.pos]
	if t.kind != tokenEnd {
		p.pos++
	}
	return t
}

// take takes the token if it is this operator or word.
func (p *parser) take(text string) bool {
	if !p.peek().is(text) {
		return false
	}
	p.pos++
	return true
}

func (p *parser) expect(text string) error {
	if !p.take(text) {
		return p.unexpected(text)
	}
	return nil
}

// count holds the limit on nodes. It is called where one begins.
func (p *parser) count() error {
	if p.nodes++; p.nodes > MaxNodes {
		return p.errorAt(p.peek().at, "a pattern of more than %d parts", MaxNodes)
	}
	return nil
}

// enter holds the limit on depth. Leave undoes it.
func (p *parser) enter() error {
	if p.depth++; p.depth > MaxDepth {
		return p.errorAt(p.peek().at, "nested more than %d deep", MaxDepth)
	}
	return p.count()
}

func (p *parser) leave() { p.depth-- }

// series reads what is between brackets: items, parted by commas, up to one of
// the closing operators, which is not taken. A comma may end it.
func (p *parser) series(item func() error, closing ...string) error {
	for {
		if slices.ContainsFunc(closing, p.peek().is) {
			return nil
		}
		if err := item(); err != nil {
			return err
		}
		if !p.take(",") {
			break
		}
	}
	if !slices.ContainsFunc(closing, p.peek().is) {
		return p.unexpected(", or " + strings.Join(closing, " or "))
	}
	return nil
}

// list reads [a, b] or [a, b | tail] from behind its bracket. Value reads a
// pattern or a guard.
func (p *parser) list(value func() (node, error)) (node, error) {
	l := &list{}
	err := p.series(func() error {
		n, err := value()
		l.items = append(l.items, n)
		return err
	}, "]", "|")
	if err != nil {
		return nil, err
	}
	if bar := p.peek(); p.take("|") {
		if len(l.items) == 0 || p.tokens[p.pos-2].is(",") {
			return nil, p.errorAt(bar.at, "expected an item before |, as in [First | Rest]")
		}
		if l.tail, err = value(); err != nil {
			return nil, err
		}
	}
	return l, p.expect("]")
}

// mapping reads a map from behind its brace. Value reads a pattern or a guard.
func (p *parser) mapping(value func() (node, error)) (*mapping, error) {
	m := &mapping{}
	err := p.series(func() error {
		key, err := p.key()
		if err != nil {
			return err
		}
		v, err := value()
		m.entries = append(m.entries, entry{key, v})
		return err
	}, "}")
	p.next()
	return m, err
}

// key reads "key" => or key:
func (p *parser) key() (string, error) {
	t := p.peek()
	key, ok := t.value.(string)
	switch {
	case t.kind == tokenKey:
		p.pos++
		return key, nil
	case ok && (t.kind == tokenText || t.kind == tokenAtom):
		p.pos++
		return key, p.expect("=>")
	case p.after().is("|"):
		return "", p.errorAt(t.at, `a map cannot be updated here: name its keys, as in %%{"key" => Value}`)
	default:
		return "", p.errorAt(t.at, `expected a key, as in %%{"key" => Value}, not %s: the keys of a message's maps are strings`, describe(t))
	}
}

// bind notes a variable of the pattern.
func (p *parser) bind(name string) {
	if !p.bound[name] {
		p.bound[name] = true
		p.variables = append(p.variables, name)
	}
}

// unbound is the error of a variable that no pattern binds.
func (p *parser) unbound(t token) error {
	if help, ok := wordHelp[t.text]; ok {
		return p.errorAt(t.at, "%s", help)
	}
	if f, ok := functions[t.text]; ok {
		return p.errorAt(t.at, "%s is a function: write %s", t.text, f.signature())
	}
	if strings.HasPrefix(t.text, "_") {
		return p.errorAt(t.at, "%s is never bound, as any name that begins with _: give it another", t.text)
	}
	near := suggest.Nearest(t.text, p.variables...)
	if near == "" {
		near = suggest.Nearest(t.text, "true", "false", "nil")
	}
	return p.errorAt(t.at, "%s is not bound by the pattern%s", t.text, suggest.Meant(near))
}

// unknown is the error of a function that there is not.
func (p *parser) unknown(t token) error {
	if help, ok := callHelp[strings.TrimSuffix(t.text, "?")]; ok {
		return p.errorAt(t.at, "unknown function %s: %s", t.text, help)
	}
	return p.errorAt(t.at, "unknown function %s%s", t.text, suggest.From(t.text, slices.Collect(maps.Keys(functions))...))
}
