package acl

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/loci-place/loci/internal/suggest"
)

// parser builds a tree from tokens, with one token of lookahead. It accepts only
// bound variables and known functions.
type parser struct {
	*source
	tokens    []token
	pos       int
	depth     int
	nodes     int
	variables []string // of the pattern, in order of appearance
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

// invalidUTF8 returns the offset of the first byte that is not UTF-8, or -1.
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

// count enforces MaxNodes. It is called where a node begins.
func (p *parser) count() error {
	if p.nodes++; p.nodes > MaxNodes {
		return p.errorAt(p.peek().at, "a pattern of more than %d parts", MaxNodes)
	}
	return nil
}

// enter enforces MaxDepth. leave undoes it.
func (p *parser) enter() error {
	if p.depth++; p.depth > MaxDepth {
		return p.errorAt(p.peek().at, "nested more than %d deep", MaxDepth)
	}
	return p.count()
}

func (p *parser) leave() { p.depth-- }

// series reads comma-separated items up to one of the closing operators, which it
// does not take. A trailing comma is allowed.
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

// list reads [a, b] or [a, b | tail], after the opening bracket. value reads a
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

// mapping reads a map, after the opening brace. value reads a pattern or a guard.
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

// bind adds a variable of the pattern.
func (p *parser) bind(name string) {
	if !p.bound[name] {
		p.bound[name] = true
		p.variables = append(p.variables, name)
	}
}

// unbound returns the error for a variable that the pattern does not bind.
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

// unknown returns the error for an unknown function.
func (p *parser) unknown(t token) error {
	if help, ok := callHelp[strings.TrimSuffix(t.text, "?")]; ok {
		return p.errorAt(t.at, "unknown function %s: %s", t.text, help)
	}
	return p.errorAt(t.at, "unknown function %s%s", t.text, suggest.From(t.text, slices.Collect(maps.Keys(functions))...))
}

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

// mappingPattern reads a map, in which each key may occur once only: both values
// would have to match.
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

// signedNumber reads -1 or +1.
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

// textPattern reads a string, or the beginning of one: "text" <> Rest.
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

// namePattern reads a variable, _, true, false or nil.
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

// guard reads operators of at least the precedence least, with their operands.
// Chains are loops; only nesting recurses.
func (p *parser) guard(least int) (node, error) {
	start := p.peek().at
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	bareNot := start // offset of a "not" without parentheses on the left
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

// operand reads a value with signs before it and keys after it.
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

// signed applies a sign to an operand. A literal number becomes a negative literal.
func signed(op string, operand node) node {
	if l, ok := operand.(*literal); ok && op != "not" && kindOf(l.value) == kindNumber {
		if op == "-" {
			return &literal{negative(l.value)}
		}
		return l
	}
	return &unary{op, operand}
}

// negative returns a literal number with the other sign.
func negative(v any) any {
	if f, ok := v.(float64); ok {
		return 0 - f // not -f: there is no -0
	}
	return v
}

// keys reads any number of [key] and .name after n.
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

// value reads a literal, a variable, a list, a map, a call, or a guard in
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

// nameGuard reads true, false, nil, a variable or a call.
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

// moduleOrUnbound returns the error for Name.name where Name is no variable.
func (p *parser) moduleOrUnbound(t token) error {
	name := p.next()
	p.take("?")
	p.take("!")
	if p.peek().is("(") {
		return p.moduleCall(t.at, t.text, name.text)
	}
	return p.unbound(t)
}

// call reads the arguments of a function, after the opening parenthesis.
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

// unexpected returns the error for the next token if something else was wanted. For
// what Elixir has and patterns do not, it says what to write instead.
func (p *parser) unexpected(wanted string) error {
	t := p.peek()
	help, ok := insteadOf[t.text]
	if ok && t.kind == tokenOperator {
		return p.errorAt(t.at, "%s is not known here: %s", t.text, help)
	}
	if help, ok := wordHelp[t.text]; ok && t.kind == tokenName {
		return p.errorAt(t.at, "%s", help)
	}
	return p.errorAt(t.at, "expected %s, not %s", wanted, describe(t))
}

func describe(t token) string {
	switch {
	case t.kind == tokenEnd:
		return "the end"
	case len(t.text) > 40:
		return strings.ToValidUTF8(t.text[:40], "") + "…"
	default:
		return t.text
	}
}

// insteadOf says what to write instead of operators that the language does not have.
var insteadOf = map[string]string{
	"&&":  `write "and"`,
	"||":  `write "or"`,
	"!":   `write "not"`,
	"^":   "to match the same value twice write the variable twice, to match a known one write it",
	"=~":  "write contains(String, Part), starts_with or ends_with",
	"=":   `in a guard write "=="`,
	"<>":  `write "text" <> Name in the pattern, or starts_with(String, "text") in a guard`,
	"->":  "there are no functions to define",
	"&":   "there are no functions to define: call one of the guard functions",
	"|>":  "write the call as function(Value)",
	"++":  "write [A, B | Rest] in the pattern",
	"--":  "write Value not in [A, B]",
	"..":  "write X >= Low and X <= High",
	"**":  "write X * X",
	"%":   "write rem(A, B), or %{…} for a map",
	"<<":  `write "text" <> Name for a string with a prefix`,
	"::":  "write is_binary(X), is_number(X), … in a guard",
	"{":   "JSON has no tuples: write [A, B] for a list or %{…} for a map",
	"~":   "there are no sigils: write a string as \"…\"",
	"'":   "write a string as \"…\"",
	"`":   "write a string as \"…\"",
	"@":   "there are no attributes: write the value",
	";":   "there is one pattern: write another guard as \"when …\", another rule by itself",
	"?":   "write a character as a string, \"a\", or its number",
	"<-":  "write == or in",
	":":   `write a string as "text"`,
	"&&&": "there is no arithmetic on bits",
	"|||": "there is no arithmetic on bits",
	"<<<": "there is no arithmetic on bits",
	">>>": "there is no arithmetic on bits",
	"^^^": "there is no arithmetic on bits",
	"~~~": "there is no arithmetic on bits",
	"...": "write [A, B | _] for a list with more items",
	`\\`:  "there are no defaults: write a rule for either case",
}

// reserved are words that cannot be names.
var reserved = map[string]bool{
	"when": true, "where": true, "and": true, "or": true, "not": true, "in": true,
	"fn": true, "do": true, "end": true, "catch": true, "rescue": true, "after": true,
	"else": true, "null": true, "if": true, "case": true, "cond": true,
}

// wordHelp says what to write instead of some of them, and of words of other languages.
var wordHelp = map[string]string{
	"fn":        "there are no functions to define: call one of the guard functions",
	"null":      "null is written nil",
	"None":      "None is written nil",
	"undefined": "undefined is written nil",
	"True":      "True is written true",
	"False":     "False is written false",
	"AND":       "AND is written and",
	"OR":        "OR is written or",
	"NOT":       "NOT is written not",
	"if":        "a condition is written after the pattern: when …",
	"do":        "a rule has no body: it ends with its guard",
}

// callHelp says what to call instead of functions of Elixir that guards do not have.
var callHelp = map[string]string{
	"is_atom":      "write is_boolean(X) or is_nil(X), JSON has no other atoms",
	"is_string":    "write is_binary(X)",
	"is_tuple":     "JSON has no tuples, write is_list(X)",
	"is_function":  "JSON has no functions",
	"is_pid":       "JSON has no processes",
	"is_struct":    "JSON has no structs, write is_map(X)",
	"is_exception": "JSON has no exceptions, write is_map(X)",
	"len":          "write length(List), map_size(Map) or byte_size(String)",
	"size":         "write length(List), map_size(Map) or byte_size(String)",
	"bit_size":     "write 8 * byte_size(String)",
	"mod":          "write rem(A, B)",
	"not_in":       "write X not in List",
	"self":         "there are no processes",
	"node":         "there are no nodes",
	"agent":        "write owner(EntityId)",
	"has_key":      "write is_map_key(Map, Key)",
}

// moduleHelp says what to write instead of functions of Elixir's modules.
var moduleHelp = map[string]string{
	"String.starts_with": "write starts_with(String, Prefix)",
	"String.ends_with":   "write ends_with(String, Suffix)",
	"String.contains":    "write contains(String, Part)",
	"String.match":       "write contains(String, Part), starts_with or ends_with",
	"String.length":      "write byte_size(String)",
	"Map.get":            "write Map[\"key\"]",
	"Map.fetch":          "write Map[\"key\"]",
	"Map.has_key":        "write is_map_key(Map, Key)",
	"Enum.member":        "write X in List",
	"Enum.count":         "write length(List)",
	"Enum.at":            "write List[Index]",
	"Enum.empty":         "write List == []",
	"List.first":         "write hd(List)",
	"Integer.mod":        "write rem(A, B)",
	"Integer.is_odd":     "write rem(X, 2) != 0",
	"Integer.is_even":    "write rem(X, 2) == 0",
	"Regex.match":        "write contains(String, Part), starts_with or ends_with",
}

// moduleCall returns the error for Module.function(…), at the token of either name.
func (p *parser) moduleCall(at int, module, name string) error {
	if help, ok := moduleHelp[module+"."+name]; ok {
		return p.errorAt(at, "modules cannot be called: %s", help)
	}
	if f, ok := functions[name]; ok {
		return p.errorAt(at, "modules cannot be called: write %s", f.signature())
	}
	return p.errorAt(at, "modules cannot be called: %s.%s is none of the guard functions", module, name)
}
