package acl

import (
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// lexer splits a pattern into tokens. Unknown text is an error with its position.
type lexer struct {
	*source
	pos    int
	tokens []token
}

// tokenize returns the tokens of s, the last of which is tokenEnd.
func tokenize(s *source) ([]token, error) {
	l := &lexer{source: s, tokens: make([]token, 0, len(s.text)/4+2)}
	for {
		l.skipBlanks()
		if l.pos == len(l.text) {
			return append(l.tokens, token{kind: tokenEnd, at: l.pos}), nil
		}
		t, err := l.token()
		if err != nil {
			return nil, err
		}
		l.tokens = append(l.tokens, t)
	}
}

// skipBlanks skips white space and comments.
func (l *lexer) skipBlanks() {
	for l.pos < len(l.text) {
		switch c := l.text[l.pos]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			l.pos++
		case c == '#' || strings.HasPrefix(l.text[l.pos:], "//"):
			end := strings.IndexByte(l.text[l.pos:], '\n')
			if end < 0 {
				end = len(l.text) - l.pos
			}
			l.pos += end
		default:
			return
		}
	}
}

func (l *lexer) token() (token, error) {
	switch c := l.text[l.pos]; {
	case isNameStart(c):
		return l.name()
	case c == '"':
		return l.quoted()
	case isDigit(c):
		return l.number()
	case c == ':' && l.pos+1 < len(l.text) && (isNameStart(l.text[l.pos+1]) || l.text[l.pos+1] == '"'):
		return l.atom()
	default:
		return l.operator()
	}
}

func (l *lexer) operator() (token, error) {
	rest := l.text[l.pos:]
	for _, op := range operators {
		if strings.HasPrefix(rest, op) {
			t := token{kind: tokenOperator, at: l.pos, text: op}
			l.pos += len(op)
			return t, nil
		}
	}
	r, _ := utf8.DecodeRuneInString(rest)
	if strings.ContainsRune("“”„‟«»‘’", r) {
		return token{}, l.errorAt(l.pos, `%c does not quote: write "`, r)
	}
	return token{}, l.errorAt(l.pos, "unexpected character %q (%U): names are of the letters a to z, digits and _", r, r)
}

// name reads a word, or a map's key if a colon follows directly.
func (l *lexer) name() (token, error) {
	start := l.pos
	l.skipName()
	if l.pos-start > MaxName {
		return token{}, l.errorAt(start, "a name of more than %d characters", MaxName)
	}
	t := token{kind: tokenName, at: start, text: l.text[start:l.pos]}
	if l.colon() {
		t.kind, t.value = tokenKey, t.text
	}
	return t, nil
}

func (l *lexer) skipName() {
	for l.pos < len(l.text) && (isNameStart(l.text[l.pos]) || isDigit(l.text[l.pos])) {
		l.pos++
	}
}

// colon skips a colon that makes the preceding word a key.
func (l *lexer) colon() bool {
	rest := l.text[l.pos:]
	if !strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, "::") {
		return false
	}
	l.pos++
	return true
}

// atom reads :name or :"name". JSON knows three atoms; any other is the string
// an Elixir JSON library would write it as.
func (l *lexer) atom() (token, error) {
	start := l.pos
	l.pos++
	var name string
	if l.text[l.pos] == '"' {
		text, err := l.quotedText()
		if err != nil {
			return token{}, err
		}
		name = text
	} else {
		l.skipName()
		name = l.text[start+1 : l.pos]
	}
	t := token{kind: tokenAtom, at: start, text: l.text[start:l.pos], value: name}
	if value, ok := atoms[name]; ok {
		t.value = value
	}
	return t, nil
}

// atoms are the atoms that JSON has.
var atoms = map[string]any{"true": true, "false": false, "nil": nil}

func isDigit(c byte) bool { return c-'0' <= 9 }

func isNameStart(c byte) bool { return c|0x20-'a' < 26 || c == '_' }

// tokenKind sorts tokens by what a parser does with them.
type tokenKind uint8

