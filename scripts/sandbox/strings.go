package sandbox

import (
	"strconv"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

func (s *State) openString() {
	functions := s.library("string", map[string]lua.LGFunction{
		"byte":    s.stringByte,
		"char":    stringChar,
		"find":    s.stringFind,
		"format":  s.stringFormat,
		"gmatch":  s.stringGmatch,
		"gsub":    s.stringGsub,
		"len":     func(L *lua.LState) int { L.Push(lua.LNumber(len(L.CheckString(1)))); return 1 },
		"lower":   s.mapped(cased(strings.ToLower, 'A')),
		"match":   s.stringMatch,
		"rep":     s.stringRep,
		"reverse": s.mapped(reversed),
		"sub":     stringSub,
		"upper":   s.mapped(cased(strings.ToUpper, 'a')),
	})
	methods := s.lua.NewTable()
	methods.RawSetString("__index", functions)
	s.lua.SetMetatable(lua.LString(""), methods)
}

// bounded raises an error for a string longer than MaxString, before it is
// made, and gives back its length.
func bounded(L *lua.LState, length int) int {
	if length > MaxString {
		L.RaiseError("string longer than %d bytes", MaxString)
	}
	return length
}

// concatenate is a .. b .. c. Where one is no text it goes pair by pair from
// the right, as Lua does, for the metamethods.
func (s *State) concatenate(L *lua.LState) int {
	n := L.GetTop()
	size := 0
	for i := 1; i <= n; i++ {
		switch value := L.Get(i).(type) {
		case lua.LString:
			size += len(value)
		case lua.LNumber:
		default:
			L.Push(s.concatenatePairs(L, n))
			return 1
		}
	}
	s.charge(L, bounded(L, size)/16)
	var short [128]byte // stays on the stack
	text := short[:0]
	if size > len(short) {
		text = make([]byte, 0, size)
	}
	for i := 1; i <= n; i++ {
		text = appendText(text, L.Get(i))
	}
	bounded(L, len(text))
	L.Push(lua.LString(text))
	return 1
}

// appendText appends a string, or a number as tostring gives it.
func appendText(text []byte, value lua.LValue) []byte {
	switch value := value.(type) {
	case lua.LString:
		return append(text, value...)
	case lua.LNumber:
		if whole := int64(value); lua.LNumber(whole) == value {
			return strconv.AppendInt(text, whole, 10) // a tenth of what fmt takes
		}
		return append(text, value.String()...)
	}
	return text
}

func (s *State) concatenatePairs(L *lua.LState, n int) lua.LValue {
	right := L.Get(n)
	for i := n - 1; i > 0; i-- {
		left := L.Get(i)
		if lua.LVCanConvToString(left) && lua.LVCanConvToString(right) {
			a, b := lua.LVAsString(left), lua.LVAsString(right)
			s.charge(L, bounded(L, len(a)+len(b))/16)
			right = lua.LString(a + b)
			continue
		}
		method := L.GetMetaField(left, "__concat")
		if method == lua.LNil {
			method = L.GetMetaField(right, "__concat")
		}
		if method == lua.LNil {
			L.RaiseError("cannot concatenate a %s and a %s", left.Type(), right.Type())
		}
		L.Push(method)
		L.Push(left)
		L.Push(right)
		L.Call(2, 1)
		right = L.Get(-1)
		L.Pop(1)
	}
	return right
}

func (s *State) stringByte(L *lua.LState) int {
	text := L.CheckString(1)
	first := integer(L, 2, 1)
	start, end := span(len(text), first, integer(L, 3, first))
	if end-start > MaxValues {
		L.RaiseError("string.byte: more than %d values", MaxValues)
	}
	s.charge(L, (end-start)/16)
	for i := start; i < end; i++ {
		L.Push(lua.LNumber(text[i]))
	}
	return max(end-start, 0)
}

func stringChar(L *lua.LState) int {
	text := make([]byte, L.GetTop())
	for i := range text {
		c := L.CheckInt(i + 1)
		if c < 0 || c > 255 {
			L.ArgError(i+1, "not a byte")
		}
		text[i] = byte(c)
	}
	L.Push(lua.LString(text))
	return 1
}

func stringSub(L *lua.LState) int {
	text := L.CheckString(1)
	start, end := span(len(text), integer(L, 2, 1), integer(L, 3, -1))
	if start >= end {
		L.Push(lua.LString(""))
		return 1
	}
	L.Push(lua.LString(text[start:end]))
	return 1
}

// span makes offsets of two positions, from 1 or from the end.
func span(length, first, last int) (start, end int) {
	if last < 0 {
		last = length + last + 1
	}
	return from(first, length), min(last, length)
}

func (s *State) stringRep(L *lua.LState) int {
	text, n := L.CheckString(1), max(integer(L, 2, 0), 0)
	if n > 0 && len(text) > MaxString/n {
		bounded(L, MaxString+1)
	}
	if text == "" {
		n = 0
	}
	s.charge(L, n*len(text)/16)
	L.Push(lua.LString(strings.Repeat(text, n)))
	return 1
}

// mapped makes a function of one that changes a text but hardly its length.
func (s *State) mapped(change func(string) string) lua.LGFunction {
	return func(L *lua.LState) int {
		text := L.CheckString(1)
		s.charge(L, len(text)/4)
		changed := change(text)
		bounded(L, len(changed))
		L.Push(lua.LString(changed))
		return 1
	}
}

// cased makes a change of case one that leaves what is not UTF-8 alone, but for
// the letters from first on: Go would put a longer mark for each wrong byte.
func cased(change func(string) string, first byte) func(string) string {
	return func(text string) string {
		if utf8.ValidString(text) {
			return change(text)
		}
		b := []byte(text)
		for i, c := range b {
			if c >= first && c < first+26 {
				b[i] = c ^ 0x20
			}
		}
		return string(b)
	}
}

func reversed(text string) string {
	b := make([]byte, len(text))
	for i := range b {
		b[i] = text[len(text)-1-i]
	}
	return string(b)
}
