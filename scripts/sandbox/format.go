package sandbox

import (
	"fmt"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// maxWidth is the longest width or precision in a format, as in Lua.
const maxWidth = 99

// stringFormat is Lua's, directive by directive: Go's own format would take
// widths from arguments and print the interpreter's insides.
func (s *State) stringFormat(L *lua.LState) int {
	format := L.CheckString(1)
	var out strings.Builder
	argument := 1
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			out.WriteByte(format[i])
			continue
		}
		if i+1 < len(format) && format[i+1] == '%' {
			out.WriteByte('%')
			i++
			continue
		}
		directive := directiveAt(L, format[i:])
		i += len(directive) - 1
		argument++
		text := s.formatted(L, directive, argument)
		bounded(L, out.Len()+len(text))
		out.WriteString(text)
	}
	bounded(L, out.Len())
	s.charge(L, out.Len()/8)
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
		L.RaiseError("invalid format: width or precision above %d", maxWidth)
	}
	if i >= len(text) {
		L.RaiseError("invalid format: ends within %q", text)
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
		L.ArgError(n, "no value")
	}
	switch verb {
	case 'c':
		return fmt.Sprintf(head+"s", string([]byte{byte(number(L, n))}))
	case 'd', 'i':
		return fmt.Sprintf(head+"d", int64(number(L, n)))
	case 'u':
		return fmt.Sprintf(head+"d", uint64(int64(number(L, n))))
	case 'o', 'x', 'X':
		return fmt.Sprintf(directive, uint64(int64(number(L, n))))
	case 'g', 'G':
		if !strings.Contains(head, ".") {
			head += ".6" // Go's default is as many as it takes
		}
		return fmt.Sprintf(head+string(verb), float64(number(L, n)))
	case 'e', 'E', 'f':
		return fmt.Sprintf(directive, float64(number(L, n)))
	case 'q':
		return quoted(L.CheckString(n))
	case 's':
		text, ok := L.ToStringMeta(L.Get(n)).(lua.LString)
		if !ok {
			L.RaiseError("'__tostring' must return a string")
		}
		return fmt.Sprintf(head+"s", string(text))
	}
	L.RaiseError("invalid format: %q", directive)
	return ""
}

// number is argument n, a number or its text.
func number(L *lua.LState, n int) lua.LNumber {
	switch v := L.Get(n).(type) {
	case lua.LNumber:
		return v
	case lua.LString:
		if f, err := strconv.ParseFloat(strings.TrimSpace(string(v)), 64); err == nil {
			return lua.LNumber(f)
		}
	}
	L.TypeError(n, lua.LTNumber)
	return 0
}

// quoted is text as a literal that Lua reads back.
func quoted(text string) string {
	return `"` + strings.NewReplacer(
		`\`, `\\`, `"`, `\"`, "\n", "\\\n", "\r", `\r`, "\x00", `\000`).Replace(text) + `"`
}