const (
	tokenEnd      tokenKind = iota
	tokenName               // a variable, a function or a word such as when
	tokenText               // "…", value holds the string
	tokenNumber             // value holds a float64
	tokenAtom               // :name, value holds true, false, nil or a string
	tokenKey                // name: or "name": in a map, value holds the string
	tokenOperator           // anything else
)

// token is one word of a pattern. Text is as written.
type token struct {
	kind  tokenKind
	at    int // offset of its first byte
	text  string
	value any
}

// is reports whether the token is this operator, bracket or word.
func (t token) is(text string) bool {
	return t.text == text && (t.kind == tokenOperator || t.kind == tokenName)
}

// isWhen reports whether a guard begins after the token.
func (t token) isWhen() bool { return t.is("when") || t.is("where") }

// operators lists everything that begins no other token, longer before shorter.
// Many are known only for a better error: see insteadOf.
var operators = []string{
	"===", "!==", "&&&", "|||", "<<<", ">>>", "...", "^^^", "~~~",
	"==", "!=", "=~", "<=", ">=", "<>", "<-", "<<", ">>", "&&", "||", "|>", "->",
	"=>", "++", "--", "..", "**", "::", `\\`, "%{",
	"[", "]", "(", ")", "{", "}", ",", "|", "=", "<", ">", "+", "-", "*", "/", ".",
	"!", "^", "&", ":", "~", "@", ";", "%", "?", "'", "$", "`", `\`,
}

// number reads an integer (42, 1_000, 0xFF, 0o17, 0b11) or a float (1.5,
// 1.0e-3). The sign is an operator.
func (l *lexer) number() (token, error) {
	start := l.pos
	based := l.text[l.pos] == '0' && l.pos+1 < len(l.text) && strings.IndexByte("xob", l.text[l.pos+1]) >= 0
	if based {
		l.pos += 2
		l.skipDigits(isHexDigit)
	} else {
		l.decimal()
	}
	text := l.text[start:l.pos]
	if l.pos < len(l.text) && isNameStart(l.text[l.pos]) || strings.HasSuffix(text, "_") || strings.Contains(text, "__") {
		return token{}, l.errorAt(start, "a malformed number")
	}
	if len(text) > maxDigits {
		return token{}, l.errorAt(start, "a number of more than %d digits", maxDigits)
	}
	value, ok := parseLiteral(strings.ReplaceAll(text, "_", ""), based)
	if !ok {
		return token{}, l.errorAt(start, "%s is no number that JSON could carry", text)
	}
	return token{kind: tokenNumber, at: start, text: text, value: value}, nil
}

// decimal skips digits, a fraction and an exponent.
func (l *lexer) decimal() {
	l.skipDigits(isDigit)
	if rest := l.text[l.pos:]; len(rest) > 1 && rest[0] == '.' && isDigit(rest[1]) {
		l.pos++
		l.skipDigits(isDigit)
	}
	rest := l.text[l.pos:]
	if rest == "" || rest[0]|0x20 != 'e' {
		return
	}
	digits := strings.TrimLeft(rest[1:min(2, len(rest))], "+-") + rest[min(2, len(rest)):]
	if digits != "" && isDigit(digits[0]) {
		l.pos += len(rest) - len(digits)
		l.skipDigits(isDigit)
	}
}

func (l *lexer) skipDigits(valid func(byte) bool) {
	for l.pos < len(l.text) && (valid(l.text[l.pos]) || l.text[l.pos] == '_') {
		l.pos++
	}
}

// parseLiteral returns the float64 nearest to a number, as decoded messages have it.
func parseLiteral(text string, based bool) (any, bool) {
	if !based {
		v, err := strconv.ParseFloat(text, 64)
		return v, err == nil
	}
	i, ok := new(big.Int).SetString(text, 0)
	if !ok {
		return nil, false
	}
	f, _ := new(big.Float).SetInt(i).Float64()
	return finite(f)
}

// quoted reads a string, or a map's key if a colon follows directly.
func (l *lexer) quoted() (token, error) {
	start := l.pos
	if strings.HasPrefix(l.text[start:], `"""`) {
		return token{}, l.errorAt(start, `""" does not begin a string: write "…", which may have several lines`)
	}
	text, err := l.quotedText()
	if err != nil {
		return token{}, err
	}
	t := token{kind: tokenText, at: start, text: l.text[start:l.pos], value: text}
	if l.colon() {
		t.kind = tokenKey
	}
	return t, nil
}

// quotedText reads "…" with Elixir's escapes.
func (l *lexer) quotedText() (string, error) {
	start := l.pos
	l.pos++
	var b strings.Builder
	for l.pos < len(l.text) {
		switch c := l.text[l.pos]; {
		case c == '"':
			l.pos++
			return l.checkedText(b.String(), start)
		case c == '\\':
			if err := l.escape(&b); err != nil {
				return "", err
			}
		case strings.HasPrefix(l.text[l.pos:], "#{"):
			return "", l.errorAt(l.pos, `a pattern's strings cannot have values put in: compare in a guard, or write \#{ for the characters`)
		default:
			b.WriteByte(c)
			l.pos++
		}
	}
	return "", l.errorAt(start, `this string does not end: a " is missing`)
}

