package sandbox

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// Load compiles a source without running it. The error is an *[Error]. Two
// things differ from the stock compiler: concatenation is a bounded call, and
// no call is a tail call, because a yield in one loses its frame.
func (s *State) Load(source, chunk string) (fn *lua.LFunction, err error) {
	if err := CheckSource(source, chunk); err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil {
			fn, err = nil, &Error{File: chunk, Line: 1, Message: fmt.Sprint(r)}
		}
	}()
	statements, err := parse.Parse(strings.NewReader(source), chunk)
	if err != nil {
		return nil, syntaxError(err, source, chunk)
	}
	if err := rewriteSource(statements, chunk); err != nil {
		return nil, err
	}
	proto, err := lua.Compile(statements, chunk)
	if err != nil {
		return nil, compileError(err, chunk)
	}
	if err := s.link(proto); err != nil {
		return nil, err
	}
	return s.lua.NewFunctionFromProto(proto), nil
}

// syntaxError says where the parser stopped.
func syntaxError(err error, source, chunk string) error {
	var at *parse.Error
	if !errors.As(err, &at) {
		return &Error{File: chunk, Line: 1, Message: err.Error()}
	}
	e := &Error{File: chunk, Line: at.Pos.Line, Message: at.Message}
	if at.Token != "" {
		e.Message += fmt.Sprintf(" near %q", at.Token)
	}
	if at.Pos.Line == parse.EOF {
		e.Line, e.Message = 1+strings.Count(source, "\n"), at.Message+" at the end of the file"
	}
	if endsEarly(source, e.Line) {
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
	var at *lua.CompileError
	if errors.As(err, &at) {
		return &Error{File: chunk, Line: max(at.Line, 1), Message: at.Message}
	}
	return &Error{File: chunk, Line: 1, Message: err.Error()}
}

// opcodeShift is where an instruction has its opcode; argument C, the number
// of results plus one, is nine bits from bit 9.
const (
	opcodeShift    = 26
	argumentCShift = 9
	argumentC      = 0x1ff << argumentCShift
)

// maxUpvalues is how many locals of the functions around it a function may use:
// gopher-lua counts them in a byte, and does not check.
const maxUpvalues = 255

// link puts the concatenation function where rewriteSource left its mark, and
// turns tail calls into calls: a return of all results follows each.
func (s *State) link(proto *lua.FunctionProto) error {
	if n := len(proto.DbgUpvalues); n > maxUpvalues {
		return &Error{File: proto.SourceName, Line: proto.LineDefined,
			Message: fmt.Sprintf("the function uses %d locals from around it, %d are possible", n, maxUpvalues)}
	}
	for i, constant := range proto.Constants {
		if constant == lua.LString(concatMark) {
			proto.Constants[i] = s.concat
		}
	}
	for i := 0; i < len(proto.Code); i++ {
		switch inst := proto.Code[i]; int(inst >> opcodeShift) {
		case lua.OP_TAILCALL:
			proto.Code[i] = inst&(1<<opcodeShift-1)&^argumentC | uint32(lua.OP_CALL)<<opcodeShift
		case lua.OP_SETLIST:
			if inst&argumentC == 0 {
				i++ // the next word is a number, not an instruction
			}
		}
	}
	for _, inner := range proto.FunctionPrototypes {
		if err := s.link(inner); err != nil {
			return err
		}
	}
	return nil
}

// rewriteSource is rewriter over a whole chunk.
func rewriteSource(statements []ast.Stmt, chunk string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			refused, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			refused.File = chunk
			err = refused
		}
	}()
	(&rewriter{}).function(statements)
	return nil
}
