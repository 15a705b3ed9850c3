package acl

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// String returns the whole pattern in its canonical form: on one line, without
// comments, "when" for "where", strings for atoms. It parses to the same tree.
func (r *rule) String() string {
	b := appendNode(nil, r.pattern)
	for _, guard := range r.guards {
		b = append(b, " when "...)
		b = appendNode(b, guard)
	}
	return string(b)
}

func printed(n node) string { return string(appendNode(nil, n)) }

func appendNode(b []byte, n node) []byte {
	switch n := n.(type) {
	case *literal:
		return appendLiteral(b, n.value)
	case *variable:
		return append(b, n.name...)
	case *wildcard:
		return append(b, n.name...)
	case *list:
		return appendList(b, n)
	case *mapping:
		return appendMapping(b, n)
	case *prefix:
		b = append(appendText(b, n.text), " <> "...)
		return appendNode(b, n.rest)
	case *both:
		_, nested := n.left.(*both)
		b = append(appendGrouped(b, n.left, nested), " = "...)
		return appendNode(b, n.right)
	case *unary:
		return appendUnary(b, n)
	case *binary:
		return appendBinary(b, n)
	case *index:
		b = append(appendGrouped(b, n.of, precedenceOf(n.of) < precedencePostfix), '[')
		return append(appendNode(b, n.key), ']')
	case *field:
		b = append(appendGrouped(b, n.of, precedenceOf(n.of) < precedencePostfix || isNumber(n.of)), '.')
		return append(b, n.name...)
	case *call:
		return append(appendNodes(append(append(b, n.function.name...), '('), n.args), ')')
	}
	return b
}

// appendGrouped appends n, in parentheses if they are needed.
func appendGrouped(b []byte, n node, needed bool) []byte {
	if !needed {
		return appendNode(b, n)
	}
	return append(appendNode(append(b, '('), n), ')')
}

func appendNodes(b []byte, nodes []node) []byte {
	for i, n := range nodes {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendNode(b, n)
	}
	return b
}

func appendList(b []byte, l *list) []byte {
	b = appendNodes(append(b, '['), l.items)
	if l.tail != nil {
		b = appendNode(append(b, " | "...), l.tail)
	}
	return append(b, ']')
}

func appendMapping(b []byte, m *mapping) []byte {
	b = append(b, "%{"...)
	for i, e := range m.entries {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(appendText(b, e.key), " => "...)
		b = appendNode(b, e.value)
	}
	return append(b, '}')
}

func appendUnary(b []byte, n *unary) []byte {
	b = append(b, n.op...)
	if n.op == "not" {
		b = append(b, ' ')
	}
	_, nested := n.operand.(*unary) // - -x is not --x
	return appendGrouped(b, n.operand, precedenceOf(n.operand) < precedenceUnary || nested && n.op != "not" || isNumber(n.operand))
}

// isNumber reports whether n is a literal number, which would merge with a sign
// before it or a point after it.
func isNumber(n node) bool {
	l, ok := n.(*literal)
	return ok && kindOf(l.value) == kindNumber
}

func appendBinary(b []byte, n *binary) []byte {
	own := precedences[n.op]
	left := precedenceOf(n.left) < own || own == precedenceIn && precedenceOf(n.left) == own
	if u, ok := n.left.(*unary); ok && u.op == "not" && own == precedenceIn {
		left = true // not X in List means something else
	}
	b = append(appendGrouped(b, n.left, left), ' ')
	b = append(append(b, n.op...), ' ')
	return appendGrouped(b, n.right, precedenceOf(n.right) <= own)
}

func appendLiteral(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendText(b, v)
	case float64:
		return appendFloat(b, v)
	case bool:
		return strconv.AppendBool(b, v)
	default:
		return append(b, "nil"...)
	}
}

// appendFloat writes short integers in full, and adds the fraction that Elixir
// requires before an exponent.
func appendFloat(b []byte, v float64) []byte {
	switch magnitude := math.Abs(v); {
	case magnitude >= exactBelow && magnitude < 1e21:
		return strconv.AppendFloat(b, v, 'f', 0, 64) // all digits: the shortest are another integer's
	case v == 0 || magnitude >= 1e-6 && magnitude < exactBelow:
		return strconv.AppendFloat(b, v, 'f', -1, 64)
	}
	text := strconv.FormatFloat(v, 'e', -1, 64)
	if !strings.Contains(text, ".") {
		text = strings.Replace(text, "e", ".0e", 1)
	}
	return append(b, text...)
}

// appendText writes a string with the escapes it needs.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for i, r := range s {
		switch {
		case r == '"' || r == '\\' || r == '#' && strings.HasPrefix(s[i:], "#{"):
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\t':
			b = append(b, `\t`...)
		case unicode.IsPrint(r):
			b = append(b, string(r)...)
		default:
			b = append(b, `\u{`...)
			b = append(strconv.AppendInt(b, int64(r), 16), '}')
		}
	}
	return append(b, '"')
}

// shownLength is the number of bytes of a value that are shown.
const shownLength = 200

// shown returns a value as JSON, truncated to shownLength.
func shown(v any) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return kindOf(v).String()
	}
	text := bytes.TrimSpace(b.Bytes())
	if len(text) > shownLength {
		return string(bytes.ToValidUTF8(text[:shownLength], nil)) + "…"
	}
	return string(text)
}
