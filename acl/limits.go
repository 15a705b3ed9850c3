package acl

// Limits of [Compile]. They are checked before anything reaches expr, whose parser
// has none: a million parentheses would overflow its stack and end the process.
const (
	// MaxSource is the maximum length of a pattern, in bytes. With the other limits it
	// bounds the time to compile one: some 10 ms for the worst, 0.1 ms for a usual one.
	MaxSource = 8 << 10

	// MaxDepth is the maximum nesting of brackets, parentheses and signs, which is
	// also that of messages.
	MaxDepth = 64

	// MaxNodes is the maximum number of literals, variables, lists, maps, operators and
	// calls of a pattern. It leaves room for a guard with a list of a thousand ids.
	MaxNodes = 2048

	// MaxGuards is the maximum number of guards of a pattern, each after its "when".
	// Each is compiled to an expr program.
	MaxGuards = 32

	// MaxName is the maximum length of a name, in bytes.
	MaxName = 64

	// maxDigits is the maximum length of a number: the 309 digits of a float64, and
	// room for separators.
	maxDigits = 400
)

// MaxSteps is the maximum number of steps of one match. One step is a comparison, 64 bytes
// of text, 8 bytes of a component, or an instruction of a guard. That is ten times what the
// largest message holds. A pattern that compares the same large value again and again exceeds
// it, and its match fails: see [Result].
const MaxSteps = 100_000
