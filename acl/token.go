package acl

// tokenKind sorts tokens by what a parser does with them.
type tokenKind uint8

const (
	tokenEnd      tokenKind = iota
	tokenName               // a variable, a function or a word such as when
	tokenText               // "…", value holds the string
	tokenNumber             // value holds a float64
	tokenAtom               // :name, value holds true, false, nil or a string
	tokenKey                // name: or "name": in a map, value holds the string
	tokenOperator           // anything else
)

// token is one word of a pattern. Text is as written.
type token struct {
	kind  tokenKind
	at    int // offset of its first byte
	text  string
	value any
}

// is reports whether the token is this operator, bracket or word.
func (t token) is(text string) bool {
	return t.text == text && (t.kind == tokenOperator || t.kind == tokenName)
}

// isWhen reports whether a guard begins after the token.
func (t token) isWhen() bool { return t.is("when") || t.is("where") }

// operators are all that begin no other token, the longer before the shorter.
// Many are only known to be told apart from the ones there are: see insteadOf.
var operators = []string{
	"===", "!==", "&&&", "|||", "<<<", ">>>", "...", "^^^", "~~~",
	"==", "!=", "=~", "<=", ">=", "<>", "<-", "<<", ">>", "&&", "||", "|>", "->",
	"=>", "++", "--", "..", "**", "::", `\\`, "%{",
	"[", "]", "(", ")", "{", "}", ",", "|", "=", "<", ">", "+", "-", "*", "/", ".",
	"!", "^", "&", ":", "~", "@", ";", "%", "?", "'", "$", "`", `\`,
}
