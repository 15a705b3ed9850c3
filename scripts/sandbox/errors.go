package sandbox

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Why a call failed where it was not the script's own error.
var (
	// ErrCallBudget: the call used more than its [Budget] and was cut off.
	ErrCallBudget = errors.New("over the budget of one call, cut off")
	// ErrMemory: the heap grew by more than the [Budget]'s memory in the call.
	ErrMemory = errors.New("over the memory of one call, cut off")
	// ErrBroken: the interpreter itself failed. The state answers every call
	// with this and has to be replaced.
	ErrBroken = errors.New("the script state is broken")
	// ErrSource: the source is too long or nested too deep to be parsed.
	ErrSource = errors.New("source refused")
	// ErrPlain: a value that has no plain-data form, or is too large.
	ErrPlain = errors.New("not plain data")
)

// maxMessage is how much of an error's message is kept, in bytes. Scripts may
// throw a string of any length.
const maxMessage = 4096

// Error is what a script failed with.
type Error struct {
	File      string // the chunk's name, "" where unknown
	Line      int    // from 1, 0 where unknown
	Function  string // as the caller names it: "function 'open'", "main chunk"
	Message   string // without file and line, 4 KB of it at most
	Traceback string // one frame per line, innermost first; may be ""
	Cause     error  // one of this package's errors, or nil for the script's own
}

// Error gives "file:line: message".
func (e *Error) Error() string {
	if e.File == "" {
		return e.Message
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message)
}

// Unwrap returns the cause, for errors.Is.
func (e *Error) Unwrap() error { return e.Cause }

// newError makes an Error of the value and the traceback that Lua threw.
func newError(value lua.LValue, trace string, cause error) *Error {
	e := &Error{Message: thrown(value), Cause: cause}
	if len(e.Message) > maxMessage {
		e.Message = strings.ToValidUTF8(e.Message[:maxMessage], "") + "…"
	}
	e.File, e.Line, e.Message = splitPosition(e.Message)
	for line := range strings.Lines(trace) {
		where, function, ok := strings.Cut(strings.TrimSpace(line), ": in ")
		if !ok || where == "[G]" {
			continue
		}
		e.Traceback += where + ": " + strings.TrimSpace(function) + "\n"
		if e.Function == "" {
			e.Function = strings.TrimSpace(function)
			if e.File == "" {
				e.File, e.Line, _ = splitPosition(where + ": ")
			}
		}
	}
	e.Traceback = strings.TrimSuffix(e.Traceback, "\n")
	return e
}

// thrown is a thrown value as text. A table's __tostring is not asked: it would
// run code after the call.
func thrown(value lua.LValue) string {
	if t, ok := value.(*lua.LTable); ok {
		if text, ok := t.RawGetString("message").(lua.LString); ok {
			return string(text)
		}
		return "error is a table without a message"
	}
	if n, ok := value.(lua.LNumber); ok {
		return string(appendNumber(nil, n))
	}
	return value.String()
}

// splitPosition takes "file:line: message" apart. Files may have colons.
func splitPosition(text string) (file string, line int, message string) {
	for from := 0; ; {
		colon := strings.IndexByte(text[from:], ':')
		if colon < 0 || strings.IndexByte(text[from:from+colon], '\n') >= 0 {
			return "", 0, text
		}
		colon += from
		digits := colon + 1
		for digits < len(text) && text[digits] >= '0' && text[digits] <= '9' {
			digits++
		}
		if rest := text[digits:]; digits > colon+1 && strings.HasPrefix(rest, ":") {
			line, err := strconv.Atoi(text[colon+1 : digits])
			if err == nil {
				return text[:colon], line, strings.TrimLeft(rest[1:], " ")
			}
		}
		from = colon + 1
	}
}
