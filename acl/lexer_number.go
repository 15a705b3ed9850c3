package acl

import (
	"math/big"
	"strconv"
	"strings"
)

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

// parseLiteral returns the float64 nearest to a number, as it is in messages.
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