// checkedText refuses text that is not UTF-8: no message can contain it.
func (l *lexer) checkedText(text string, start int) (string, error) {
	if !utf8.ValidString(text) {
		return "", l.errorAt(start, `this string is not UTF-8, so no message has it: write \u{…} for a character`)
	}
	return text, nil
}

// escapes are Elixir's one-letter escapes. Any other character stands for itself.
var escapes = map[byte]string{
	'0': "\x00", 'a': "\a", 'b': "\b", 'd': "\x7f", 'e': "\x1b", 'f': "\f",
	'n': "\n", 'r': "\r", 's': " ", 't': "\t", 'v': "\v", '\n': "",
}

func (l *lexer) escape(b *strings.Builder) error {
	start := l.pos
	if l.pos++; l.pos == len(l.text) {
		return l.errorAt(start, `this string does not end: a " is missing`)
	}
	c := l.text[l.pos]
	l.pos++
	switch c {
	case 'x':
		if strings.HasPrefix(l.text[l.pos:], "{") {
			return l.character(b, start)
		}
		v, err := l.hex(start, 1, 2)
		b.WriteByte(byte(v))
		return err
	case 'u':
		return l.character(b, start)
	}
	if text, ok := escapes[c]; ok {
		b.WriteString(text)
	} else {
		b.WriteByte(c)
	}
	return nil
}

// character reads the hex digits of a character: four, or any in braces.
func (l *lexer) character(b *strings.Builder, start int) error {
	v, err := l.hex(start, 4, 4)
	if err == nil && !utf8.ValidRune(rune(v)) {
		err = l.errorAt(start, "U+%04X is no character", v)
	}
	b.WriteRune(rune(v))
	return err
}

// hex reads the digits of an escape: least to most of them, or one to six in
// braces.
func (l *lexer) hex(start, least, most int) (uint64, error) {
	rest := l.text[l.pos:]
	if inner, ok := strings.CutPrefix(rest, "{"); ok {
		digits, _, closed := strings.Cut(inner[:min(len(inner), 7)], "}")
		v, err := strconv.ParseUint(digits, 16, 32)
		if !closed || err != nil {
			return 0, l.errorAt(start, `a malformed escape: write \u{1F600}`)
		}
		l.pos += len(digits) + 2
		return v, nil
	}
	n := 0
	for n < most && n < len(rest) && isHexDigit(rest[n]) {
		n++
	}
	if n < least {
		return 0, l.errorAt(start, `a malformed escape: write \xHH, \uHHHH or \u{H…}`)
	}
	l.pos += n
	return strconv.ParseUint(rest[:n], 16, 32)
}

func isHexDigit(c byte) bool { return isDigit(c) || c|0x20-'a' < 6 }
