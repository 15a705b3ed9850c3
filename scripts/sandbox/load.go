package sandbox

import (
	"errors"
	"regexp"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/scripts/internal/bytecode"
	"github.com/loci-place/loci/scripts/internal/syntax"
)

// Load compiles a source without running it. The error is an *[Error].
func (s *State) Load(source, chunk string) (*lua.LFunction, error) {
	statements, err := syntax.Parse(source)
	if err != nil {
		return nil, syntaxError(err, source, chunk)
	}
	proto, err := bytecode.Compile(statements, chunk)
	if err != nil {
		return nil, compileError(err, chunk)
	}
	return s.lua.NewFunctionFromProto(proto), nil
}

// syntaxError says where the parser stopped.
func syntaxError(err error, source, chunk string) error {
	var at *syntax.Error
	if !errors.As(err, &at) {
		return &Error{File: chunk, Line: 1, Message: err.Error()}
	}
	e := &Error{File: chunk, Line: at.Line, Message: at.Message}
	if errors.Is(err, syntax.ErrLimit) {
		e.Cause = ErrSource
	} else if endsEarly(source, e.Line) {
		e.Message += "; a ]] ends a text that began with [[, write [=[ … ]=] around what has one in it"
	}
	return e
}

// A pattern in long brackets, and what in one is no end of them.
var (
	patternText = regexp.MustCompile(`\[\[\s*[\["%]`)
	innerEnd    = regexp.MustCompile(`[^\s\]]\]\]`)
)

// endsEarly guesses whether what is wrong at a line is a pattern of lists within lists
// whose own brackets have ended the text.
func endsEarly(source string, line int) bool {
	lines := strings.Split(source, "\n")
	lines = lines[max(0, line-2):min(line, len(lines))]
	return patternText.MatchString(source) && innerEnd.MatchString(strings.Join(lines, "\n"))
}

func compileError(err error, chunk string) error {
	var at *bytecode.Error
	if !errors.As(err, &at) {
		return &Error{File: chunk, Line: 1, Message: err.Error()}
	}
	return &Error{File: chunk, Line: at.Line, Message: at.Message, Cause: ErrSource}
}
