package acl

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error says where a pattern does not compile, why, and what to write instead.
type Error struct {
	File    string // as given to [At], may be empty
	Line    int    // from 1, or from the line given to [At]
	Column  int    // from 1, in characters
	Message string
	Snippet string // the line of source with a caret under the spot; may be empty
}

// Error renders the error as an editor or terminal can show it:
//
//	acl.lua:3:44: unknown function ownr: did you mean owner?
//	 | ["interaction", _, From, _, _, [_, E]] when ownr(E) == From
//	 | ............................................^
func (e *Error) Error() string {
	file := e.File
	if file == "" {
		file = "pattern"
	}
	text := fmt.Sprintf("%s:%d:%d: %s", file, e.Line, e.Column, e.Message)
	if e.Snippet != "" {
		text += "\n" + e.Snippet
	}
	return text
}

// source is the text of a pattern and its position.
type source struct {
	text string
	file string
	line int // of the first line
}

// errorAt makes an error about the byte at offset.
func (s *source) errorAt(offset int, format string, args ...any) *Error {
	offset = min(offset, len(s.text))
	before := s.text[:offset]
	start := strings.LastIndexByte(before, '\n') + 1
	line, _, _ := strings.Cut(s.text[start:], "\n")
	column := utf8.RuneCountInString(before[start:])
	return &Error{
		File:    s.file,
		Line:    s.line + strings.Count(before, "\n"),
		Column:  column + 1,
		Message: fmt.Sprintf(format, args...),
		Snippet: snippet(line, column),
	}
}

// snippetWidth is the number of characters of a long line that an error shows.
const snippetWidth = 76

// snippet shows the line, or the part of it around the column (from 0), with a
// caret below.
func snippet(line string, column int) string {
	runes := []rune(strings.TrimRight(line, "\r"))
	for i, r := range runes {
		if r < ' ' || r == 0x7f {
			runes[i] = ' ' // a tab would move the caret, an escape the terminal
		}
	}
	from := 0
	if len(runes) > snippetWidth {
		from = max(0, min(column-snippetWidth/2, len(runes)-snippetWidth))
		runes = runes[from : from+snippetWidth]
	}
	return " | " + string(runes) + "\n | " + strings.Repeat(".", column-from) + "^"
}
