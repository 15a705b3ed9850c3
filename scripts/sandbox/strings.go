package sandbox

import (
	"slices"
	"strings"

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
		"len":     func(L *lua.LState) int { L.Push(lua.LNumber(len(text(L, 1)))); return 1 },
		"lower":   s.mapped(cased('A')),
		"match":   s.stringMatch,
		"rep":     s.stringRep,
		"reverse": s.mapped(slices.Reverse),
		"sub":     stringSub,
		"upper":   s.mapped(cased('a')),
	})
	functions.RawSetString("gfind", functions.RawGetString("gmatch")) // as in Lua 5.0
	methods := s.lua.NewTable()
	methods.RawSetString("__index", functions)
	s.arithmeticOfTexts(methods)
	s.lua.SetMetatable(lua.LString(""), methods)
}

// bounded raises an error for a string longer than MaxString, before it is
// made, and gives back its length.
func bounded(L *lua.LState, length int) int {
	if length > MaxString {
		raiseHere(L, "string longer than %d bytes", MaxString)
	}
	return length
}

func (s *State) stringByte(L *lua.LState) int {
	text := text(L, 1)
	first := integer(L, 2, 1)
	start, end := span(len(text), first, integer(L, 3, first))
	if end-start > MaxValues {
		raiseHere(L, "string.byte: more than %d values", MaxValues)
	}
	n := max(end-start, 0)
	s.charge(L, n/valuesPerInstruction)
	reserve(L, n)
	for i := range n {
		L.Push(lua.LNumber(text[start+i]))
	}
	return n
}

func stringChar(L *lua.LState) int {
	text := make([]byte, L.GetTop())
	for i := range text {
		c := checkInteger(L, i+1)
		if c < 0 || c > 255 {
			argumentError(L, i+1, "invalid value")
		}
		text[i] = byte(c)
	}
	L.Push(lua.LString(text))
	return 1
}

func stringSub(L *lua.LState) int {
	text := text(L, 1)
	start, end := span(len(text), checkInteger(L, 2), integer(L, 3, -1))
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
	text, n := text(L, 1), max(checkInteger(L, 2), 0)
	if n > 0 && len(text) > MaxString/n {
		bounded(L, MaxString+1)
	}
	if text == "" {
		n = 0
	}
	s.charge(L, n*len(text)/bytesPerInstruction)
	L.Push(lua.LString(strings.Repeat(text, n)))
	return 1
}

// mapped makes a function of one that changes a text but not its length.
func (s *State) mapped(change func([]byte)) lua.LGFunction {
	return func(L *lua.LState) int {
		text := []byte(text(L, 1))
		s.charge(L, len(text)/4)
		change(text)
		L.Push(lua.LString(text))
		return 1
	}
}

// cased changes the case of the 26 letters from first on, and of no others, as C
// does.
func cased(first byte) func([]byte) {
	return func(text []byte) {
		for i, c := range text {
			if c >= first && c < first+26 {
				text[i] = c ^ 0x20
			}
		}
	}
}
