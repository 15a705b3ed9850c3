package sandbox

import "strings"

// maxCaptures is how many captures a pattern may have, as in Lua 5.1.
const maxCaptures = 32

// Capture lengths that are none yet.
const (
	captureOpen     = -1
	capturePosition = -2
)

// patternError is what is wrong with a pattern.
type patternError string

const (
	errPatternEnd     patternError = "malformed pattern (ends with '%')"
	errPatternSet     patternError = "malformed pattern (missing ']')"
	errPatternBalance patternError = "unbalanced pattern"
	errPatternFront   patternError = "missing '[' after '%f' in pattern"
	errCaptures       patternError = "too many captures"
	errCaptureIndex   patternError = "invalid capture index"
	errCaptureClose   patternError = "invalid pattern capture"
	errPatternDepth   patternError = "pattern too complex"
)

// matcher finds a Lua pattern in a string, with backtracking. It panics with
// a patternError, and calls step for every few bytes it looked at.
type matcher struct {
	text, pattern string
	captures      []capture
	plainCaret    bool // a ^ in front is no anchor, as in gmatch
	depth, steps  int
	step          func(work int)
}

type capture struct{ start, length int }

// stepEvery is how many bytes are looked at between two calls of step.
const stepEvery = 256

func (m *matcher) spend() {
	m.steps++
	if m.steps%stepEvery == 0 {
		m.step(stepEvery)
	}
}

// find looks for the pattern from begin on. anchored patterns, ^…, match there
// or not at all.
func (m *matcher) find(begin int) (start, end int, found bool) {
	skip := 0
	anchored := strings.HasPrefix(m.pattern, "^") && !m.plainCaret
	if anchored {
		skip = 1
	}
	for at := begin; at <= len(m.text); at++ {
		m.captures = m.captures[:0]
		m.spend()
		if end := m.match(at, skip); end >= 0 {
			return at, end, true
		}
		if anchored {
			break
		}
	}
	return 0, 0, false
}

// match matches the pattern from p on at position at and returns the end of the
// match, or -1.
func (m *matcher) match(at, p int) int {
	m.depth++
	if m.depth > MaxPatternDepth {
		panic(errPatternDepth)
	}
	defer func() { m.depth-- }()
	for p < len(m.pattern) {
		m.spend()
		switch c := m.pattern[p]; {
		case c == '(':
			if p+1 < len(m.pattern) && m.pattern[p+1] == ')' {
				return m.open(at, p+2, capturePosition)
			}
			return m.open(at, p+1, captureOpen)
		case c == ')':
			return m.close(at, p+1)
		case c == '$' && p+1 == len(m.pattern):
			if at == len(m.text) {
				return at
			}
			return -1
		case c == '%' && p+1 < len(m.pattern) && strings.IndexByte("bf0123456789", m.pattern[p+1]) >= 0:
			at, p = m.special(at, p+1)
			if at < 0 {
				return -1
			}
		default:
			after := m.classEnd(p)
			if after < len(m.pattern) && strings.IndexByte("*+-?", m.pattern[after]) >= 0 {
				return m.repeat(at, p, after)
			}
			if !m.one(at, p, after) {
				return -1
			}
			at, p = at+1, after
		}
	}
	return at
}

// special matches %b, %f and %1 to %9, p being after the percent sign, and
// returns the positions after them, or -1.
func (m *matcher) special(at, p int) (int, int) {
	switch m.pattern[p] {
	case 'b':
		if p+2 >= len(m.pattern) {
			panic(errPatternBalance)
		}
		return m.balance(at, m.pattern[p+1], m.pattern[p+2]), p + 3
	case 'f':
		if p+1 >= len(m.pattern) || m.pattern[p+1] != '[' {
			panic(errPatternFront)
		}
		after := m.classEnd(p + 1)
		var before, here byte
		if at > 0 {
			before = m.text[at-1]
		}
		if at < len(m.text) {
			here = m.text[at]
		}
		if m.inSet(before, p+1, after-1) || !m.inSet(here, p+1, after-1) {
			return -1, 0
		}
		return at, after
	}
	n := int(m.pattern[p] - '1')
	if n < 0 || n >= len(m.captures) || m.captures[n].length == captureOpen {
		panic(errCaptureIndex)
	}
	if m.captures[n].length == capturePosition {
		return at, p + 1
	}
	again := m.text[m.captures[n].start:][:m.captures[n].length]
	m.step(len(again) / 8)
	if !strings.HasPrefix(m.text[at:], again) {
		return -1, 0
	}
	return at + len(again), p + 1
}

