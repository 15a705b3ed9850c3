package acl

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// quoted reads a string, or a map's key when a colon follows at once.
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

// checkedText refuses what no message can have: messages are UTF-8.
func (l *lexer) checkedText(text string, start int) (string, error) {
	if !utf8.ValidString(text) {
		return "", l.errorAt(start, `this string is not UTF-8, so no message has it: write \u{…} for a character`)
	}
	return text, nil
}

// escapes are Elixir's of one letter. A character not among them is itself.
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

// character reads the digits of a character, four or those in braces.
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
