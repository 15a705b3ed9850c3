package sandbox

import "fmt"

// CheckSource refuses a source that is longer than [MaxSource] or nests deeper
// than [MaxNesting], with chunk:line in the error, before a parser sees it.
// What is not Lua at all passes: the parser says what is wrong with it.
func CheckSource(source, chunk string) error {
	if len(source) > MaxSource {
		return &Error{File: chunk, Line: 1, Cause: ErrSource,
			Message: fmt.Sprintf("the source has %d bytes, %d are allowed", len(source), MaxSource)}
	}
	sc := scanner{source: source, line: 1}
	for sc.at < len(source) {
		sc.token()
		if sc.depth+sc.unary > MaxNesting {
			return &Error{File: chunk, Line: sc.line, Cause: ErrSource,
				Message: fmt.Sprintf("nested deeper than %d", MaxNesting)}
		}
	}
	return nil
}

// scanner walks over Lua's tokens, as far as brackets, blocks and unary
// operators need it.
type scanner struct {
	source string
	at     int
	line   int
	depth  int // open brackets and blocks
	unary  int // operators in a row that can be unary
}

// token passes one token, comment or run of white space.
func (sc *scanner) token() {
	switch c := sc.source[sc.at]; {
	case c == '\n':
		sc.line++
		sc.at++
	case c == ' ' || c == '\t' || c == '\r':
		sc.at++
	case c == '-' && sc.next(1) == '-':
		sc.at += 2
		if !sc.long() {
			for sc.at < len(sc.source) && sc.source[sc.at] != '\n' {
				sc.at++
			}
		}
	case c == '-' || c == '#':
		sc.unary++
		sc.at++
	case c == '[' && sc.long():
		sc.unary = 0
	case c == '"' || c == '\'':
		sc.unary = 0
		sc.quoted(c)
	case isName(c):
		sc.name()
	default:
		sc.bracket(c)
	}
}

func (sc *scanner) bracket(c byte) {
	switch c {
	case '(', '[', '{':
		sc.depth += 1 + sc.unary
	case ')', ']', '}':
		sc.depth--
	}
	sc.unary = 0
	sc.at++
}

// name passes a name, keyword or number.
func (sc *scanner) name() {
	begin := sc.at
	for sc.at < len(sc.source) && isName(sc.source[sc.at]) {
		sc.at++
	}
	switch sc.source[begin:sc.at] {
	case "not":
		sc.unary++
		return
	// "while" and "for" open with their "do".
	case "function", "do", "if", "repeat":
		sc.depth++
	case "end", "until":
		sc.depth--
	}
	sc.unary = 0
}

func (sc *scanner) quoted(quote byte) {
	for sc.at++; sc.at < len(sc.source); sc.at++ {
		switch sc.source[sc.at] {
		case '\\':
			sc.at++
			if sc.at < len(sc.source) && sc.source[sc.at] == '\n' {
				sc.line++
			}
		case '\n':
			return
		case quote:
			sc.at++
			return
		}
	}
	sc.at = len(sc.source)
}

// long passes a long bracket, [[ ]] or [==[ ]==], if one begins here.
func (sc *scanner) long() bool {
	if sc.next(0) != '[' {
		return false
	}
	level := 1
	for sc.next(level) == '=' {
		level++
	}
	if sc.next(level) != '[' {
		return false
	}
	for sc.at += level + 1; sc.at < len(sc.source); sc.at++ {
		switch sc.source[sc.at] {
		case '\n':
			sc.line++
		case ']':
			same := 1
			for same < level && sc.next(same) == '=' {
				same++
			}
			if same == level && sc.next(level) == ']' {
				sc.at += level + 1
				return true
			}
		}
	}
	return true
}

// next is the byte n after the present one, or 0.
func (sc *scanner) next(n int) byte {
	if sc.at+n < len(sc.source) {
		return sc.source[sc.at+n]
	}
	return 0
}

func isName(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