func (m *matcher) balance(at int, open, shut byte) int {
	if at >= len(m.text) || m.text[at] != open {
		return -1
	}
	depth := 1
	for at++; at < len(m.text); at++ {
		m.spend()
		switch m.text[at] {
		case shut:
			depth--
			if depth == 0 {
				return at + 1
			}
		case open:
			depth++
		}
	}
	return -1
}

// repeat matches the class from p to after, which a quantifier follows.
func (m *matcher) repeat(at, p, after int) int {
	rest := after + 1
	switch m.pattern[after] {
	case '?':
		if m.one(at, p, after) {
			if end := m.match(at+1, rest); end >= 0 {
				return end
			}
		}
		return m.match(at, rest)
	case '-':
		for {
			if end := m.match(at, rest); end >= 0 {
				return end
			}
			if !m.one(at, p, after) {
				return -1
			}
			at++
		}
	}
	least := at
	if m.pattern[after] == '+' {
		least++
	}
	most := at
	for m.one(most, p, after) {
		most++
	}
	for ; most >= least; most-- {
		if end := m.match(most, rest); end >= 0 {
			return end
		}
	}
	return -1
}

func (m *matcher) open(at, p, length int) int {
	if len(m.captures) >= maxCaptures {
		panic(errCaptures)
	}
	n := len(m.captures)
	m.captures = append(m.captures, capture{at, length})
	end := m.match(at, p)
	if end < 0 {
		m.captures = m.captures[:n]
	}
	return end
}

func (m *matcher) close(at, p int) int {
	for n := len(m.captures) - 1; n >= 0; n-- {
		if c := &m.captures[n]; c.length == captureOpen {
			c.length = at - c.start
			end := m.match(at, p)
			if end < 0 {
				m.captures[n].length = captureOpen
			}
			return end
		}
	}
	panic(errCaptureClose)
}

// classEnd is the position after the class that begins at p.
func (m *matcher) classEnd(p int) int {
	switch m.pattern[p] {
	case '%':
		if p+1 >= len(m.pattern) {
			panic(errPatternEnd)
		}
		return p + 2
	case '[':
		p++
		if p < len(m.pattern) && m.pattern[p] == '^' {
			p++
		}
		for first := true; ; first = false {
			if p >= len(m.pattern) {
				panic(errPatternSet)
			}
			m.spend()
			switch c := m.pattern[p]; {
			case c == ']' && !first:
				return p + 1
			case c == '%':
				p++
			}
			p++
		}
	}
	return p + 1
}

// one reports whether the byte at matches the class from p to after.
func (m *matcher) one(at, p, after int) bool {
	if at >= len(m.text) {
		return false
	}
	m.spend()
	c := m.text[at]
	switch m.pattern[p] {
	case '.':
		return true
	case '%':
		return inClass(c, m.pattern[p+1])
	case '[':
		return m.inSet(c, p, after-1)
	}
	return c == m.pattern[p]
}

// inSet reports whether c is in the set whose brackets are at p and end.
func (m *matcher) inSet(c byte, p, end int) bool {
	in := true
	p++
	if m.pattern[p] == '^' {
		in = false
		p++
	}
	for p < end {
		m.spend()
		switch {
		case m.pattern[p] == '%' && p+1 < end:
			if inClass(c, m.pattern[p+1]) {
				return in
			}
			p += 2
		case p+2 < end && m.pattern[p+1] == '-':
			if m.pattern[p] <= c && c <= m.pattern[p+2] {
				return in
			}
			p += 3
		default:
			if m.pattern[p] == c {
				return in
			}
			p++
		}
	}
	return !in
}

// inClass reports whether c is in the class %name. Capital names negate.
func inClass(c, name byte) bool {
	letter := c|0x20 >= 'a' && c|0x20 <= 'z'
	digit := c >= '0' && c <= '9'
	var in bool
	switch name | 0x20 {
	case 'a':
		in = letter
	case 'c':
		in = c < 0x20 || c == 0x7f
	case 'd':
		in = digit
	case 'l':
		in = c >= 'a' && c <= 'z'
	case 'p':
		in = c > 0x20 && c < 0x7f && !letter && !digit
	case 's':
		in = c == ' ' || c >= '\t' && c <= '\r'
	case 'u':
		in = c >= 'A' && c <= 'Z'
	case 'w':
		in = letter || digit
	case 'x':
		in = digit || c|0x20 >= 'a' && c|0x20 <= 'f'
	case 'z':
		in = c == 0
	default:
		return c == name
	}
	if name < 'A' || name > 'z' {
		return c == name
	}
	return in != (name <= 'Z')
}
