package acl

import (
	"strings"
	"unicode/utf8"
)

// lexer cuts a pattern into tokens. Anything it does not know is an error with
// its place.
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

// name reads a word, or a map's key when a colon follows at once.
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

// colon skips a colon that makes what is before it a key.
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

// atoms are those that JSON has.
var atoms = map[string]any{"true": true, "false": false, "nil": nil}

func isDigit(c byte) bool { return c-'0' <= 9 }

func isNameStart(c byte) bool { return c|0x20-'a' < 26 || c == '_' }
