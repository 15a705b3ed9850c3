package sandbox

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// newMatcher makes a matcher for a text and a pattern whose work counts.
func (s *State) newMatcher(L *lua.LState, text, pattern string) *matcher {
	return &matcher{text: text, pattern: pattern, step: func(work int) { s.charge(L, work) }}
}

// search is find with an error in the pattern raised as Lua's.
func search(L *lua.LState, m *matcher, begin int) (start, end int, found bool) {
	m.depth = 0
	defer func() {
		if r := recover(); r != nil {
			malformed, ok := r.(patternError)
			if !ok {
				panic(r)
			}
			raiseHere(L, "%s", string(malformed))
		}
	}()
	start, end, found = m.find(begin)
	for _, c := range m.captures {
		if found && c.length == captureOpen {
			raiseHere(L, "unfinished capture")
		}
	}
	return start, end, found
}

// value is the nth capture from 0; the whole match if the pattern has none.
func (m *matcher) value(n, start, end int) lua.LValue {
	if n == 0 && len(m.captures) == 0 {
		return lua.LString(m.text[start:end])
	}
	c := m.captures[n]
	if c.length == capturePosition {
		return lua.LNumber(c.start + 1)
	}
	return lua.LString(m.text[c.start:][:c.length])
}

// pushCaptures pushes all captures, or the whole match if there are none and
// whole is set.
func (m *matcher) pushCaptures(L *lua.LState, start, end int, whole bool) int {
	n := len(m.captures)
	if n == 0 && whole {
		n = 1
	}
	for i := range n {
		L.Push(m.value(i, start, end))
	}
	return n
}

// from is a start position argument, from 1 or from the end, as an offset.
func from(position, length int) int {
	if position < 0 {
		position = max(length+position+1, 1)
	}
	return max(position, 1) - 1
}

func (s *State) stringFind(L *lua.LState) int {
	text, pattern := text(L, 1), text(L, 2)
	begin := min(from(integer(L, 3, 1), len(text)), len(text))
	if L.ToBool(4) || !strings.ContainsAny(pattern, "^$*+?.([%-") {
		s.charge(L, len(text)/8)
		at := strings.Index(text[begin:], pattern)
		if at < 0 {
			L.Push(lua.LNil)
			return 1
		}
		L.Push(lua.LNumber(begin + at + 1))
		L.Push(lua.LNumber(begin + at + len(pattern)))
		return 2
	}
	m := s.newMatcher(L, text, pattern)
	start, end, found := search(L, m, begin)
	if !found {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LNumber(start + 1))
	L.Push(lua.LNumber(end))
	return 2 + m.pushCaptures(L, start, end, false)
}

func (s *State) stringMatch(L *lua.LState) int {
	text, pattern := text(L, 1), text(L, 2)
	m := s.newMatcher(L, text, pattern)
	start, end, found := search(L, m, min(from(integer(L, 3, 1), len(text)), len(text)))
	if !found {
		L.Push(lua.LNil)
		return 1
	}
	return m.pushCaptures(L, start, end, true)
}

func (s *State) stringGmatch(L *lua.LState) int {
	text, pattern := text(L, 1), text(L, 2)
	at := 0 // beyond the end once all is found
	L.Push(L.NewFunction(func(L *lua.LState) int {
		m := s.newMatcher(L, text, pattern)
		m.plainCaret = true
		start, end, found := search(L, m, at)
		if !found {
			at = len(text) + 1
			L.Push(lua.LNil)
			return 1
		}
		at = end
		if end == start {
			at++
		}
		return m.pushCaptures(L, start, end, true)
	}))
	return 1
}

func (s *State) stringGsub(L *lua.LState) int {
	text, pattern := text(L, 1), text(L, 2)
	switch L.Get(3).Type() {
	case lua.LTString, lua.LTNumber, lua.LTTable, lua.LTFunction:
	default:
		argumentError(L, 3, "string/function/table expected")
	}
	most := integer(L, 4, len(text)+1)
	m := s.newMatcher(L, text, pattern)
	var out strings.Builder
	count, at := 0, 0
	for count < most && at <= len(text) {
		start, end, found := search(L, m, at)
		if !found {
			break
		}
		count++
		before := out.Len()
		out.WriteString(text[at:start])
		out.WriteString(s.replacement(L, m, start, end))
		at = end
		if end == start {
			out.WriteString(text[at:min(at+1, len(text))])
			at++
		}
		s.charge(L, (bounded(L, out.Len())-before)/bytesPerInstruction)
		if strings.HasPrefix(pattern, "^") {
			break
		}
	}
	bounded(L, out.Len()+len(text)-min(at, len(text)))
	out.WriteString(text[min(at, len(text)):])
	L.Push(lua.LString(out.String()))
	L.Push(lua.LNumber(count))
	return 2
}

// replacement is what gsub puts in a match's place.
func (s *State) replacement(L *lua.LState, m *matcher, start, end int) string {
	var value lua.LValue
	switch by := L.Get(3).(type) {
	case *lua.LTable:
		value = L.GetTable(by, m.value(0, start, end))
	case *lua.LFunction:
		L.Push(by)
		L.Call(m.pushCaptures(L, start, end, true), 1)
		value = L.Get(-1)
		L.Pop(1)
	default:
		return m.template(L, string(appendText(nil, by)), start, end)
	}
	switch value := value.(type) {
	case lua.LString, lua.LNumber:
		return string(appendText(nil, value))
	case *lua.LNilType:
		return m.text[start:end]
	case lua.LBool:
		if !value {
			return m.text[start:end]
		}
	}
	raiseHere(L, "invalid replacement value (a %s)", value.Type())
	return ""
}

// template fills in %0 to %9 and %%.
func (m *matcher) template(L *lua.LState, by string, start, end int) string {
	if strings.IndexByte(by, '%') < 0 {
		return by
	}
	var out strings.Builder
	for i := 0; i < len(by); i++ {
		if by[i] != '%' {
			out.WriteByte(by[i])
			continue
		}
		i++
		switch {
		case i < len(by) && by[i] == '0':
			out.WriteString(m.text[start:end])
		case i < len(by) && by[i] >= '1' && by[i] <= '9':
			n := int(by[i] - '1')
			if n >= max(len(m.captures), 1) {
				raiseHere(L, "invalid capture index %%%d", n+1)
			}
			out.WriteString(string(appendText(nil, m.value(n, start, end))))
		case i < len(by):
			out.WriteByte(by[i])
		default:
			raiseHere(L, "invalid use of '%%' in the replacement")
		}
		bounded(L, out.Len())
	}
	return out.String()
}
