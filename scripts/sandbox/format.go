package sandbox

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// maxWidth is the longest width or precision in a format, as in Lua.
const maxWidth = 99

// stringFormat is Lua's, directive by directive: Go's own format would take
// widths from arguments and print the interpreter's insides.
func (s *State) stringFormat(L *lua.LState) int {
	format := text(L, 1)
	var out strings.Builder
	argument := 1
	s.charge(L, len(format)/8)
	for {
		plain, rest, found := strings.Cut(format, "%")
		out.WriteString(plain)
		if !found {
			break
		}
		if escaped, ok := strings.CutPrefix(rest, "%"); ok {
			s.charge(L, 1)
			out.WriteByte('%')
			format = escaped
			continue
		}
		directive := directiveAt(L, format[len(plain):])
		format = format[len(plain)+len(directive):]
		argument++
		text := s.formatted(L, directive, argument)
		s.charge(L, directivePrice+len(text)/8)
		bounded(L, out.Len()+len(text))
		out.WriteString(text)
	}
	bounded(L, out.Len())
	L.Push(lua.LString(out.String()))
	return 1
}

// directiveAt is the directive that text begins with, such as "%-5.2f".
func directiveAt(L *lua.LState, text string) string {
	i := 1
	for i < len(text) && strings.IndexByte("-+ #0", text[i]) >= 0 {
		i++
	}
	flags := i - 1
	width := digits(text[i:])
	i += width
	precision := 0
	if i < len(text) && text[i] == '.' {
		i++
		precision = digits(text[i:])
		i += precision
	}
	// Two digits are at most maxWidth.
	if flags > 5 || width > 2 || precision > 2 {
		raiseHere(L, "invalid format: width or precision above %d", maxWidth)
	}
	if i >= len(text) {
		raiseHere(L, "invalid format: ends within %q", text)
	}
	return text[:i+1]
}

func digits(text string) int {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return n
}

// formatted is argument n as the directive says.
func (s *State) formatted(L *lua.LState, directive string, n int) string {
	head, verb := directive[:len(directive)-1], directive[len(directive)-1]
	if n > L.GetTop() {
		argumentError(L, n, "no value")
	}
	switch verb {
	case 'c':
		c := byte(number(L, n))
		if c == 0 {
			return padded(head, "") // C ends there
		}
		return padded(head, string([]byte{c}))
	case 'd', 'i':
		return fmt.Sprintf(head+"d", int64(number(L, n)))
	case 'u':
		return fmt.Sprintf(head+"d", uint64(int64(number(L, n))))
	case 'o', 'x', 'X':
		return fmt.Sprintf(directive, uint64(int64(number(L, n))))
	case 'e', 'E', 'f', 'g', 'G':
		return formatFloat(head, verb, float64(number(L, n)))
	case 'q':
		text := text(L, n)
		s.charge(L, len(text)/4)
		return quoted(text)
	case 's':
		text := toString(L, L.Get(n))
		if dot := strings.IndexByte(head, '.'); dot >= 0 {
			most, _ := strconv.Atoi(head[dot+1:]) // none is 0
			text = text[:min(most, len(text))]
			head = head[:dot]
		}
		return padded(head, text)
	}
	raiseHere(L, "invalid option '%%%c' to 'format'", verb)
	return ""
}

// padded is text with spaces up to the width in head. Widths count bytes.
func padded(head, text string) string {
	digits := strings.TrimLeft(head, "%-+ #0")
	width, _ := strconv.Atoi(digits)
	spaces := strings.Repeat(" ", max(width-len(text), 0))
	if strings.Contains(head[:len(head)-len(digits)], "-") {
		return text + spaces
	}
	return spaces + text
}

func formatFloat(head string, verb byte, n float64) string {
	if math.IsInf(n, 0) || math.IsNaN(n) {
		flags := head[:len(head)-len(strings.TrimLeft(head, "%-+ #0"))]
		text := notFinite(n)
		switch {
		case text[0] == '-':
		case strings.Contains(flags, "+"):
			text = "+" + text
		case strings.Contains(flags, " "):
			text = " " + text
		}
		if verb < 'a' {
			text = strings.ToUpper(text)
		}
		head, _, _ = strings.Cut(head, ".")
		return padded(head, text)
	}
	if verb|0x20 == 'g' && !strings.Contains(head, ".") {
		head += ".6" // Go's default is as many as it takes
	}
	return fmt.Sprintf(head+string(verb), n)
}

// notFinite is how C writes an infinite number, and one that is none.
func notFinite(n float64) string {
	text := "inf"
	if math.IsNaN(n) {
		text = "nan"
	}
	if math.Signbit(n) {
		return "-" + text
	}
	return text
}

// appendNumber appends a number as tostring makes it: as C does with %.14g.
func appendNumber(text []byte, n lua.LNumber) []byte {
	f := float64(n)
	if whole := int64(n); lua.LNumber(whole) == n && whole > -1e14 && whole < 1e14 && (whole != 0 || !math.Signbit(f)) {
		return strconv.AppendInt(text, whole, 10) // a tenth of what the other way takes
	}
	return append(text, formatFloat("%.14", 'g', f)...)
}

var quotes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", "\\\n", "\r", `\r`, "\x00", `\000`)

// quoted is text as a literal that Lua reads back.
func quoted(text string) string { return `"` + quotes.Replace(text) + `"` }
