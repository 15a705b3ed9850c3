package syntax

import (
	"fmt"
	"strings"
)

// token is one lexical unit. Its kind is the text of a keyword or an operator,
// or one of the constants below.
type token struct {
	kind string
	text string // of a name or a numeral, and the value of a string
	line int
	at   int // offset of its first byte
	end  int // offset behind its last byte
	// lineAt is the offset of the first byte of its line.
	lineAt int
}

const (
	endOfFile = "<eof>"
	name      = "<name>"
	number    = "<number>"
	text      = "<string>"
)

var keywords = map[string]bool{}

func init() {
	for _, word := range strings.Fields(`and break do else elseif end false for function
		if in local nil not or repeat return then true until while`) {
		keywords[word] = true
	}
}

// operators by length, the longest first.
var operators = [][]string{
	{"..."},
	{"..", "==", "~=", "<=", ">=", "::"},
	{"+", "-", "*", "/", "%", "^", "#", "<", ">", "=", "(", ")", "{", "}", "[", "]", ";", ":", ",", "."},
}

type lexer struct {
	source string
	at     int
	line   int
	lineAt int
}

// newLexer skips what editors and shells put at the start of a file: a UTF-8
// byte order mark and a line that begins with #.
func newLexer(source string) *lexer {
	l := &lexer{source: source, line: 1}
	if strings.HasPrefix(source, "\ufeff") {
		l.at = len("\ufeff")
	}
	if l.peek(0) == '#' {
		l.skipLine()
	}
	return l
}

// peek returns the byte n after the current one, or 0.
func (l *lexer) peek(n int) byte {
	if l.at+n < len(l.source) {
		return l.source[l.at+n]
	}
	return 0
}

func (l *lexer) fail(format string, args ...any) {
	panic(&Error{Line: l.line, Message: fmt.Sprintf(format, args...)})
}

// newline passes the end of a line, of any system's kind, if one is here.
func (l *lexer) newline() bool {
	c := l.peek(0)
	if c != '\n' && c != '\r' {
		return false
	}
	l.at++
	if next := l.peek(0); next != c && (next == '\n' || next == '\r') {
		l.at++
	}
	l.line++
	l.lineAt = l.at
	return true
}

func (l *lexer) skipLine() {
	for l.at < len(l.source) && l.source[l.at] != '\n' && l.source[l.at] != '\r' {
		l.at++
	}
}

// skip passes white space and comments.
func (l *lexer) skip() {
	for l.at < len(l.source) {
		switch c := l.source[l.at]; {
		case c == '\n' || c == '\r':
			l.newline()
		case strings.IndexByte(spaces, c) >= 0:
			l.at++
		case c == '-' && l.peek(1) == '-':
			l.at += 2
			if level := l.longBracket(); level >= 0 {
				l.long(level, "comment")
			} else {
				l.skipLine()
			}
		default:
			return
		}
	}
}

func (l *lexer) next() token {
	l.skip()
	t := token{line: l.line, lineAt: l.lineAt, at: l.at, kind: endOfFile}
	if l.at >= len(l.source) {
		return t
	}
	c := l.source[l.at]
	switch {
	case isLetter(c):
		for isLetter(l.peek(0)) || isDigit(l.peek(0)) {
			l.at++
		}
		t.text = l.source[t.at:l.at]
		t.kind = name
		if keywords[t.text] {
			t.kind = t.text
		}
	case isDigit(c) || c == '.' && isDigit(l.peek(1)):
		t.kind, t.text = number, l.numeral()
	case c == '"' || c == '\'':
		t.kind, t.text = text, l.quoted(c)
	case c == '[' && l.longBracket() >= 0:
		t.kind, t.text = text, l.long(l.longBracket(), "string")
	default:
		t.kind = l.operator()
	}
	t.end = l.at
	return t
}

func (l *lexer) operator() string {
	rest := l.source[l.at:]
	for _, same := range operators {
		for _, op := range same {
			if strings.HasPrefix(rest, op) {
				l.at += len(op)
				return op
			}
		}
	}
	if c := rest[0]; c < 0x20 || c >= 0x7f {
		l.fail("unexpected symbol near 'char(%d)'", c)
	}
	l.fail("unexpected symbol near '%c'", rest[0])
	return ""
}

// numeral passes a numeral and all that cannot come right behind one.
func (l *lexer) numeral() string {
	begin := l.at
	for isDigit(l.peek(0)) || l.peek(0) == '.' {
		l.at++
	}
	if c := l.peek(0); c == 'e' || c == 'E' {
		l.at++
		if c := l.peek(0); c == '+' || c == '-' {
			l.at++
		}
	}
	for isLetter(l.peek(0)) || isDigit(l.peek(0)) {
		l.at++
	}
	numeral := l.source[begin:l.at]
	if _, ok := ParseNumber(numeral); !ok {
		l.fail("malformed number near '%s'", numeral)
	}
	return numeral
}

// longBracket returns the level of the long bracket that opens here, or -1.
func (l *lexer) longBracket() int {
	if l.peek(0) != '[' {
		return -1
	}
	level := 0
	for l.peek(1+level) == '=' {
		level++
	}
	if l.peek(1+level) != '[' {
		return -1
	}
	return level
}

// long passes a long string or comment and returns what is in it. A line end
// right after the opening bracket does not count.
func (l *lexer) long(level int, what string) string {
	began := l.line
	end := "]" + strings.Repeat("=", level) + "]"
	l.at += len(end)
	l.newline()
	var out strings.Builder
	for from := l.at; ; {
		switch {
		case l.at >= len(l.source):
			l.fail("unfinished long %s (began at line %d) at the end of the file", what, began)
		case l.source[l.at] == ']' && strings.HasPrefix(l.source[l.at:], end):
			out.WriteString(l.source[from:l.at])
			l.at += len(end)
			return out.String()
		case l.source[l.at] == '\r' || l.source[l.at] == '\n':
			out.WriteString(l.source[from:l.at])
			out.WriteByte('\n')
			l.newline()
			from = l.at
		default:
			l.at++
		}
	}
}

var escapes = map[byte]byte{'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

func (l *lexer) quoted(quote byte) string {
	begin := l.at
	var out []byte
	for l.at++; ; {
		c := l.peek(0)
		switch {
		case l.at >= len(l.source):
			l.fail("unfinished string at the end of the file")
		case c == quote:
			l.at++
			return string(out)
		case c == '\n' || c == '\r':
			l.fail("unfinished string near '%s'", l.source[begin:l.at])
		case c == '\\':
			l.at++
			out = append(out, l.escape(begin))
		default:
			out = append(out, c)
			l.at++
		}
	}
}

// escape passes what follows a backslash in a string that began at begin.
func (l *lexer) escape(begin int) byte {
	if l.at >= len(l.source) {
		l.fail("unfinished string at the end of the file")
	}
	if l.newline() {
		return '\n'
	}
	c := l.source[l.at]
	if !isDigit(c) {
		l.at++
		if special, ok := escapes[c]; ok {
			return special
		}
		return c
	}
	code := 0
	for i := 0; i < 3 && isDigit(l.peek(0)); i++ {
		code = 10*code + int(l.source[l.at]-'0')
		l.at++
	}
	if code > 255 {
		l.fail("escape sequence too large near '%s'", l.source[begin:l.at])
	}
	return byte(code)
}

func isLetter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
